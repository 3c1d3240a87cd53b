"""Django's PostgreSQL backend, connected to the embedded server where no DATABASE_URL names another.

base     the connection: the embedded server is started by the first
shares   pages that are stuck leave the API its connections, and the other way round
"""
