/**
 * Work of every kind, and workers who keep it going: what stands in a database that is upgraded, copied or restored
 * meanwhile. Third party and client are in this process, so that it is the database that is tried.
 *
 * The workers call the engine by SQL of their own and not through the functions' modules: an upgrade meets functions of
 * the version before, which know nothing of the columns that it adds.
 */
import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

/** A tenant with sources that answer at once, later, and in pages. */
export interface Tenant {
  org: string;
  enrich: string;
  appraise: string;
  find: string;
  endpoint: string;
}

/** Makes the tenant, and leases and waits short enough for a proof. */
export async function configureLive(client: pg.ClientBase): Promise<Tenant> {
  // What a version does not know yet is left out.
  await client.query(
    `update etl_api.setting as s set value = n.value
     from (values ('lease_seconds', '1'::jsonb), ('delivery_timeout_seconds', '1'),
       ('delivery_schedule_seconds', '[1, 1, 1, 1, 1, 1, 1, 1, 1, 1]')) as n (name, value)
     where s.name = n.name`,
  );
  const { rows } = await client.query<Tenant>(
    `with o as (
       insert into public.org (name, slug) values ('Live', 'live-' || gen_random_uuid()) returning id
     ), t as (
       insert into public.object_type (org_id, name, key_datapoints) select id, 'company', '{domain}' from o
       returning id, org_id
     ), d as (
       insert into public.datapoint (org_id, object_type_id, name, value_type)
       select t.org_id, t.id, n.name, n.type
       from t, (values ('domain', 'text'), ('industry', 'text'), ('employees', 'number')) as n (name, type)
       returning id, org_id, name
     ), s as (
       insert into public.source
         (org_id, name, activity_types, run_request_template, status_request_template, retry_policy, poll_policy, timeout_seconds)
       select o.id, n.name, array[n.type], n.ask::jsonb, n.poll::jsonb, '{"base_seconds": 1, "jitter": 0}',
         '{"first_seconds": 1, "factor": 1}', 1
       from o, (values
         ('facts', 'enrichment', '{"method": "GET", "url": "https://facts.example/", "query": {"domain": "<<$object.domain>>"},
            "response": {"objects": "company"}}', null),
         ('slow', 'enrichment', '{"method": "POST", "url": "https://slow.example/", "body": {"about": "<<$object.domain>>"},
            "response": {"external_id": "job"}}',
          '{"method": "GET", "url": "https://slow.example/<<$run_external_id>>", "response": {"objects": "company", "status": "status"}}'),
         ('search', 'extract', '{"method": "POST", "url": "https://search.example/",
            "body": {"want": "<<$run_setup.want>>", "cursor": "<<$cursor>>"},
            "response": {"objects": "hits", "next_cursor": "next"}}', null)) as n (name, type, ask, poll)
       returning id, org_id, name
     ), os as (
       insert into public.object_source (org_id, source_id, object_type_id, direction, key_mapping_json)
       select s.org_id, s.id, t.id, x.direction, x.path::jsonb
       from s, t, (values ('input', '["input", "companies"]'), ('result', '["hits"]')) as x (direction, path)
       where (s.name = 'search') = (x.direction = 'result')
     ), ds as (
       insert into public.datapoint_source (org_id, source_id, datapoint_id, key_mapping_json, priority)
       select s.org_id, s.id, d.id, case d.name when 'industry' then '"sector"' else '"staff"' end::jsonb, 10
       from s, d
       where s.name <> 'search' and d.name <> 'domain'
     ), e as (
       insert into public.webhook_endpoint (org_id, url) select id, 'https://client.example/endpoint' from o
       returning id
     ), a as (
       insert into public.activity (org_id, name, activity_type, object_type_id, datapoints, source_ids)
       select t.org_id, n.name, n.type, t.id, n.points::text[], array[s.id]
       from t, s
       join (values ('Enrich', 'enrichment', 'facts', '{industry,employees}'),
         ('Appraise', 'enrichment', 'slow', '{employees}'), ('Find', 'extract', 'search', '{}')) as n (name, type, source, points)
         on n.source = s.name
       returning id, name
     )
     select o.id as org, e.id as endpoint,
       (select id from a where name = 'Enrich') as enrich,
       (select id from a where name = 'Appraise') as appraise,
       (select id from a where name = 'Find') as find
     from o, e`,
  );
  return rows[0]!;
}

/** How the request of that number ends. */
export function endOf(number: number): "delivered" | "failed" | "invalid" {
  if (number % 16 === 15) return "invalid";
  return number % 8 === 6 ? "failed" : "delivered";
}

