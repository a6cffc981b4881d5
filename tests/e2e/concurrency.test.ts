/**
 * Eight workers at once on one database: each run is executed once, nothing stays open, nobody waits for ever.
 *
 * The workers fail, hand back, die, and report twice as real ones do, by the number in a company's domain; so how
 * many runs there must be in the end is known beforehand.
 */
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const workers = 8;
const workflows = 37;
const companies = 3704;
const limitOfRegister = 20;

/** What the sources know of company number n; "algops" is asked first, "register" for what that one lacks. */
const unknownToAlgops = (n: number) => n % 4 === 0;
const refusedByAlgops = (n: number) => n % 10 === 3;
const failsAtFirst = (n: number) => n % 10 === 1;
const handedBackAtFirst = (n: number) => n % 50 === 2;
const diesAtFirst = (n: number) => n % 50 === 7;
const reportedTwice = (n: number) => n % 25 === 5;

interface ClaimedRun {
  run_request_id: string;
  lease_token: string;
  attempt: number;
  request: { url: string; body: { companies?: { domain: string }[] } };
}

interface ClaimedDelivery {
  delivery_id: string;
  webhook_id: string;
  lease_token: string;
  attempt: number;
}

interface Outcome {
  accepted: boolean;
  message: string | null;
}

let database: TestDatabase;
const errors: string[] = [];
const held = new Set<string>();
const heldTwice: string[] = [];
const acceptedAnswers = new Map<string, number>();
const executed = new Map<string, number>();
const seenOnce = new Set<string>();
const webhookIds = new Map<string, string>();
let mostAtRegister = 0;
let wronglyJudged = 0;
let recovered = 0;
let finished = false;
let deadline = Infinity;
let seconds = 0;

const numberOf = (text: string) => Number(/x(\d+)\.test/.exec(text)![1]);
const once = (key: string) => !seenOnce.has(key) && seenOnce.add(key);

/** The answer of a source, as the edge function would report it. */
function answer({ request }: ClaimedRun): { status: number; body?: object } {
  if (request.body.companies) {
    const entries = request.body.companies.map(({ domain }) => ({
      website: domain,
      employees: numberOf(domain),
    }));
    return { status: 200, body: { result: { entries } } };
  }
  const n = numberOf(request.url);
  if (failsAtFirst(n) && once(`fail ${request.url}`)) return { status: 503 };
  if (refusedByAlgops(n)) return { status: 403, body: {} };
  if (unknownToAlgops(n)) return { status: 200, body: { company: { staff: null } } };
  return { status: 200, body: { company: { staff: { count: n } } } };
}

/** Sends a batch of claimed runs: some are handed back, some die with their worker, the rest are answered. */
async function executeRuns(client: pg.Client, worker: string): Promise<number> {
  const { rows } = await client.query<ClaimedRun>("select * from etl_api.claim_run_requests($1, 40)", [
    worker,
  ]);
  for (const { run_request_id: id } of rows) {
    if (held.has(id)) heldTwice.push(id);
    held.add(id);
  }

  const { rows: flying } = await client.query<{ count: number }>(
    `select count(*)::int from run_request
     where source_id = test_setup.id('Company Register') and state = 'in_progress'`,
  );
  mostAtRegister = Math.max(mostAtRegister, flying[0]!.count);

  const is = (rule: (n: number) => boolean, row: ClaimedRun, key: string) =>
    !row.request.body.companies && rule(numberOf(row.request.url)) && once(`${key} ${row.request.url}`);
  const back = rows.filter((row) => is(handedBackAtFirst, row, "back"));
  const dead = rows.filter((row) => !back.includes(row) && is(diesAtFirst, row, "dead"));
  const sent = rows.filter((row) => !back.includes(row) && !dead.includes(row));
  const results = sent.map((row) => ({ ...row, request: undefined, ...answer(row) }));
  const twice = sent.filter((row) => is(reportedTwice, row, "twice")).map((row) => row.run_request_id);

  for (const { run_request_id: id } of rows) held.delete(id);
  if (back.length > 0) {
    await client.query("select etl_api.release_run_requests($1)", [JSON.stringify(back)]);
  }
  if (dead.length > 0) {
    // Their leases run out; waiting for that would be a sleep.
    await client.query("update run_request set lease_until = now() where id = any ($1)", [
      dead.map((row) => row.run_request_id),
    ]);
  }
  const report = async (list: object[]) =>
    (await client.query<Outcome>("select * from etl_api.complete_run_requests($1)", [JSON.stringify(list)]))
      .rows;
  for (const [i, outcome] of (await report(results)).entries()) {
    const id = results[i]!.run_request_id;
    if (!outcome.accepted) wronglyJudged++;
    acceptedAnswers.set(id, (acceptedAnswers.get(id) ?? 0) + 1);
    if (results[i]!.status === 503) continue;
    const { url, body } = sent[i]!.request;
    for (const key of body.companies?.map(({ domain }) => `${url} ${domain}`) ?? [url]) {
      executed.set(key, (executed.get(key) ?? 0) + 1);
    }
  }
  const again = await report(results.filter((result) => twice.includes(result.run_request_id)));
  wronglyJudged += again.filter((outcome) => outcome.accepted).length;
  return rows.length;
}

