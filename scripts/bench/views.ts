/**
 * The views people watch the engine by, on a database with a million finished requests and some open ones, for the
 * operator and for a member under row-level security.
 */
import pg from "pg";
import type { Bench, Figure } from "./bench.ts";

/** What is asked of each view: the way people ask. */
export const questions: { name: string; sql: string }[] = [
  { name: "state_overview", sql: "select * from etl_api.state_overview" },
  {
    name: "workflow_progress of one",
    sql: "select * from etl_api.workflow_progress where workflow_request_id = $1",
  },
  {
    name: "workflow_progress, newest 100",
    sql: "select * from etl_api.workflow_progress order by created_at desc limit 100",
  },
  {
    name: "workflow_progress, open",
    sql: "select * from etl_api.workflow_progress where is_open order by created_at limit 100",
  },
  { name: "stuck", sql: "select * from etl_api.stuck" },
  { name: "source_health", sql: "select * from etl_api.source_health" },
  { name: "delivery_health", sql: "select * from etl_api.delivery_health" },
  { name: "state_durations", sql: "select * from etl_api.state_durations" },
  { name: "queue_depth", sql: "select * from etl_api.queue_depth" },
  { name: "org_usage_monthly", sql: "select * from etl_api.org_usage_monthly" },
];

/** A member of the tenant that has half of the requests. */
export const member = "00000000-0000-4000-8000-0000000000ff";

/**
 * Fills a database with requests of the last thirty days, past the triggers: all have ended but one in a thousand, and
 * the summaries say what the triggers and roll-ups would have left. Needs a superuser.
 */