/** What the request of that number asks for. */
function dataOf(number: number, tenant: Tenant): object {
  const webhook = number % 2 === 0 ? { url: "https://client.example/hook" } : { endpoint: tenant.endpoint };
  const kind = number % 8;
  const name = kind === 5 ? "flaky" : kind === 6 ? "gone" : "plain";
  const input = { companies: [{ domain: `${name}-${number}.test` }] };
  const enrich = { id: tenant.enrich, destination: { webhook } };
  const whole = { input, data: { enrich }, destination: { webhook } };
  if (number % 16 === 15) return { ...whole, data: { enrich: { ...enrich, id: tenant.org } } };
  if (kind === 3) {
    const find = {
      id: tenant.find,
      setup: { config: { want: String(number) } },
      destination: { webhook, activity: { id: [tenant.enrich] } },
    };
    return { ...whole, data: { find, enrich: { ...enrich, setup: { config: { phase: 2 } } } } };
  }
  if (kind === 4) return { ...whole, data: { appraise: { ...enrich, id: tenant.appraise } } };
  return whole;
}

/** A request that was handed in. */
export interface HandedIn {
  number: number;
  id: string;
}

/** Hands requests in, numbered from `first`, in one statement; every eighth is to begin a moment later. */
export async function handIn(
  client: pg.ClientBase | pg.Pool,
  tenant: Tenant,
  first: number,
  count: number,
): Promise<HandedIn[]> {
  const numbers = Array.from({ length: count }, (_, index) => first + index);
  const { rows } = await client.query<{ id: string }>(
    `insert into public.workflow_request (org_id, data, not_before)
     select $1, n.data::jsonb, case when n.later then now() + interval '2 seconds' end
     from unnest($2::text[], $3::boolean[]) as n (data, later)
     returning id`,
    [
      tenant.org,
      numbers.map((number) => JSON.stringify(dataOf(number, tenant))),
      numbers.map((number) => number % 8 === 7),
    ],
  );
  return rows.map(({ id }, index) => ({ number: numbers[index]!, id }));
}

interface RunClaim {
  run_request_id: string;
  lease_token: string;
  attempt: number;
  request: {
    url: string;
    query?: { domain?: string };
    body?: { about?: string; want?: string; cursor?: string };
  };
}

interface DeliveryClaim {
  delivery_id: string;
  webhook_id: string;
  lease_token: string;
  body: string;
}

/** Third party and client. */
export class Outside {
  /** How often the client accepted each message, by its webhook-id. */
  readonly accepted = new Map<string, number>();
  /** Under which ids it was told of each thing: a request or one of its activities, and what became of it. */
  readonly told = new Map<string, Set<string>>();
  readonly #polls = new Map<string, number>();
  readonly #refused = new Set<string>();

  /** What the third party answers. */
  answer({ request, attempt }: RunClaim): { status: number; body: object } {
    const ok = (body: object) => ({ status: 200, body });
    const company = (domain: string) => ({ sector: `Sector of ${domain}`, staff: domain.length });
    const url = new URL(request.url);
    if (url.hostname === "facts.example") {
      const domain = request.query?.domain ?? url.searchParams.get("domain") ?? "";
      if (domain.startsWith("gone")) return { status: 404, body: {} };
      if (domain.startsWith("flaky") && attempt === 1) return { status: 503, body: {} };
      return ok({ company: company(domain) });
    }
    if (url.hostname === "slow.example") {
      if (request.body?.about) return ok({ job: request.body.about });
      const job = decodeURIComponent(url.pathname.slice(1));
      const polls = (this.#polls.get(job) ?? 0) + 1;
      this.#polls.set(job, polls);
      return ok(polls < 2 ? { status: "running" } : { status: "done", company: company(job) });
    }
    const { want, cursor } = request.body ?? {};
    const page = cursor ? 2 : 1;
    const hits = [1, 2].map((hit) => ({ domain: `found-${want}-${page}-${hit}.test` }));
    return ok({ hits, next: page === 1 ? "2" : null });
  }

  /** What the client answers: it refuses a fourth of the messages when they come first. */
  receive({ webhook_id: id, body }: DeliveryClaim): number {
    const { type, data } = JSON.parse(body) as {
      type: string;
      data: { workflow_request_id: string; activity_key?: string };
    };
    const about = `${data.workflow_request_id} ${data.activity_key ?? ""} ${type}`;
    this.told.set(about, (this.told.get(about) ?? new Set()).add(id));
    const first = !this.#refused.has(id) && !this.accepted.has(id);
    if (first && createHash("sha1").update(id).digest()[0]! % 4 === 0) {
      this.#refused.add(id);
      return 503;
    }
    this.accepted.set(id, (this.accepted.get(id) ?? 0) + 1);
    return 204;
  }

  /** Things that the client was told of under more than one id. */
  twice(): string[] {
    return [...this.told].flatMap(([about, ids]) =>
      ids.size > 1 ? [`${about}: ${[...ids].join(", ")}`] : [],
    );
  }
}

/** A function's result has other columns than when the call was prepared; the functions go on without, as here. */
const changedResult = "0A000";

/** A connection that calls the engine as the functions do: as their role, its calls prepared once. */
export class Caller {
  readonly #client: pg.Client;
  /** What reports were refused with before they were heard. */
  readonly refused: string[] = [];
  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async connect(url: string): Promise<Caller> {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => {});
    await client.connect();
    await client.query("set role service_role");
    return new Caller(client);
  }

