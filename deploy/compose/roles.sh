#!/bin/sh
# Run once by PostgreSQL's image: the second of the two roles (docs/operations.md).
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 \
    --set password="$(cat /run/secrets/application_password)" <<'SQL'
CREATE ROLE conway_app LOGIN PASSWORD :'password';
SQL
