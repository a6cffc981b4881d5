-- The way back from 20261122000003_audit.sql.

drop index etl_api.alert_rule_id_idx;
drop index public.factor_org_id_idx;
drop index public.datapoint_source_org_id_idx;
drop index public.object_source_org_id_idx;
drop type etl_api.audit_change;
drop table etl_api.audit_head;
drop table etl_api.audit_log;
