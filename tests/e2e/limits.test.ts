/**
 * Six workers claim at once, others report and one sweeps: no limit of a source and no budget is ever exceeded, none is
 * left unused while work waits, and nobody waits for ever.
 *
 * All connections live at the same set time, minute by minute, so what a window may hold is known exactly.
 */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const workers = 6;
const perMinute = 25;
const concurrency = 5;
const companies = 120;
const workflows = 20;
const monthlyBudget = 300;
const workflowBudget = 14;

interface ClaimedRun {
  run_request_id: string;
  lease_token: string;
  attempt: number;
  request: { url: string };
}

let database: TestDatabase;
let clients: pg.Client[];
const errors: string[] = [];
const sentPerMinute: Record<number, number> = {};
let mostAtRegister = 0;

const value = async (sql: string) => Object.values((await database.pool.query(sql)).rows[0])[0];
const isLimited = ({ request }: ClaimedRun) => request.url.includes("algops");

/** The first attempt of every eighth fails and is repeated, which is one request more. */
const statusOf = ({ run_request_id: id, attempt }: ClaimedRun) =>
  attempt === 1 && parseInt(id.slice(-1), 16) < 2 ? 503 : 200;

/** Claims and reports until there was nothing to do three times. */
async function work(client: pg.Client, worker: string, minute: number): Promise<void> {
  for (let idle = 0; idle < 3;) {
    const { rows } = await client.query<ClaimedRun>("select * from etl_api.claim_run_requests($1, 9)", [
      worker,
    ]);
    const { rows: flying } = await client.query<{ count: number }>(
      `select count(*)::int from run_request
       where source_id = test_setup.id('Company Register') and state = 'in_progress'`,
    );
    mostAtRegister = Math.max(mostAtRegister, flying[0]!.count);
    sentPerMinute[minute] = (sentPerMinute[minute] ?? 0) + rows.filter(isLimited).length;
    const results = rows.map(({ request: _, ...row }, i) => ({
      ...row,
      status: statusOf(rows[i]!),
      body: {
        company: { sector: "Tools", staff: { count: 1 } },
        result: { entries: { capital: { raised: 1 } } },
      },
    }));
    await client.query("select * from etl_api.complete_run_requests($1)", [JSON.stringify(results)]);
    idle = rows.length > 0 ? 0 : idle + 1;
  }
}

/** One minute: all at once, until nobody finds anything to do. */
async function live(minute: number): Promise<void> {
  const now = new Date(Date.UTC(2026, 4, 1, 10, minute)).toISOString();
  await Promise.all(clients.map((client) => client.query(`set etl.fake_now = '${now}'`)));
  let working = workers;
  const guarded = async (job: Promise<void>) => {
    await job.catch((error: unknown) => errors.push(describeError(error)));
    working--;
  };
  await Promise.all(
    clients.map(async (client, i) => {
      if (i < workers) return guarded(work(client, `worker ${i}`, minute));
      while (working > 0)
        await client.query("select etl_api.recover()").catch((error: unknown) => {
          errors.push(describeError(error));
        });
    }),
  );
}

function describeError(error: unknown): string {
  return error instanceof pg.DatabaseError ? `${error.code} ${error.message} ${error.where}` : String(error);
}

/** Two tenants ask three sources, one of them without limits, about their companies: acme under a budget for the month, the other for each workflow. */
beforeAll(async () => {
  database = await freshDatabase("limits");
  await database.pool.query(`
    set etl.fake_now = '2026-05-01 10:00:00Z';
    select test_setup.setup_enrichment_test_data();
    update source
    set rate_limit = '{"minute": ${perMinute}}', cost_per_run = 1, retry_policy = '{"base_seconds": 0, "jitter": 0}'
    where name = 'AlgOps API Client';
    update source
    set max_concurrency = ${concurrency}, cost_per_run = 3, retry_policy = '{"base_seconds": 0, "jitter": 0}'
    where name = 'Company Register';
    insert into source (id, name, cost_per_run, run_request_template)
    values (test_setup.id('Census'), 'Census', 2, '{"method": "GET", "url": "https://census.test/<<$object.domain>>"}');
    insert into datapoint_source (source_id, datapoint_id, key_mapping_json)
    values (test_setup.id('Census'), test_setup.id('company.name'), '"name"');
    insert into activity (id, name, activity_type, object_type_id, datapoints)
    values (test_setup.id('enrich for all'), 'Enrich', 'enrichment', test_setup.id('company'), '{industry,funding,name}');
    update org set settings = '{"monthly_budget": ${monthlyBudget}}' where id = test_setup.id('org acme');
    insert into workflow_request (org_id, data)
    select o.id, jsonb_build_object(
      'config', case when o.name like 'Other%' then '{"budget": ${workflowBudget}}'::jsonb else '{}' end,
      'input', jsonb_build_object('companies', (
        select jsonb_agg(jsonb_build_object('domain', n || '.test')) from generate_series(w, ${companies}, ${workflows}) as n)),
      'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich for all'))))
    from org as o, generate_series(1, ${workflows}) as w`);
  clients = Array.from({ length: workers + 1 }, () => new pg.Client({ connectionString: database.url }));
  await Promise.all(clients.map((client) => client.connect()));
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()));
  await database?.drop();
});