/** Sends the messages that are due; every third client is out at the first attempt. */
async function deliverWebhooks(client: pg.Client, worker: string): Promise<number> {
  const { rows } = await client.query<ClaimedDelivery>("select * from etl_api.claim_deliveries($1, 10)", [
    worker,
  ]);
  const results = rows.map((row, i) => ({
    delivery_id: row.delivery_id,
    lease_token: row.lease_token,
    status: row.attempt === 1 && i % 3 === 0 ? 502 : 204,
  }));
  for (const row of rows) webhookIds.set(row.delivery_id, row.webhook_id);
  await client.query("select * from etl_api.complete_deliveries($1)", [JSON.stringify(results)]);
  return rows.length;
}

/** One worker, until every workflow request has ended and told its client. */
async function work(client: pg.Client, worker: string): Promise<void> {
  while (!finished) {
    try {
      const count = (await executeRuns(client, worker)) + (await deliverWebhooks(client, worker));
      if (count > 0) continue;
      const { rows } = await client.query(
        "select 1 from workflow_request where state <> 'delivered' limit 1",
      );
      finished ||= rows.length === 0 || performance.now() > deadline;
      // What is left is in the hands of others.
      await pause(5);
    } catch (error) {
      errors.push(describeError(error));
      if (errors.length > 50) finished = true;
    }
  }
}

/** What sweeps behind the workers. */
async function sweep(client: pg.Client): Promise<void> {
  while (!finished) {
    try {
      const { rows } = await client.query<{ what: string; count: string }>("select * from etl_api.recover()");
      recovered += Number(rows.find((row) => row.what === "run_request_again")?.count ?? 0);
    } catch (error) {
      errors.push(describeError(error));
    }
    await pause(20);
  }
}

function describeError(error: unknown): string {
  return error instanceof pg.DatabaseError ? `${error.code} ${error.message} ${error.where}` : String(error);
}

const value = async (sql: string) => Object.values((await database.pool.query(sql)).rows[0])[0];

beforeAll(async () => {
  database = await freshDatabase("concurrency");
  await database.pool.query(`
    select test_setup.setup_enrichment_test_data();
    update source set retry_policy = '{"base_seconds": 0, "jitter": 0}' where name = 'AlgOps API Client';
    update source
    set max_objects_per_request = 5, max_concurrency = ${limitOfRegister},
        run_request_template = '{"method": "POST", "url": "https://register.test/", "body": {"companies": "<<$objects>>"},
          "response": {"objects": ["result", "entries"]}}'
    where name = 'Company Register';
    update etl_api.setting set value = '[0, 0, 0]' where name = 'delivery_schedule_seconds';
    select test_setup.enrich(
      array(select 'x' || n || '.test' from generate_series(w, ${companies}, ${workflows}) as n),
      '{"datapoints": ["employees"]}', '{"url": "https://client.test/hook"}')
    from generate_series(1, ${workflows}) as w`);

  const clients = Array.from(
    { length: workers + 1 },
    () => new pg.Client({ connectionString: database.url }),
  );
  await Promise.all(clients.map((client) => client.connect()));
  const started = performance.now();
  deadline = started + 60_000;
  await Promise.all(clients.map((client, i) => (i < workers ? work(client, `worker ${i}`) : sweep(client))));
  seconds = (performance.now() - started) / 1000;
  await Promise.all(clients.map((client) => client.end()));
});

afterAll(async () => {
  await database?.drop();
});

