-- Run once by the image of PostgreSQL, where the volume is empty: a database for MLflow, and a user that may only read.
CREATE DATABASE mlflow;

\getenv reader_password HEADROOM_READER_PASSWORD
CREATE ROLE reader LOGIN PASSWORD :'reader_password';
CREATE SCHEMA IF NOT EXISTS headroom_keys;
GRANT USAGE ON SCHEMA public, headroom_keys TO reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public, headroom_keys TO reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public, headroom_keys GRANT SELECT ON TABLES TO reader;
