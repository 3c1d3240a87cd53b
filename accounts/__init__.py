"""Who is asking.

    digest          secrets are shown once and kept as SHA-256
    models/         User, WalletAddress, ApiKey, Nonce, RefreshToken, SignInLink
    errors          the one shape of every error under /v1
    credentials     an Authorization header, read: a key's digest or a token's user
    authentication  a header -> Caller, for async code, REST framework and ninja
    tokens          access tokens (JWT) and the pairs that sign-in gives
    wallet          EIP-4361 messages and who signed them
    database        the inference path's way to the database; database_roles: in which role, with which rights;
                    lending: Django's connections are given back while others are waited for
    outbox          mail, after the answer
    api/            /v1/auth: sign-in, me, keys
    pages           the browser's side: the one-time sign-in link

Nothing here knows of money or models.
"""
