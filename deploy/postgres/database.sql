-- What PostgreSQL's image runs with psql when it makes a data directory: the service's login and its database.
-- The login is no superuser. It may make roles, of which DATABASE_ROW_SECURITY needs one.
\getenv password POSTGRES_PASSWORD
CREATE ROLE donebook LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE donebook OWNER donebook;
-- The superuser had the same password. From now on it comes in from within the container alone.
ALTER ROLE CURRENT_USER PASSWORD NULL;