  async call<T extends pg.QueryResultRow>(name: string, ...values: unknown[]): Promise<T[]> {
    const text = `select * from etl_api.${name}(${values.map((_, index) => `$${index + 1}`).join(", ")})`;
    try {
      return (await this.#client.query<T>({ name, text, values })).rows;
    } catch (error) {
      if ((error as pg.DatabaseError).code !== changedResult) throw error;
      return (await this.#client.query<T>(text, values)).rows;
    }
  }

  /** Reports as the functions do, which say again what was not heard. */
  async #report(name: string, results: object[]): Promise<number> {
    for (let turn = 1; ; turn++) {
      try {
        const done = await this.call<{ accepted: boolean }>(name, JSON.stringify(results));
        return done.filter(({ accepted }) => accepted).length;
      } catch (error) {
        this.refused.push(`${(error as pg.DatabaseError).code} ${(error as Error).message}`);
        if (turn === 5) throw error;
        await pause(100 * turn);
      }
    }
  }

  claimRuns(worker: string, max: number): Promise<RunClaim[]> {
    return this.call("claim_run_requests", worker, max);
  }

  claimDeliveries(worker: string, max: number): Promise<DeliveryClaim[]> {
    return this.call("claim_deliveries", worker, max);
  }

  /** Reports answers; returns how many were accepted. */
  async answerRuns(claims: RunClaim[], outside: Outside): Promise<number> {
    if (claims.length === 0) return 0;
    const results = claims.map((claim) => ({
      run_request_id: claim.run_request_id,
      lease_token: claim.lease_token,
      ...outside.answer(claim),
    }));
    return this.#report("complete_run_requests", results);
  }

  /** Reports what the client said; returns how many were accepted. */
  async answerDeliveries(claims: DeliveryClaim[], outside: Outside): Promise<number> {
    if (claims.length === 0) return 0;
    const results = claims.map((claim) => ({
      delivery_id: claim.delivery_id,
      lease_token: claim.lease_token,
      status: outside.receive(claim),
    }));
    return this.#report("complete_deliveries", results);
  }

  close(): Promise<void> {
    return this.#client.end();
  }
}

/** Workers at work. */
export interface Workers {
  /** What their calls were refused with, and how often; what may be tried again is under `transient`. */
  refusals: { transient: Map<string, number>; other: Map<string, number> };
  /** Reports that had to be made again, so far. */
  again(): number;
  /** Batches that did something so far. */
  turns(): number;
  /** Lets them end what they are doing. */
  stop(): Promise<void>;
}

/** Starts workers on a database, one of which also sweeps as the clock does. */
export async function startWorkers(url: string, outside: Outside, count = 2, batch = 20): Promise<Workers> {
  const refusals: Workers["refusals"] = { transient: new Map(), other: new Map() };
  let over = false;
  let turns = 0;
  const callers = await Promise.all(Array.from({ length: count + 1 }, () => Caller.connect(url)));
  const attempt = async (work: () => Promise<number>): Promise<number> => {
    try {
      const done = await work();
      if (done > 0) turns++;
      return done;
    } catch (error) {
      const { code = "", message } = error as pg.DatabaseError;
      // As in the functions: a connection, a conflict, a server without room.
      const kind = /^(08|40|53|55|57|58)/.test(code) ? refusals.transient : refusals.other;
      const text = `${code} ${message}`;
      kind.set(text, (kind.get(text) ?? 0) + 1);
      return 0;
    }
  };
  const works = callers.map(async (caller, index) => {
    const worker = `live-${index}`;
    const sweeps = index === count;
    while (!over) {
      const done = sweeps
        ? await attempt(async () => (await caller.call("recover")).length * 0)
        : (await attempt(async () => caller.answerRuns(await caller.claimRuns(worker, batch), outside))) +
          (await attempt(async () =>
            caller.answerDeliveries(await caller.claimDeliveries(worker, batch), outside),
          ));
      if (done === 0) await pause(sweeps ? 200 : 20);
    }
    await caller.close().catch(() => {});
  });
  return {
    refusals,
    again: () => callers.reduce((all, { refused }) => all + refused.length, 0),
    turns: () => turns,
    async stop() {
      over = true;
      await Promise.all(works);
    },
  };
}

/** What is open, by table and state. */
export async function openWork(client: pg.ClientBase): Promise<Record<string, number>> {
  const { rows } = await client.query<{ what: string; rows: number }>(
    `select t.name || ' ' || t.state as what, count(*)::int as rows
     from (
       select 'workflow_request' as name, state::text from public.workflow_request
       union all select 'activity_request', state::text from public.activity_request
       union all select 'run_queue', state::text from public.run_queue
       union all select 'run_request', state::text from public.run_request
       union all select 'delivery', state::text from public.delivery) as t
     where t.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
     group by 1
     order by 1`,
  );
  return Object.fromEntries(rows.map(({ what, rows: count }) => [what, count]));
}

/** Waits until nothing is open; says what still is when that takes too long. */
export async function untilEnded(
  client: pg.ClientBase,
  seconds: number,
  signal?: AbortSignal,
): Promise<void> {
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    const open = await openWork(client);
    if (Object.keys(open).length === 0) return;
    signal?.throwIfAborted();
    if (Date.now() > end) throw new Error(`still open after ${seconds} s: ${JSON.stringify(open)}`);
    await pause(50);
  }
}

