/** Every step of a workflow or activity request is told by `NOTIFY etl_state`, to who listens. */
import pg from "pg";
import { expect, test } from "vitest";
import { withDatabase } from "../helpers/database.ts";

interface Change {
  entity: "workflow_request" | "activity_request";
  id: string;
  org_id: string;
  workflow_request_id: string;
  state: string;
  substate: string | null;
  at: string;
}

/** What one payload tells: rows that took the same steps together. A single org_id is that of all. */
interface Told {
  entity: Change["entity"];
  org_ids: string[];
  states: string[];
  substate: string | null;
  at: string;
  ids: string[];
  workflow_request_ids?: string[];
}

/** Its steps, each by itself. */
function steps({ ids, states, workflow_request_ids, substate, entity, org_ids, at }: Told): Change[] {
  return ids.flatMap((id, place) =>
    states.map((state, step) => ({
      entity,
      id,
      org_id: org_ids.length === 1 ? org_ids[0]! : org_ids[place]!,
      workflow_request_id: workflow_request_ids?.[place] ?? id,
      state,
      substate: step === states.length - 1 ? substate : null,
      at,
    })),
  );
}

/** A connection that listens; `changes` grows as they come, `quiet` waits for a notification sent last. */
async function listen(url: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const payloads: string[] = [];
  let heard = () => {};
  client.on("notification", ({ channel, payload }) => {
    if (channel === "etl_state") payloads.push(payload!);
    else heard();
  });
  await client.query("listen etl_state");
  await client.query("listen test_mark");
  return {
    payloads,
    changes: () => payloads.flatMap((payload) => steps(JSON.parse(payload) as Told)),
    /** Notifications come in the order of their commits: after this one all earlier ones are here. */
    async settle(pool: pg.Pool) {
      const marked = new Promise<void>((resolve) => (heard = resolve));
      await pool.query("notify test_mark");
      await marked;
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}

const enrich = `select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}', '{"url": "https://client.test/hook"}') as id`;

test("a workflow can be followed through to delivered, in order", async () => {
  await withDatabase(async ({ url, pool }) => {
    await pool.query("select test_setup.setup_enrichment_test_data()");
    await using ear = await listen(url);
    const { rows } = await pool.query<{ id: string }>(enrich);
    await pool.query(`select test_setup.exchange('{"company": {"sector": "toys"}}')`);
    await pool.query("select test_setup.deliver(500)");
    await pool.query("update public.delivery set due_at = now()");
    await pool.query("select test_setup.deliver()");
    await ear.settle(pool);

    const of = (entity: string) =>
      ear
        .changes()
        .filter((change) => change.entity === entity)
        .map((change) => change.state);
    const all = ["new", "valid", "ready", "in_progress", "done", "delivered"];
    expect(of("workflow_request")).toEqual(all);
    expect(of("activity_request")).toEqual(all);
    const activity = await pool.query("select id, org_id from public.activity_request");
    expect(ear.changes().every((change) => change.workflow_request_id === rows[0]!.id)).toBe(true);
    const last = ear
      .changes()
      .filter((change) => change.entity === "activity_request")
      .at(-1)!;
    expect({ ...last, at: undefined }).toEqual({
      entity: "activity_request",
      id: activity.rows[0].id,
      org_id: activity.rows[0].org_id,
      workflow_request_id: rows[0]!.id,
      state: "delivered",
      substate: null,
    });
    expect(new Date(last.at).getTime()).toBeGreaterThan(Date.now() - 60_000);
    // As history has it, step by step.
    const history = await pool.query(
      `select entity::text, to_state as state from etl_api.state_history
       where entity in ('workflow_request', 'activity_request') order by seq`,
    );
    expect(ear.changes().map(({ entity, state }) => ({ entity, state }))).toEqual(history.rows);
  });
});

test("2,000 requests in one statement: nothing is lost, and no payload is larger than NOTIFY carries", async () => {
  await withDatabase(async ({ url, pool }) => {
    await pool.query("select test_setup.setup_enrichment_test_data()");
    await using ear = await listen(url);
    await pool.query(
      `insert into public.workflow_request (org_id, data)
       select test_setup.id('org acme'), jsonb_build_object(
         'input', jsonb_build_object('companies', jsonb_build_array(jsonb_build_object('domain', n || '.test'))),
         'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies'))))
       from generate_series(1, 2000) as n`,
    );
    await ear.settle(pool);
    const changes = ear.changes();
    expect(changes.length).toBe(2000 * 8);
    expect(Math.max(...ear.payloads.map((payload) => Buffer.byteLength(payload)))).toBeLessThanOrEqual(7900);
    const steps = new Map<string, string[]>();
    for (const { id, state } of changes) steps.set(id, [...(steps.get(id) ?? []), state]);
    expect(steps.size).toBe(4000);
    for (const states of steps.values()) expect(states).toEqual(["new", "valid", "ready", "in_progress"]);
  });
});

test("2,000 requests of two tenants in one statement: each step is told with its tenant", async () => {
  await withDatabase(async ({ url, pool }) => {
    await pool.query("select test_setup.setup_enrichment_test_data()");
    await using ear = await listen(url);
    const { rows } = await pool.query<{ id: string; org_id: string }>(
      `insert into public.workflow_request (org_id, data)
       select test_setup.id(case when n % 3 = 0 then 'org other' else 'org acme' end), jsonb_build_object(
         'input', jsonb_build_object('companies', jsonb_build_array(jsonb_build_object('domain', n || '.test'))),
         'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies'))))
       from generate_series(1, 2000) as n
       returning id, org_id`,
    );
    await ear.settle(pool);
    expect(Math.max(...ear.payloads.map((payload) => Buffer.byteLength(payload)))).toBeLessThanOrEqual(7900);
    const tenants = new Map(rows.map(({ id, org_id }) => [id, org_id]));
    const changes = ear.changes();
    expect(new Set(changes.map(({ workflow_request_id }) => workflow_request_id))).toEqual(
      new Set(tenants.keys()),
    );
    for (const { workflow_request_id, org_id } of changes)
      expect(org_id).toBe(tenants.get(workflow_request_id));
    // Few payloads: tenants share them.
    expect(ear.payloads.length).toBeLessThan(changes.length / 100);
  });
});

test("what a client wrote cannot break a payload or make it too large", async () => {
  await withDatabase(async ({ url, pool }) => {
    await pool.query("select test_setup.setup_enrichment_test_data()");
    const ids = await pool.query<{ id: string }>(
      "select test_setup.enrich(array[n || '.test']) as id from generate_series(1, 40) as n",
    );
    await using ear = await listen(url);
    const odd = `"'\\{}[],:\u0001\u001f – ${"\u0002".repeat(300)}`;
    await pool.query(
      "update public.workflow_request set state = 'failed', state_substate = $1, state_via = null where id = any ($2)",
      [odd, ids.rows.map((row) => row.id)],
    );
    await ear.settle(pool);
    expect(ear.changes().map((change) => change.substate)).toEqual(Array(40).fill(odd.slice(0, 100)));
    expect(Math.max(...ear.payloads.map((payload) => Buffer.byteLength(payload)))).toBeLessThanOrEqual(7900);
  });
});

test("nothing is told of what was rolled back, of a repeated key, or when it is switched off", async () => {
  await withDatabase(async ({ url, pool }) => {
    await pool.query("select test_setup.setup_enrichment_test_data()");
    const keyed =
      "insert into public.workflow_request (org_id, data, idempotency_key) values (test_setup.id('org acme'), '{}', 'k')";
    await pool.query(keyed);
    await using ear = await listen(url);
    const client = await pool.connect();
    await client.query("begin");
    await client.query(enrich);
    await client.query("rollback");
    client.release();
    await pool.query(keyed);
    await pool.query("update etl_api.setting set value = 'false' where name = 'realtime'");
    await pool.query(enrich);
    await pool.query("update etl_api.setting set value = 'true' where name = 'realtime'");
    await ear.settle(pool);
    expect(ear.payloads).toEqual([]);
    // Whatever the session shows dates like.
    const odd = await pool.connect();
    await odd.query("set datestyle = 'german, dmy'; set timezone = 'Asia/Tokyo'");
    await odd.query(enrich);
    odd.release(true);
    await ear.settle(pool);
    const at = new Date(ear.changes()[0]!.at).getTime();
    expect(Math.abs(at - Date.now())).toBeLessThan(60_000);
  });
});
