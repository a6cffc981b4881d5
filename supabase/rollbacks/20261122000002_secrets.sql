-- The way back from 20261122000002_secrets.sql.

drop table etl_api.secret;
