"""Who is asking.

models/            users, wallets, keys, tokens, browser sessions, sign-in links, attempts
credentials        an Authorization header, read: a key's digest or a token's user
authentication     a header → Caller, for async code; rest/ and ninja_api for the two frameworks
access_tokens      JSON web tokens, and the pairs that sign-in gives
secret_hashing     secrets are shown once and kept as SHA-256
sessions           browser sessions, with whose they are
sockets            the user of a WebSocket, by the same session
second_factor/     authenticator app, passkeys, recovery codes
signing_in         from a first proof, by way of the second, to a session
reauthentication   what a session has shown of its user, and when
backends           email and password, behind lockout
lockout            after wrong passwords
limits             how often who may do what
hashers            password hashing, few at once
links              the one mailed link, which proves an address
mail               one mail, from a template
wallet             EIP-4361 messages and who signed them
wallet_sign_in     a signed message → a user
saved_filters      the filters that staff keep of their lists
addresses          where a request comes from, behind proxies or not
api/               /v1/auth: sign-in, me, keys
pages/             the browser's side: signing up and in, proof, passwords, sessions
staff_site         the way into the staff admin: our own sign-in, and a second factor
staff_site_app     names that one to Django
admin              staff's side: users, keys, what they may do
forms              email and password, as pages and admin ask for them
lookup             finds users by email, id or wallet
rights             the permissions that do something here
logged             what staff did, and from which address
pruning            what is over is removed

Nothing here knows of money or models.
"""