describe("six workers under limits and budgets", () => {
  test("send what limits and budgets allow, and not one more", async () => {
    const waiting = () =>
      value(`select count(*)::int from run_queue where state = 'waiting' and source_id = test_setup.id('AlgOps API Client')
        and not (org_id = test_setup.id('org acme') and etl_api.is_over_budget(org_id, 1))`);
    let minute = 0;
    for (; minute < 20; minute++) {
      await live(minute);
      if ((await waiting()) === 0) break;
      expect(sentPerMinute[minute]).toBe(perMinute);
    }
    expect(minute).toBeGreaterThan(1);
    expect(minute).toBeLessThan(20);
    expect(Math.max(...Object.values(sentPerMinute))).toBe(perMinute);
    expect(mostAtRegister).toBeGreaterThan(1);
    expect(mostAtRegister).toBeLessThanOrEqual(concurrency);
    expect(errors).toEqual([]);
  });

  test("spend a month's budget to the last, and wait", async () => {
    const spent = Number(
      await value("select sum(cost) from run_request where org_id = test_setup.id('org acme')"),
    );
    expect(spent).toBeLessThanOrEqual(monthlyBudget);
    expect(spent).toBeGreaterThan(monthlyBudget - 3);
    expect(Number(await value("select amount from etl_api.budget_used where month is not null"))).toBe(spent);
    expect(
      await value(
        "select count(*)::int from run_queue where state = 'waiting' and org_id = test_setup.id('org acme')",
      ),
    ).toBeGreaterThan(0);
  });

  test("spend no workflow's budget twice", async () => {
    const { rows } = await database.pool.query<{ cost: number; amount: number; state: string }>(
      `select w.state, u.amount::float8 as amount,
         (select sum(r.cost)::float8 from run_request as r where r.workflow_request_id = w.id) as cost
       from workflow_request as w
       join etl_api.budget_used as u on u.workflow_request_id = w.id`,
    );
    expect(rows.length).toBe(workflows);
    for (const row of rows) {
      expect(row.cost).toBe(row.amount);
      expect(row.cost).toBeLessThanOrEqual(workflowBudget);
      expect(row.cost).toBeGreaterThan(workflowBudget - 3);
      expect(row.state).toBe("done");
    }
  });

  test("go on when the budget is raised, to the end of all", async () => {
    await database.pool.query("update org set settings = '{}' where id = test_setup.id('org acme')");
    for (let minute = 20; minute < 40; minute++) {
      await live(minute);
      if (
        (await value(
          "select count(*)::int from run_queue where state in ('waiting', 'ready', 'in_progress')",
        )) === 0
      )
        break;
    }
    expect(
      await value(
        "select jsonb_object_agg(state, count) from (select state, count(*) from workflow_request group by state) as s",
      ),
    ).toEqual({ done: 2 * workflows });
    expect(Math.max(...Object.values(sentPerMinute))).toBe(perMinute);
    expect(errors).toEqual([]);
    expect(
      await value("select deadlocks::int from pg_stat_database where datname = current_database()"),
    ).toBe(0);
  });
});

describe("six claims at the same moment", () => {
  test("share what is left of a budget: each time all of it, never more", async () => {
    await database.pool.query(`
      update source set rate_limit = null, max_concurrency = null where name = 'AlgOps API Client';
      insert into workflow_request (org_id, data)
      select test_setup.id('org acme'), jsonb_build_object(
        'input', jsonb_build_object('companies', (
          select jsonb_agg(jsonb_build_object('domain', 'late' || n || '.test')) from generate_series(1, 300) as n)),
        'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies'),
          'setup', '{"config": {"datapoints": ["industry"]}}'::jsonb)))`);
    await Promise.all(clients.map((client) => client.query("reset etl.fake_now")));
    const claimed: number[] = [];
    for (let budget = 20; budget <= 160; budget += 20) {
      await database.pool.query(
        "update org set settings = jsonb_build_object('monthly_budget', $1::int) where id = test_setup.id('org acme')",
        [budget],
      );
      const claims = await Promise.all(
        clients
          .slice(0, workers)
          .map((client, i) =>
            client.query("select * from etl_api.claim_run_requests($1, 9)", [`worker ${i}`]),
          ),
      );
      claimed.push(claims.reduce((sum, { rows }) => sum + rows.length, 0));
    }
    expect(claimed).toEqual(Array(8).fill(20));
  });
});
