-- The way back from 20261123000001_landing.sql.

drop table etl_api.schema_change;
