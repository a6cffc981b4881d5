/** What the demo reads of the engine while it works and afterwards. Nothing here changes anything. */
import type pg from "pg";

type Client = Pick<pg.ClientBase, "query">;

/** One activity of the workflow. */
export interface ActivityProgress {
  key: string;
  type: string;
  phase: number;
  state: string;
  substate: string | null;
  /** What the objects are. */
  object_type: string;
  /** Objects it results in so far. */
  objects: number;
  /** Names of the sources, in the order they are asked. */
  sources: string[];
  /** Number of runs by state. */
  runs: Record<string, number>;
}

/** How far the workflow is. */
export interface Progress {
  state: string;
  substate: string | null;
  phase: number | null;
  phases: number | null;
  percent: number;
  /** Seconds it is likely to take on; null when nobody knows. */
  eta: number | null;
  errors: { path: string; message: string }[] | null;
  activities: ActivityProgress[];
  /** Number of messages by state. */
  deliveries: Record<string, number>;
}

/** How far a workflow is, by `etl_api.workflow_progress`. */
export async function readProgress(client: Client, workflowId: string): Promise<Progress> {
  const { rows: workflows } = await client.query<Omit<Progress, "activities">>(
    `select p.state, p.state_substate as substate, p.phase, p.phase_count as phases, p.percent::float8 as percent,
       extract(epoch from p.eta)::float8 as eta, w.errors, p.deliveries
     from etl_api.workflow_progress as p
     join public.workflow_request as w on w.id = p.workflow_request_id and w.replay = 0
     where p.workflow_request_id = $1`,
    [workflowId],
  );
  const { rows: activities } = await client.query<ActivityProgress>(
    `select a.activity_key as key, a.activity_type as type, a.workflow_phase as phase, a.state,
       a.state_substate as substate, t.name as object_type,
       (select count(*)::int
        from public.activity_object as o
        where o.activity_request_id = a.id
          and o.role = a.result_role) as objects,
       array(select s.name
        from unnest(a.source_ids) with ordinality as i (id, place)
        join public.source as s on s.id = i.id
        order by i.place) as sources,
       coalesce((select jsonb_object_agg(r.state, r.number)
        from (
          select q.state, count(*) as number
          from public.run_queue as q
          where q.activity_request_id = a.id
          group by q.state) as r), '{}') as runs
     from public.activity_request as a
     join public.object_type as t on t.id = a.object_type_id
     where a.workflow_request_id = $1
     order by a.workflow_phase, a.started_at nulls last, a.id`,
    [workflowId],
  );
  return { ...workflows[0]!, activities };
}

/** Something that failed and was tried again. */
export interface Retry {
  /** Milliseconds since the epoch. */
  at: number;
  /** A source's name, or the event of a message. */
  what: string;
  kind: "request" | "message";
  /** Why, in words. */
  reason: string;
  /** Seconds until the next attempt; null when there was none yet. */
  after: number | null;
  /** How it stands now. */
  state: string;
}

/** What failed and was tried again, by the history of states. */
export async function readRetries(client: Client, orgId: string): Promise<Retry[]> {
  const { rows } = await client.query<Retry>(
    `select (extract(epoch from h.at) * 1000)::float8 as at,
       coalesce(s.name, d.event_type) as what,
       case when d.id is null then 'request' else 'message' end as kind,
       coalesce(h.reason, h.substate) as reason,
       extract(epoch from again.at - h.at)::float8 as after,
       coalesce(r.state::text, d.state::text) as state
     from etl_api.state_history as h
     left join public.run_request as r on r.id = h.entity_id and h.entity = 'run_request'
     left join public.source as s on s.id = r.source_id
     left join public.delivery as d on d.id = h.entity_id and h.entity = 'delivery'
     left join lateral (
       select n.at
       from etl_api.state_history as n
       where n.entity_id = h.entity_id
         and n.seq > h.seq
         and n.to_state = 'in_progress'
       order by n.seq
       limit 1) as again on true
     where h.org_id = $1
       and h.entity in ('run_request', 'delivery')
       and (h.to_state, h.substate) in (('waiting', 'backoff'), ('ready', 'lease_expired'))
     order by h.seq`,
    [orgId],
  );
  return rows;
}

/** How many values of a datapoint a source gave. */
export interface Origin {
  object_type: string;
  datapoint: string;
  /** Objects of that type about which nobody said it. */
  missing: number;
  /** Values by source; two sources may have given the same. */
  sources: Record<string, number>;
}

