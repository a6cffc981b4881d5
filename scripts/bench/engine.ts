/**
 * The engine as a contestant: a tenant, a way to hand work in, and workers that answer its two outside steps, HTTP and
 * webhook, through its claim and complete functions, so that only the database is measured.
 */
import pg from "pg";

/** How many requests a statement hands in. */
export const insertSize = 1000;

/** How much one call claims and the next one completes: the size at which the engine is fastest. */
export const claimSize = 500;

/** How many workers drain at once. */
export const workers = 2;

/** A tenant with one source, two datapoints and one activity. */
export interface Tenant {
  org: string;
  activity: string;
}

/** A connection that closes itself: `await using client = await connect(url)`. */
export async function connect(url: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

/** Some connections that close themselves together. */
export async function connectAll(url: string, count = workers): Promise<pg.Client[] & AsyncDisposable> {
  const clients = await Promise.all(Array.from({ length: count }, () => connect(url)));
  return Object.assign(clients, {
    [Symbol.asyncDispose]: async () => void (await Promise.all(clients.map((client) => client.end()))),
  });
}

/** How many seconds some work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/**
 * Lets messages go as to addresses that have taken many before: to one that nothing is known of they begin with twenty at
 * once and double, which would be measured with every new tenant.
 */
export async function knowAddresses(client: pg.Client): Promise<void> {
  await client.query(
    "update etl_api.setting set value = '1000000' where name = 'lane_start' and value <> '1000000'",
  );
}

/** Makes a tenant; its slug begins with the label, and is its own. */
export async function configure(client: pg.Client, label: string | number = "bench"): Promise<Tenant> {
  await knowAddresses(client);
  const { rows } = await client.query<Tenant>(
    `with o as (
       insert into public.org (name, slug) values ('Bench', $1 || '-' || gen_random_uuid()) returning id
     ), t as (
       insert into public.object_type (org_id, name, key_datapoints) select id, 'company', '{domain}' from o
       returning id, org_id
     ), d as (
       insert into public.datapoint (org_id, object_type_id, name, value_type)
       select t.org_id, t.id, n.name, n.type
       from t, (values ('industry', 'text'), ('employees', 'number')) as n (name, type)
       returning id, org_id, name
     ), s as (
       insert into public.source (org_id, name, run_request_template)
       select id, 'facts', '{"method": "GET", "url": "https://api.example/companies",
         "query": {"domain": "<<$object.domain>>"}, "response": {"objects": "company"}}' from o
       returning id, org_id
     ), os as (
       insert into public.object_source (org_id, source_id, object_type_id, direction, key_mapping_json)
       select s.org_id, s.id, t.id, 'input', '["input", "companies"]' from s, t
     ), ds as (
       insert into public.datapoint_source (org_id, source_id, datapoint_id, key_mapping_json)
       select s.org_id, s.id, d.id, case d.name when 'industry' then '"sector"' else '"staff"' end::jsonb from s, d
     )
     insert into public.activity (org_id, name, activity_type, object_type_id, datapoints)
     select t.org_id, 'Enrich', 'enrichment', t.id, '{industry,employees}' from t
     returning org_id as org, id as activity`,
    [String(label)],
  );
  return rows[0]!;
}

/**
 * Hands requests in, in statements of a thousand: each has one company of its own, the first of them the company
 * number `first` + 1, and one webhook.
 */
export async function insertRequests(
  client: pg.Client,
  { org, activity }: Tenant,
  count: number,
  first = 0,
): Promise<void> {
  for (let done = first; done < first + count; done += insertSize) {
    await client.query(
      `insert into public.workflow_request (org_id, data)
       select $1, jsonb_build_object(
         'input', jsonb_build_object('companies', jsonb_build_array(jsonb_build_object('domain', 'd' || n || '.test'))),
         'data', jsonb_build_object('enrich', jsonb_build_object('id', $2::uuid,
           'destination', jsonb_build_object('webhook', jsonb_build_object('url', 'https://client.example/hook')))))
       from generate_series($3::int + 1, least($3::int + $4::int, $5::int)) as n`,
      [org, activity, done, insertSize, first + count],
    );
  }
}

/** What the third party answers to every question. */
export const body = { company: { sector: "Anvils", staff: 1200 } };

/** Claims, answers and completes HTTP requests once. Returns how many there were. */
export async function answerRuns(client: pg.Client, worker: string, size = claimSize): Promise<number> {
  const { rows } = await client.query("select * from etl_api.claim_run_requests($1, $2)", [worker, size]);
  if (rows.length === 0) return 0;
  const results = rows.map(({ run_request_id, lease_token }) => ({
    run_request_id,
    lease_token,
    status: 200,
    body,
  }));
  await client.query("select * from etl_api.complete_run_requests($1)", [JSON.stringify(results)]);
  return rows.length;
}

/** Claims, accepts and completes messages once. Returns how many there were. */
export async function answerDeliveries(client: pg.Client, worker: string, size = claimSize): Promise<number> {
  const { rows } = await client.query("select * from etl_api.claim_deliveries($1, $2)", [worker, size]);
  if (rows.length === 0) return 0;
  const results = rows.map(({ delivery_id, lease_token }) => ({ delivery_id, lease_token, status: 204 }));
  await client.query("select * from etl_api.complete_deliveries($1)", [JSON.stringify(results)]);
  return rows.length;
}

/** Works as one worker, on a connection that is there, until three looks in a row find nothing. */
export async function drainOn(client: pg.Client, worker: string, size = claimSize): Promise<void> {
  for (let idle = 0; idle < 3;) {
    const runs = await answerRuns(client, worker, size);
    const messages = await answerDeliveries(client, worker, size);
    idle = runs + messages > 0 ? 0 : idle + 1;
  }
}

/** Works as one worker, on a connection of its own, until three looks in a row find nothing. */
export async function drainAs(url: string, worker: string, size = claimSize): Promise<void> {
  await using client = await connect(url);
  await drainOn(client, worker, size);
}

/** Drains with some workers at once. */
export async function drain(url: string, count = workers, size = claimSize): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, worker) => drainAs(url, `bench-${worker}`, size)));
}

/** Throws unless all of a tenant's requests, and that many, were delivered. */
export async function expectDelivered(client: pg.Client, org: string, count: number): Promise<void> {
  const { rows } = await client.query<{ state: string; count: number }>(
    "select state, count(*)::int from public.workflow_request where org_id = $1 group by state",
    [org],
  );
  if (rows.length !== 1 || rows[0]!.state !== "delivered" || rows[0]!.count !== count)
    throw new Error(`not every request was delivered: ${JSON.stringify(rows)}`);
}