/**
 * What is wrong with the database and its history, in sentences; empty when nothing is. An engine that was taken back does
 * not know how newer tables refer to each other: `olderThanTables` leaves that check out.
 */
export async function faultsOf(client: pg.ClientBase, olderThanTables = false): Promise<string[]> {
  const { rows: known } = await client.query<{ yes: boolean }>(
    "select to_regprocedure('etl_api.check_consistency(uuid)') is not null as yes",
  );
  const checks = olderThanTables
    ? `select entity::text, id, problem from etl_api.check_state_sync()
       union all select entity, id, problem from etl_api.check_completeness()
       union all select entity, id, problem from etl_api.check_counters()`
    : "select entity, id, problem from etl_api.check_consistency()";
  const { rows } = await client.query<{ fault: string }>(
    `${known[0]!.yes ? `select format('%s %s: %s', entity, id, problem) as fault from (${checks}) as c union all` : ""}
     select format('%s %s went from %s to %s, which no rule allows', h.entity, h.entity_id, h.from_state, h.to_state) as fault
     from etl_api.state_history as h
     where h.from_state is not null
       and h.from_state <> h.to_state
       and h.to_state <> 'deleted'
       and not exists (
         select from etl_api.state_transition as t where t.from_state = h.from_state and t.to_state = h.to_state)
     union all
     select format('%s %s has a gap in its history: %s, then from %s', h.entity, h.entity_id, h.before, h.from_state)
     from (
       select s.entity, s.entity_id, s.from_state, lag(s.to_state) over (partition by s.entity, s.entity_id order by s.seq) as before
       from etl_api.state_step as s) as h
     where h.before is not null
       and h.before <> h.from_state`,
  );
  return rows.map(({ fault }) => fault);
}

/** Requests that did not end as they should, in sentences. */
export async function wrongEnds(client: pg.ClientBase, requests: HandedIn[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string; state: string | null; substate: string | null }>(
    `select i.id, w.state::text as state, w.state_substate as substate
     from unnest($1::uuid[]) with ordinality as i (id, place)
     left join public.workflow_request as w on w.id = i.id
     order by i.place`,
    [requests.map(({ id }) => id)],
  );
  return rows.flatMap(({ id, state, substate }, index) => {
    const { number } = requests[index]!;
    return state === endOf(number)
      ? []
      : [
          `request ${number} (${id}) is ${state ?? "gone"}${substate ? ` (${substate})` : ""}, not ${endOf(number)}`,
        ];
  });
}
