"""Who is asking.

    digest          secrets are shown once and kept as SHA-256
    models/         User, WalletAddress, ApiKey, Nonce, RefreshToken, SignInLink, BrowserSession, Attempts
    addresses       where a request comes from, behind proxies or not
    errors          the one shape of every error under /v1
    credentials     an Authorization header, read: a key's digest or a token's user
    authentication  a header -> Caller, for async code, REST framework and ninja
    tokens          access tokens (JWT) and the pairs that sign-in gives
    sessions        browser sessions, with whose they are; reauthentication: what a session has shown, and when
    backends        email and password, behind lockout, limits (how often who may do what) and hashers (few at once)
    links, mail     the one mailed link, which proves an address
    wallet          EIP-4361 messages and who signed them
    database        the inference path's way to the database; database_roles: in which role, with which rights;
                    lending: Django's connections are given back while others are waited for
    outbox          mail, after the answer
    api/            /v1/auth: sign-in, me, keys
    pages/          the browser's side: signing up and in, proof, passwords, sessions
    pruning         what is over is removed

Nothing here knows of money or models.
"""
