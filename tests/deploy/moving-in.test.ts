/** docs/migrations.md: its SQL, run as it stands, on rows of an older system. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectRoot } from "../../scripts/lib/sources.ts";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const text = readFileSync(join(projectRoot, "docs/migrations.md"), "utf8");
const blocks = [...text.matchAll(/^```sql\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);
const [table, words, view, unmovable, ended, open, outcome, check] = blocks;

// Every way an old word can be written and what has to become of it: activity, its substate, request, steps.
const cases: [status: string, activity: string, substate: string | null, request: string, steps: string][] = [
  ["pending", "in_progress", null, "in_progress", "new valid ready in_progress"],
  ["running", "in_progress", null, "in_progress", "new valid ready in_progress"],
  ["Processing", "in_progress", null, "in_progress", "new valid ready in_progress"],
  ["DONE", "done", null, "done", "new valid ready in_progress done"],
  ["completed", "done", null, "done", "new valid ready in_progress done"],
  ["delivered", "delivered", null, "delivered", "new valid ready in_progress done delivered"],
  ["failed", "failed", null, "failed", "new valid ready in_progress failed"],
  ["timedout", "timedout", null, "failed", "new valid ready in_progress timedout"],
  ["missing_value", "invalid", "missing_value", "failed", "new invalid"],
  ["invalid_json", "invalid", "invalid_json", "failed", "new invalid"],
];

let database: TestDatabase;
let client: pg.PoolClient;
const rows = async (sql: string): Promise<Record<string, unknown>[]> => (await client.query(sql)).rows;
const add = (id: number, status: string, payload: object = {}): Promise<unknown> =>
  client.query("insert into public.legacy_activity_request values ($1, $2, $3)", [
    id,
    status,
    {
      org: "acme-research",
      activity: "Enrich companies",
      input: { companies: [{ domain: `c${id}.test` }] },
      ...payload,
    },
  ]);

beforeAll(async () => {
  database = await freshDatabase();
  client = await database.pool.connect();
  await client.query("select test_setup.setup_enrichment_test_data()");
  await client.query(table!);
  // The rest as the engine's service user, which is not a superuser.
  await client.query("grant create on schema public to service_role; set role service_role");
  for (const [at, [status]] of cases.entries()) {
    await add(at + 1, status, /failed|missing/.test(status) ? { error: `it ${status}` } : {});
  }
});
afterAll(async () => {
  client.release(true);
  await database.drop();
});

describe("moving in, as docs/migrations.md says", () => {
  test("has the blocks this test knows", () => {
    expect(blocks).toHaveLength(8);
  });

  test("an unknown word shows in the first step", async () => {
    await add(99, "vanished");
    await expect(client.query(words!)).rejects.toMatchObject({ code: "ETL04" });
    await client.query("delete from public.legacy_activity_request where id = 99");
    const meanings = await rows(words!);
    expect(meanings).toHaveLength(cases.length);
    expect(meanings).toContainEqual({
      status: "missing_value",
      state: "invalid",
      substate: "missing_value",
      count: "1",
    });
  });

  test("rows without a tenant or an activity show before anything is moved", async () => {
    await client.query(view!);
    await add(97, "DONE", { org: "nobody" });
    await add(98, "DONE", { activity: "Unheard of" });
    expect(await rows(unmovable!)).toEqual([
      { legacy_id: "97", has_org: false, has_activity: false },
      { legacy_id: "98", has_org: true, has_activity: false },
    ]);
    await client.query("delete from public.legacy_activity_request where id > 90");
    expect(await rows(unmovable!)).toEqual([]);
  });

  test("every row arrives in its state, with each step in the history and the reason", async () => {
    await client.query(ended!);
    await client.query(open!);
    const moved = await rows(
      `select l.status, a.state as activity, a.state_substate as substate, r.state as request,
         (select string_agg(h.to_state, ' ' order by h.seq) from etl_api.state_history as h where h.entity_id = a.id) as steps
       from public.legacy_activity_request as l
       left join public.workflow_request as r on r.idempotency_key = 'legacy:' || l.id
       left join public.activity_request as a on a.workflow_request_id = r.id
       order by l.id`,
    );
    expect(moved.map((row) => [row.status, row.activity, row.substate, row.request, row.steps])).toEqual(
      cases,
    );
    expect(await rows("select distinct reason from etl_api.state_history order by 1")).toEqual([
      { reason: "moved from legacy_activity_request" },
      { reason: "moved from legacy_activity_request, starts again" },
    ]);
    expect(
      await rows(
        "select errors -> 0 ->> 'message' as error from public.activity_request where errors is not null order by 1",
      ),
    ).toEqual([{ error: "it failed" }, { error: "it missing_value" }]);
    expect(await rows(check!)).toEqual([]);
    expect(await rows(outcome!)).toHaveLength(cases.length);
    // What had ended asks no source and sends no message.
    expect(
      await rows(
        `select count(*)::int from public.run_queue as q
         join public.activity_request as a on a.id = q.activity_request_id where a.state <> 'in_progress'`,
      ),
    ).toEqual([{ count: 0 }]);
    expect(await rows("select from public.delivery")).toEqual([]);
  });

  test("a second time moves nothing, and what came since is moved", async () => {
    const count = "select count(*)::int from public.activity_request";
    await add(50, "DONE");
    await client.query(ended!);
    await client.query(open!);
    expect(await rows(count)).toEqual([{ count: cases.length + 1 }]);
    expect(await rows("select count(*)::int from public.workflow_request")).toEqual([
      { count: cases.length + 1 },
    ]);
    expect(await rows(check!)).toEqual([]);
  });

  test("what had not ended runs through to its end; what had failed can be retried", async () => {
    const [failed] = await rows(
      `select a.id from public.activity_request as a
       join public.workflow_request as r on r.id = a.workflow_request_id
       where r.idempotency_key = 'legacy:7'`,
    );
    await client.query("reset role");
    await client.query("select etl_api.retry($1)", [failed!.id]);
    expect(await rows(check!)).toEqual([]);
    await client.query(
      `insert into test_setup.reply (source, body)
       values ('AlgOps API Client', '{"company": {"sector": "Anvils", "staff": {"count": 12}}}')`,
    );
    await client.query("select test_setup.serve()");
    const states = await rows(
      `select a.state, count(*)::int from public.activity_request as a group by a.state order by a.state::text`,
    );
    expect(states).toEqual([
      { state: "delivered", count: 1 },
      { state: "done", count: 7 },
      { state: "invalid", count: 2 },
      { state: "timedout", count: 1 },
    ]);
    expect(await rows(check!)).toEqual([]);
  });
});
