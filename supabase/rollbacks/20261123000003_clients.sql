-- The way back from 20261123000003_clients.sql.

drop table etl_api.client_upload;
drop table etl_api.client_count_delta;
drop table public.client_data;
drop table public.client_schema_versions;
drop table public.client_schemas;
drop table public.clients;
drop function etl_api.follow_client_data_client_id();
drop function etl_api.check_client_data_client_id();