describe("eight workers on 5,000 runs", () => {
  test("meet no error and no deadlock", async () => {
    expect(errors).toEqual([]);
    expect(
      await value("select deadlocks::int from pg_stat_database where datname = current_database()"),
    ).toBe(0);
  });

  test("make exactly the runs that are needed", async () => {
    const numbers = Array.from({ length: companies }, (_, i) => i + 1);
    const second = numbers.filter((n) => unknownToAlgops(n) || refusedByAlgops(n)).length;
    expect(companies + second).toBeGreaterThanOrEqual(5000);
    const { rows } = await database.pool.query(
      `select s.name, q.state, q.state_substate as substate, count(*)::int
       from run_queue as q join source as s on s.id = q.source_id
       group by 1, 2, 3 order by 1, 2, 3`,
    );
    const refused = numbers.filter(refusedByAlgops).length;
    const unknown = numbers.filter(unknownToAlgops).length;
    expect(rows).toEqual([
      { name: "AlgOps API Client", state: "failed", substate: "http_403", count: refused },
      { name: "AlgOps API Client", state: "done", substate: "no_value", count: unknown },
      { name: "AlgOps API Client", state: "done", substate: null, count: companies - refused - unknown },
      { name: "Company Register", state: "done", substate: null, count: second },
    ]);
  });

  test("execute each run once", async () => {
    expect(heldTwice).toEqual([]);
    expect(wronglyJudged).toBe(0);
    expect(mostAtRegister).toBeGreaterThan(1);
    expect(mostAtRegister).toBeLessThanOrEqual(limitOfRegister);
    // Each company was asked for once at each source, the 503s apart.
    expect([...executed].filter(([, count]) => count !== 1)).toEqual([]);
    expect(executed.size).toBe(Number(await value("select count(*) from run_queue")));
    expect(recovered).toBe(Array.from({ length: companies }, (_, i) => i + 1).filter(diesAtFirst).length);
    // One answer a request, two where the first was a 503.
    const failures = Array.from({ length: companies }, (_, i) => i + 1).filter(failsAtFirst).length;
    const counts = [...acceptedAnswers.values()];
    expect(counts.filter((count) => count === 2).length).toBe(failures);
    expect(counts.filter((count) => count > 2)).toEqual([]);
    expect(await value("select count(*)::int from run_response")).toBe(counts.length + failures);
    expect(
      await value(`select count(*)::int from (
        select from etl_api.state_history
        where entity = 'run_queue' and to_state in ('in_progress', 'done', 'failed')
        group by entity_id, to_state having count(*) > 1) as doubled`),
    ).toBe(0);
  });

  test("leave no activity open, and every workflow delivered", async () => {
    const { rows } = await database.pool.query("select unnest(test_setup.states()) as line");
    expect(rows.map((row) => row.line).filter((line) => /workflow|activity|delivery/.test(line))).toEqual([
      `workflow_request delivered ${workflows}`,
      `activity_request enrich delivered ${workflows}`,
      `delivery delivered ${workflows}`,
    ]);
    expect(await value("select count(*)::int from etl_api.advance_queue")).toBe(0);
    expect(webhookIds.size).toBe(workflows);
  });

  test("store every value with its company", async () => {
    expect(
      await value(`select array[count(*), sum((v.value = to_jsonb(substr(o.natural_key ->> 'domain', 2, length(o.natural_key ->> 'domain') - 6)::int))::int)]::int[]
        from value as v join object as o on o.id = v.object_id
        where v.source_id is not null and v.datapoint_id = test_setup.id('company.employees')`),
    ).toEqual([companies, companies]);
    expect(await value("select sum((summary ->> 'values')::int)::int from activity_result")).toBe(companies);
  });

  test("take less than 40 seconds", () => {
    console.log(`5,001 runs by ${workers} workers in ${seconds.toFixed(1)} s`);
    expect(seconds).toBeLessThan(40);
  });
});