/** Where the values came from. */
export async function readOrigins(client: Client, orgId: string): Promise<Origin[]> {
  const { rows } = await client.query<Origin>(
    `select t.name as object_type, d.name as datapoint,
       (select count(*)::int
        from public.object as o
        where o.object_type_id = t.id
          and o.org_id = $1
          and not exists (
            select 1
            from public.value as v
            where v.object_id = o.id
              and v.datapoint_id = d.id)) as missing,
       coalesce((select jsonb_object_agg(v.name, v.number)
        from (
          select coalesce(s.name, 'input') as name, count(*) as number
          from public.value as v
          left join public.source as s on s.id = v.source_id
          where v.datapoint_id = d.id
            and v.org_id = $1
          group by 1) as v), '{}') as sources
     from public.datapoint as d
     join public.object_type as t on t.id = d.object_type_id
     where d.org_id = $1
     order by t.name, d.created_at, d.name`,
    [orgId],
  );
  return rows;
}

/** One source: how far it is trusted and how much it was asked. */
export interface SourceUse {
  name: string;
  confidence: number;
  /** HTTP requests sent, every attempt counted. */
  requests: number;
  /** Objects (or searches) it was asked about. */
  runs: number;
}

/** How much each source was asked. */
export async function readSources(client: Client, orgId: string): Promise<SourceUse[]> {
  const { rows } = await client.query<SourceUse>(
    `select s.name,
       (select max(ds.confidence)::float8 from public.datapoint_source as ds where ds.source_id = s.id) as confidence,
       (select count(*)::int
        from public.run_request as r
        join public.run_response as a on a.run_request_id = r.id
        where r.source_id = s.id) as requests,
       (select count(*)::int from public.run_queue as q where q.source_id = s.id) as runs
     from public.source as s
     where s.org_id = $1
     order by s.created_at, s.name`,
    [orgId],
  );
  return rows;
}

/** What there is in the database after all. */
export interface Totals {
  objects: Record<string, number>;
  values: number;
  /** Ids of the messages by their state. */
  deliveries: { webhook_id: string; event_type: string; state: string; attempts: number; error: unknown }[];
}

/** Counts what the tenant has. */
export async function readTotals(client: Client, orgId: string): Promise<Totals> {
  const { rows } = await client.query<Totals>(
    `select
       coalesce((select jsonb_object_agg(o.name, o.number)
        from (
          select t.name, count(*) as number
          from public.object as o
          join public.object_type as t on t.id = o.object_type_id
          where o.org_id = $1
          group by t.name) as o), '{}') as objects,
       (select count(*)::int from public.value as v where v.org_id = $1) as values,
       coalesce((select jsonb_agg(jsonb_build_object(
           'webhook_id', 'msg_' || replace(d.id::text, '-', ''), 'event_type', d.event_type, 'state', d.state,
           'attempts', d.attempts, 'error', d.error) order by d.created_at, d.activity_request_id is null, d.id)
        from public.delivery as d
        where d.org_id = $1), '[]') as deliveries`,
    [orgId],
  );
  return rows[0]!;
}

/** What is not over, or ended badly, and why: one sentence each. */
export async function readTrouble(client: Client, orgId: string): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(
    `select line
     from (
       select 1 as place, format('workflow is %s%s%s', w.state, ' (' || w.state_substate || ')',
           ': ' || (w.errors -> 0 ->> 'message')) as line
       from public.workflow_request as w
       where w.org_id = $1 and w.replay = 0 and w.state <> 'delivered'
       union all
       select 2, format('activity %s is %s%s%s', a.activity_key, a.state, ' (' || a.state_substate || ')',
           ': ' || (a.errors -> 0 ->> 'message'))
       from public.activity_request as a
       where a.org_id = $1 and a.state <> 'delivered'
       union all
       select 3, format('%s runs of %s are %s%s%s', count(*), s.name, q.state, ' (' || q.state_substate || ')',
           ': ' || (q.error ->> 'message'))
       from public.run_queue as q
       join public.source as s on s.id = q.source_id
       where q.org_id = $1 and q.state <> 'done'
       group by s.name, q.state, q.state_substate, q.error ->> 'message'
       union all
       select 4, format('%s %s requests to %s are %s%s, due %s%s', count(*), r.kind, s.name, r.state,
           ' (' || r.state_substate || ')', min(r.due_at), ': ' || (r.error ->> 'message'))
       from public.run_request as r
       join public.source as s on s.id = r.source_id
       where r.org_id = $1 and r.state <> 'done'
       group by r.kind, s.name, r.state, r.state_substate, r.error ->> 'message'
       union all
       select 5, format('message %s is %s%s after %s attempts, due %s%s', d.event_type, d.state,
           ' (' || d.state_substate || ')', d.attempts, d.due_at, ': ' || (d.error ->> 'message'))
       from public.delivery as d
       where d.org_id = $1 and d.state <> 'delivered'
       union all
       select 6, format('log, %s: %s', l.station, l.message)
       from (
         select *
         from etl_api.etl_log
         -- A warning is of what was tried again.
         where level = 'error'
           and at >= (select o.created_at from public.org as o where o.id = $1)
         order by id desc
         limit 5) as l
     ) as lines
     order by place`,
    [orgId],
  );
  return rows.map(({ line }) => line);
}