export async function fill(
  client: pg.Client | pg.PoolClient,
  n: number,
  progress: (text: string) => void = () => {},
): Promise<void> {
  await client.query("set session_replication_role = replica");
  await client.query(`
    insert into public.org (id, name, slug)
    select ('00000000-0000-4000-8000-' || lpad(g::text, 12, '0'))::uuid, 'Tenant ' || g, 'tenant-' || g
    from generate_series(0, 9) as g;
    insert into public.org_member (org_id, user_id, role)
    values ('00000000-0000-4000-8000-000000000000', '${member}', 'viewer');
    insert into public.object_type (id, name, key_datapoints)
    values ('00000000-0000-4000-8000-000000000100', 'company', '{domain}');
    insert into public.source (id, name, run_request_template, rate_limit)
    select ('00000000-0000-4000-8000-00000000020' || g)::uuid, 'source ' || g,
      '{"method": "GET", "url": "https://api.example/"}', '{"second": 50}'
    from generate_series(0, 4) as g;
    insert into public.activity (id, name, activity_type, object_type_id)
    select ('00000000-0000-4000-8000-00000000030' || g)::uuid, 'activity ' || g, 'enrichment',
      '00000000-0000-4000-8000-000000000100'
    from generate_series(0, 2) as g;
    insert into public.webhook_endpoint (org_id, url)
    select o.id, 'https://client.example/' || o.slug from public.org as o`);

  // One row a request, from which all tables are filled; ids are of version 7, as the engine's.
  await client.query(`
    create temporary table chain as
    select i.n, i.at, ('00000000-0000-4000-8000-00000000000' || case when i.n % 2 = 0 then 0 else 1 + i.n % 9 end)::uuid as org_id,
      ('00000000-0000-4000-8000-00000000020' || i.n % 5)::uuid as source_id,
      ('00000000-0000-4000-8000-00000000030' || i.n % 3)::uuid as activity_id,
      i.n % 1000 = 0 as open, i.n % 50 = 1 as failed,
      (i.ms || '7' || left(md5('w' || i.n), 3) || '8' || left(md5('w' || -i.n), 15))::uuid as w,
      (i.ms || '7' || left(md5('a' || i.n), 3) || '8' || left(md5('a' || -i.n), 15))::uuid as a,
      (i.ms || '7' || left(md5('q' || i.n), 3) || '8' || left(md5('q' || -i.n), 15))::uuid as q,
      (i.ms || '7' || left(md5('r' || i.n), 3) || '8' || left(md5('r' || -i.n), 15))::uuid as r,
      (i.ms || '7' || left(md5('d' || i.n), 3) || '8' || left(md5('d' || -i.n), 15))::uuid as d
    from (
      select g as n, t.at, lpad(to_hex((extract(epoch from t.at) * 1000)::bigint), 12, '0') as ms
      from generate_series(1, ${n}) as g
      cross join lateral (select now() - interval '30 days' * (1 - g / ${n}::double precision) as at) as t
    ) as i`);
  const ended = (good: string) =>
    `case when c.open then 'in_progress' when c.failed then 'failed' else '${good}' end`;
  const tables: Record<string, string> = {
    workflow_request: `(id, org_id, data, state, state_substate, workflow_phase, phase_count, timeout_at, created_at, started_at, finished_at)
      select c.w, c.org_id, '{}', ${ended("delivered")}::public.workflow_request_state,
        case when c.failed and not c.open then 'all_activities_failed' end, 1, 1, c.at + interval '60 days', c.at, c.at,
        case when not c.open then c.at + interval '20 seconds' end from chain as c`,
    activity_request: `(id, org_id, workflow_request_id, activity_id, activity_key, activity_type, object_type_id, workflow_phase, config,
        state, state_substate, timeout_at, created_at, started_at, finished_at)
      select c.a, c.org_id, c.w, c.activity_id, 'enrich', 'enrichment', '00000000-0000-4000-8000-000000000100', 1, '{}',
        ${ended("delivered")}::public.activity_request_state, case when c.failed and not c.open then 'all_runs_failed' end,
        c.at + interval '60 days', c.at, c.at, case when not c.open then c.at + interval '20 seconds' end from chain as c`,
    activity_result: `(activity_request_id, org_id, objects, summary, created_at)
      select c.a, c.org_id, '[]', case when c.failed then '{"runs": {"failed": 1}}' else '{"runs": {"done": 1}}' end::jsonb,
        c.at + interval '20 seconds' from chain as c where not c.open`,
    run_queue: `(id, org_id, workflow_request_id, activity_request_id, source_id, run_request_id, state, state_substate, due_at, timeout_at,
        created_at, finished_at)
      select c.q, c.org_id, c.w, c.a, c.source_id, c.r, ${ended("done")}::public.run_queue_state,
        case when c.failed and not c.open then 'http_500' end, c.at, c.at + interval '60 days', c.at,
        case when not c.open then c.at + interval '19 seconds' end from chain as c`,
    run_request: `(id, org_id, workflow_request_id, activity_request_id, source_id, kind, root_id, attempts, state, state_substate, due_at,
        lease_until, created_at, claimed_at, finished_at)
      select c.r, c.org_id, c.w, c.a, c.source_id, 'run', c.r, 1,
        case when c.open then case when c.n % 2000 = 0 then 'in_progress' else 'waiting' end
          when c.failed then 'failed' else 'done' end::public.run_request_state,
        case when c.open and c.n % 2000 <> 0 then 'backoff' when c.failed and not c.open then 'http_500' end,
        now() + interval '1 minute', now() + interval '1 minute', c.at, c.at,
        case when not c.open then c.at + interval '19 seconds' end from chain as c`,
    run_response: `(run_request_id, org_id, answer_no, http_status, duration_ms, received_at)
      select c.r, c.org_id, 1, 200, 50 + c.n % 500, c.at + interval '19 seconds' from chain as c where not c.open`,
    delivery: `(id, org_id, workflow_request_id, activity_request_id, endpoint_id, url, secret_name, event_type, attempts, state, due_at,
        created_at, finished_at)
      select c.d, c.org_id, c.w, c.a, e.id, e.url, 'webhook', 'activity_request.done', 1,
        case when c.n % 1000 = 500 then 'waiting' else 'delivered' end::public.delivery_state, now() + interval '1 minute',
        c.at, case when c.n % 1000 <> 500 then c.at + interval '20 seconds' end
      from chain as c join public.webhook_endpoint as e on e.org_id = c.org_id where not c.open`,
  };
  for (const [table, rows] of Object.entries(tables)) {
    progress(`${n.toLocaleString("en")} rows of ${table}`);
    await client.query(`insert into public.${table} ${rows}`);
  }
  progress("history and summaries");
  // Of the history the last step of each row: how much there is before the tail only shows in the size of its index.
  for (const [entity, id] of Object.entries({
    workflow_request: "w",
    activity_request: "a",
    run_queue: "q",
    run_request: "r",
    delivery: "d",
  }))
    await client.query(`insert into etl_api.state_step (entity, entity_id, org_id, from_state, to_state, at)
      select '${entity}', c.${id}, c.org_id, 'in_progress', 'done', c.at from chain as c where not c.open`);
  await client.query(`
    insert into etl_api.traffic (slot, org_id, source_id, endpoint_id, bucket, answers, failures)
    select date_bin('5 minutes', c.at, '2000-01-01'), c.org_id, c.source_id, null, 24 + c.n % 12, count(*), count(*) filter (where c.failed)
    from chain as c where not c.open and c.at > now() - interval '8 days' group by 1, 2, 3, 5
    union all
    select date_bin('5 minutes', c.at, '2000-01-01'), c.org_id, null, e.id, -1, count(*), 0
    from chain as c join public.webhook_endpoint as e on e.org_id = c.org_id
    where not c.open and c.at > now() - interval '8 days' group by 1, 2, 4;
    insert into etl_api.traffic_last (org_id, source_id, success_at, failure_at, code, message)
    select c.org_id, c.source_id, max(c.at), max(c.at) filter (where c.failed), 'http_500', 'It answered with HTTP status 500.'
    from chain as c group by 1, 2;
    insert into etl_api.state_duration (org_id, entity, state, day, bucket, steps)
    select o.id, e.entity, s.state, current_date - d, b, 1000
    from public.org as o
    cross join unnest(enum_range(null::etl_api.entity_kind)) as e (entity)
    cross join unnest('{new,valid,waiting,ready,in_progress,done}'::text[]) as s (state)
    cross join generate_series(0, 29) as d
    cross join generate_series(20, 34) as b;
    insert into etl_api.usage_day (org_id, day, activity_type, activity_id, source_id, requests, runs, http_requests, objects)
    select c.org_id, (c.at at time zone 'UTC')::date, 'enrichment', c.activity_id, c.source_id, count(*), count(*), count(*), count(*)
    from chain as c group by 1, 2, 4, 5;
    drop table chain`);
  await client.query("reset session_replication_role");
  await client.query("select etl_api.recount_states()");
  progress("vacuum and analyze");
  await client.query("vacuum (analyze)");
}

