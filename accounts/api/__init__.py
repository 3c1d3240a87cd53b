"""/v1/auth, by REST framework.

sign_in        a wallet's signature, or a refresh token, for a pair of tokens
sign_in_link   a wallet's way into a browser: a link that works once
me             who is asking
keys           API keys: made, listed, changed, revoked
"""