describe("requests over the same companies, made, cancelled and executed at once", () => {
  const requests = 40;
  const shared = 30;
  let other: TestDatabase;
  const faults: string[] = [];

  /** Answers whatever is due, as long as there is work or somebody still makes some. */
  async function answerAll(client: pg.Client, worker: string, more: () => boolean): Promise<void> {
    const report = async (claim: string, complete: string, body: (row: ClaimedRun) => object) => {
      const { rows } = await client.query<ClaimedRun>(`select * from etl_api.${claim}($1, 15)`, [worker]);
      const results = rows.map((row) => ({ ...row, request: undefined, body: undefined, ...body(row) }));
      await client.query(`select * from etl_api.${complete}($1)`, [JSON.stringify(results)]);
      return rows.length;
    };
    for (let idle = false; !idle || more();) {
      try {
        const runs = await report("claim_run_requests", "complete_run_requests", ({ request, attempt }) => {
          const n = numberOf(JSON.stringify(request));
          if (n % 7 === 1 && attempt === 1) return { status: 500 };
          return {
            status: 200,
            body: {
              company: { sector: `s${n}`, staff: n % 3 ? { count: n } : null },
              result: { entries: { employees: n, capital: { raised: n } } },
            },
          };
        });
        const messages = await report("claim_deliveries", "complete_deliveries", () => ({ status: 200 }));
        const { rows } = await client.query(
          "select 1 from run_queue where state in ('waiting', 'ready', 'in_progress') limit 1",
        );
        const { rows: queued } = await client.query(
          "select 1 from delivery where state in ('waiting', 'ready', 'in_progress') limit 1",
        );
        idle = runs + messages + rows.length + queued.length === 0;
      } catch (error) {
        faults.push(describeError(error));
        if (faults.length > 20) return;
      }
    }
  }

  beforeAll(async () => {
    other = await freshDatabase("contention");
    await other.pool.query(`
      select test_setup.setup_enrichment_test_data();
      update source set retry_policy = '{"base_seconds": 0, "jitter": 0}';
      update source set max_concurrency = 40 where name = 'Company Register';
      -- What is known is not asked again: without ageing there would be nothing to do after the first.
      update datapoint_source set max_age = '200 milliseconds'`);
    const clients = Array.from({ length: workers + 2 }, () => new pg.Client({ connectionString: other.url }));
    await Promise.all(clients.map((client) => client.connect()));
    const [maker, canceller, ...rest] = clients as [pg.Client, pg.Client, ...pg.Client[]];
    const made: string[] = [];
    let making = true;

    const make = async () => {
      for (let i = 0; i < requests; i++) {
        // The same companies in another order each time, so that writers meet each other from both sides.
        const { rows } = await maker.query<{ id: string }>(
          `select test_setup.start(jsonb_build_object(
             'input', jsonb_build_object('companies', (
               select jsonb_agg(jsonb_build_object('domain', 'x' || n || '.test') order by md5(n || $1)) from generate_series(1, ${shared}) as n)),
             'data', jsonb_build_object(
               'a', jsonb_build_object('id', test_setup.id('enrich companies'), 'setup', '{"config": {"datapoints": ["employees"]}}'::jsonb,
                 'destination', '{"webhook": {"url": "https://client.test/a"}}'::jsonb),
               'b', jsonb_build_object('id', test_setup.id('enrich companies'), 'setup', '{"config": {"datapoints": ["industry"]}}'::jsonb),
               'c', jsonb_build_object('id', test_setup.id('enrich companies'),
                 'setup', '{"config": {"phase": 2, "datapoints": ["industry", "employees", "funding"]}}'::jsonb,
                 'destination', '{"webhook": {"url": "https://client.test/c"}}'::jsonb)))) as id`,
          [String(i)],
        );
        made.push(rows[0]!.id);
      }
    };
    const cancel = async () => {
      for (let i = 0; making; i++) {
        const id = made[i * 5];
        if (id === undefined) await pause(5);
        else
          await canceller.query("select etl_api.cancel($1)", [id]).catch((error: unknown) => {
            // One that has ended in the meantime cannot be cancelled.
            if (!(error instanceof pg.DatabaseError && error.code === "ETL05"))
              faults.push(describeError(error));
          });
        if (id === undefined) i--;
      }
    };
    await Promise.all([
      make()
        .catch((error: unknown) => faults.push(describeError(error)))
        .finally(() => (making = false)),
      cancel(),
      ...rest.map((client, i) => answerAll(client, `worker ${i}`, () => making)),
    ]);
    await Promise.all(clients.map((client) => client.end()));
  });

  afterAll(async () => {
    await other?.drop();
  });

  test("meet no error and no deadlock", async () => {
    expect(faults).toEqual([]);
    const { rows } = await other.pool.query(
      "select deadlocks::int from pg_stat_database where datname = current_database()",
    );
    expect(rows[0].deadlocks).toBe(0);
  });

  test("leave nothing open", async () => {
    const { rows } = await other.pool.query("select unnest(test_setup.states()) as line");
    const lines = rows.map((row) => row.line as string);
    expect(lines.some((line) => line.startsWith("workflow_request failed:cancelled"))).toBe(true);
    expect(lines.filter((line) => / (new|valid|waiting|ready|in_progress)\b/.test(line))).toEqual([]);
    expect(
      lines.filter(
        (line) => line.startsWith("workflow_request ") && !/ (delivered|failed:cancelled)\b/.test(line),
      ),
    ).toEqual([]);
  });
});
