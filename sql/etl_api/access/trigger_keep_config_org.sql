-- A row never moves to another org, because other rows name it. By row, but the condition lets no row through that
-- does not try.

drop trigger if exists keep_config_org on public.object_type;
create trigger keep_config_org
  before update of org_id on public.object_type
  for each row
  when (old.org_id is distinct from new.org_id)
  execute function etl_api.keep_config_org();
comment on trigger keep_config_org on public.object_type is
  'A row never moves to another org.';

drop trigger if exists keep_config_org on public.datapoint;
create trigger keep_config_org
  before update of org_id on public.datapoint
  for each row
  when (old.org_id is distinct from new.org_id)
  execute function etl_api.keep_config_org();
comment on trigger keep_config_org on public.datapoint is
  'A row never moves to another org.';

drop trigger if exists keep_config_org on public.source;
create trigger keep_config_org
  before update of org_id on public.source
  for each row
  when (old.org_id is distinct from new.org_id)
  execute function etl_api.keep_config_org();
comment on trigger keep_config_org on public.source is
  'A row never moves to another org.';

drop trigger if exists keep_config_org on public.object_source;
create trigger keep_config_org
  before update of org_id on public.object_source
  for each row
  when (old.org_id is distinct from new.org_id)
  execute function etl_api.keep_config_org();
comment on trigger keep_config_org on public.object_source is
  'A row never moves to another org.';

drop trigger if exists keep_config_org on public.datapoint_source;
create trigger keep_config_org
  before update of org_id on public.datapoint_source
  for each row
  when (old.org_id is distinct from new.org_id)
  execute function etl_api.keep_config_org();
comment on trigger keep_config_org on public.datapoint_source is
  'A row never moves to another org.';

drop trigger if exists keep_config_org on public.activity;
create trigger keep_config_org
  before update of org_id on public.activity
  for each row
  when (old.org_id is distinct from new.org_id)
  execute function etl_api.keep_config_org();
comment on trigger keep_config_org on public.activity is
  'A row never moves to another org.';

drop trigger if exists keep_config_org on public.factor;
create trigger keep_config_org
  before update of org_id on public.factor
  for each row
  when (old.org_id is distinct from new.org_id)
  execute function etl_api.keep_config_org();
comment on trigger keep_config_org on public.factor is
  'A row never moves to another org.';
