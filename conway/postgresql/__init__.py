"""Django's PostgreSQL backend, connected to the embedded server where no DATABASE_URL names another."""
