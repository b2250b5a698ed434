-- Once, as a superuser: psql -v ON_ERROR_STOP=1 -f deploy/team/database.sql
-- wmtp owns the record and makes its tables; wmtp_reader reads them, and cannot write.
CREATE ROLE wmtp LOGIN;
CREATE ROLE wmtp_reader LOGIN;
CREATE DATABASE wmtp OWNER wmtp;
\connect wmtp
REVOKE CONNECT, TEMPORARY ON DATABASE wmtp FROM PUBLIC;
GRANT CONNECT ON DATABASE wmtp TO wmtp_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE wmtp GRANT SELECT ON TABLES TO wmtp_reader;
