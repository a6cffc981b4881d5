-- The way back from 20261123000002_records.sql.

drop type etl_api.generated_record;
drop table public.ai_generation_events;
drop table public.ai_generated_records;
drop table public.records;
drop table public.ai_generation_jobs;
drop table public.table_statuses;
drop table public.table_columns;
drop table public.tables;
drop function etl_api.follow_ai_generated_records_job_id();
drop function etl_api.check_ai_generated_records_job_id();
drop function etl_api.follow_records_table_id();
drop function etl_api.check_records_table_id();
