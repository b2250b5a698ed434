#!/bin/sh
# After database.sql, as a superuser: the passwords of its two roles, from the environment. psql
# quotes them; they stand in no command line.
set -eu
psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv owner WMTP_PASSWORD
\getenv reader WMTP_READER_PASSWORD
ALTER ROLE wmtp PASSWORD :'owner';
ALTER ROLE wmtp_reader PASSWORD :'reader';
SQL
