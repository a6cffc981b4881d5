-- The engine's own tables.

drop policy if exists members_read on etl_api.state_step;
create policy members_read on etl_api.state_step
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.state_step is 'Members read the history of their orgs'' rows.';

drop policy if exists members_read on etl_api.etl_log;
create policy members_read on etl_api.etl_log
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.etl_log is 'Members read what the engine logged of their orgs.';

drop policy if exists everybody_reads on etl_api.state_transition;
create policy everybody_reads on etl_api.state_transition
  for select to authenticated
  using (true);
comment on policy everybody_reads on etl_api.state_transition is 'The allowed steps are no secret.';

drop policy if exists everybody_reads on etl_api.table_reference;
create policy everybody_reads on etl_api.table_reference
  for select to authenticated
  using (true);
comment on policy everybody_reads on etl_api.table_reference is 'What refers to what is no secret.';

drop policy if exists nobody on etl_api.state_step_default;
create policy nobody on etl_api.state_step_default
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.state_step_default is 'History is read through etl_api.state_history.';

drop policy if exists members_read on etl_api.advance_queue;
create policy members_read on etl_api.advance_queue
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.advance_queue is 'Members read the rows of their orgs.';

-- The rest is the operator's: the views need to know what counts as stuck.
drop policy if exists everybody_reads_times on etl_api.setting;
create policy everybody_reads_times on etl_api.setting
  for select to authenticated
  using (name = 'stuck_after_seconds');
comment on policy everybody_reads_times on etl_api.setting is 'What counts as stuck is no secret; the rest is the operator''s.';

drop policy if exists nobody on etl_api.request_key;
create policy nobody on etl_api.request_key
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.request_key is 'Of no use to a user: the engine and its operator only.';

drop policy if exists members_read on etl_api.state_count;
create policy members_read on etl_api.state_count
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.state_count is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.state_duration;
create policy members_read on etl_api.state_duration
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.state_duration is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.traffic;
create policy members_read on etl_api.traffic
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.traffic is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.traffic_last;
create policy members_read on etl_api.traffic_last
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.traffic_last is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.usage_day;
create policy members_read on etl_api.usage_day
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.usage_day is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.usage_month;
create policy members_read on etl_api.usage_month
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.usage_month is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.alert;
create policy members_read on etl_api.alert
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.alert is 'Members read the rows of their orgs.';

-- How much of a shared source is used up would tell of other tenants.
drop policy if exists members_read on etl_api.source_window;
create policy members_read on etl_api.source_window
  for select to authenticated
  using (source_id = any (array(
    select s.id
    from public.source as s
    where s.org_id = any (array(select etl_api.my_orgs())))));
comment on policy members_read on etl_api.source_window is 'Members read the use of their orgs'' own sources.';

drop policy if exists nobody on etl_api.source_turn;
create policy nobody on etl_api.source_turn
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.source_turn is 'Of no use to a user: the engine and its operator only.';

drop policy if exists members_read on etl_api.budget_used;
create policy members_read on etl_api.budget_used
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.budget_used is 'Members read what their orgs have spent.';

drop policy if exists everybody_reads on etl_api.roll_up_mark;
create policy everybody_reads on etl_api.roll_up_mark
  for select to authenticated
  using (true);
comment on policy everybody_reads on etl_api.roll_up_mark is 'The views add what lies behind the mark; it is no secret.';

drop policy if exists members_read on etl_api.org_count_delta;
create policy members_read on etl_api.org_count_delta
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.org_count_delta is 'Members read what is still to be added to their orgs'' counters.';

drop policy if exists members_read on etl_api.data_quality_month;
create policy members_read on etl_api.data_quality_month
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.data_quality_month is 'Members read the rows of their orgs.';

drop policy if exists nobody on etl_api.data_quality_mark;
create policy nobody on etl_api.data_quality_mark
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.data_quality_mark is 'Of no use to a user: the engine and its operator only.';

drop policy if exists members_read on etl_api.delivery_lane;
create policy members_read on etl_api.delivery_lane
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.delivery_lane is 'Members read the rows of their orgs.';