/** The median of ten reads, after two that warm up. */
async function milliseconds(client: pg.Client, sql: string, values: string[]): Promise<number> {
  const times: number[] = [];
  for (let read = 0; read < 12; read++) {
    const start = performance.now();
    await client.query(sql, values);
    if (read > 1) times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}

export const views: Bench = {
  name: "views",
  about: "each view of etl_api, of n finished requests, as operator and as member",
  n: 1_000_000,
  async run({ url, n, rounds, progress }) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await fill(client, n, progress);
      const { rows } = await client.query<{ id: string }>(
        "select id from public.workflow_request where org_id = '00000000-0000-4000-8000-000000000000' order by created_at offset 10 limit 1",
      );
      const key = rows[0]!.id;
      const figures: Figure[] = [];
      for (const who of ["operator", "member"]) {
        if (who === "member")
          await client.query(`
            select set_config('request.jwt.claims', '{"sub": "${member}", "role": "authenticated"}', false);
            set role authenticated`);
        const mine: Figure[] = questions.map(({ name }) => ({
          name: `${name} (${who})`,
          unit: "ms",
          values: [],
        }));
        for (let round = 1; round <= rounds; round++) {
          progress(`${who}, round ${round} of ${rounds}`);
          for (const [index, { sql }] of questions.entries())
            mine[index]!.values.push(await milliseconds(client, sql, sql.includes("$1") ? [key] : []));
        }
        figures.push(...mine);
      }
      return figures;
    } finally {
      await client.end();
    }
  },
};
