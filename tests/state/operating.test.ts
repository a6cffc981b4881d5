/** What docs/operating.md shows is what the functions answer. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { withDatabase, type TestDatabase } from "../helpers/database.ts";

const guide = readFileSync(new URL("../../docs/operating.md", import.meta.url), "utf8");

function section(title: string): { sql: string; text: string } {
  const found = guide.split(/^## /m).find((part) => part.startsWith(`${title}\n`));
  const [, sql] = /^```sql\n(.*?)^```$/ms.exec(found ?? "") ?? [];
  const [, text] = /^```text\n(.*?)^```$/ms.exec(found ?? "") ?? [];
  if (sql === undefined || text === undefined) throw new Error(`no example under ${title}`);
  return { sql, text };
}

/** Runs a section's example with an id; rows as the guide writes them. */
async function run({ pool }: TestDatabase, title: string, idQuery: string): Promise<[string, string]> {
  const client = await pool.connect();
  try {
    await client.query("set etl.fake_now = '2026-05-01 10:00:00Z'");
    const { rows } = await client.query(idQuery);
    const { sql, text } = section(title);
    const answer = await client.query({
      text: sql.replaceAll(/;\s*$/g, ""),
      values: [rows[0].id],
      rowMode: "array",
    });
    const lines = answer.rows.map((row: unknown[]) =>
      row
        .map((cell) => (cell === null ? "" : typeof cell === "object" ? JSON.stringify(cell) : String(cell)))
        .join(" | ")
        .trimEnd(),
    );
    const id = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
    return [lines.join("\n").replaceAll(id, "…"), text.trimEnd()];
  } finally {
    client.release();
  }
}

async function prepare({ pool }: TestDatabase, ...statements: string[]): Promise<void> {
  for (const statement of ["select test_setup.setup_enrichment_test_data()", ...statements])
    await pool.query(`set etl.fake_now = '2026-05-01 10:00:00Z'; ${statement}`);
}

const request = `select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "a.test"}, {"domain": "b.test"}, {"domain": "c.test"}]}'::jsonb,
  'data', jsonb_build_object(
    'enrich', jsonb_build_object('id', test_setup.id('enrich companies'), 'setup', '{"config": {"datapoints": ["industry"]}}'::jsonb),
    'check', jsonb_build_object('id', test_setup.id('enrich companies'), 'setup', '{"config": {"phase": 2}}'::jsonb))))`;

test("explain", () =>
  withDatabase(async (database) => {
    await prepare(
      database,
      request,
      `do $$ begin
        perform test_setup.answer(c.run_request_id, '{"company": {"sector": "toys"}}') from test_setup.claim(1) as c;
        perform test_setup.answer(c.run_request_id, '{}', 429, '{"retry-after": "34"}') from test_setup.claim(1) as c;
      end $$`,
    );
    const [said, shown] = await run(
      database,
      "Where is it, and what does it wait for?",
      "select id from workflow_request",
    );
    expect(said).toBe(shown);
  }));

test("retry", () =>
  withDatabase(async (database) => {
    await prepare(
      database,
      `select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}')`,
      "select test_setup.exchange('{}', 404)",
    );
    const [said, shown] = await run(database, "Try it again", "select id from workflow_request");
    expect(said).toBe(shown);
  }));

test("cancel", () =>
  withDatabase(async (database) => {
    await prepare(database, request);
    const [said, shown] = await run(database, "Stop it", "select id from workflow_request");
    expect(said).toBe(shown);
  }));

test("redeliver", () =>
  withDatabase(async (database) => {
    await prepare(
      database,
      `select test_setup.enrich('{}', '{}', '{"url": "https://client.test/hook"}')`,
      "select test_setup.deliver()",
    );
    const [said, shown] = await run(database, "Send a message again", "select id from delivery");
    expect(said).toBe(shown);
  }));

test("dry_run", () =>
  withDatabase(async (database) => {
    await prepare(
      database,
      `update source set cost_per_run = 0.25`,
      `insert into activity (id, org_id, name, activity_type, object_type_id)
       select '00000000-0000-4000-8000-000000000001', org_id, 'Shown', activity_type, object_type_id from activity`,
    );
    const [said, shown] = await run(
      database,
      "Before anything is sent",
      "select id from org where slug = 'acme-research'",
    );
    expect(said).toBe(shown);
  }));

test("test_mapping", () =>
  withDatabase(async (database) => {
    await prepare(database);
    const [said, shown] = await run(
      database,
      "What would this answer give?",
      "select id from source where name = 'AlgOps API Client'",
    );
    expect(said).toBe(shown);
  }));

test("what the engine could not do", () =>
  withDatabase(async (database) => {
    await prepare(
      database,
      `create function public.refuse() returns trigger language plpgsql as $$ begin
        raise exception 'value out of range: overflow' using errcode = '22003';
      end $$`,
      "create trigger refuse before insert on run_request for each row execute function public.refuse()",
      `select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}')`,
      "select * from test_setup.claim()",
    );
    const [said, written] = await run(
      database,
      "What the engine could not do",
      "select org_id as id from public.run_queue",
    );
    expect(said).toBe(written);
  }));
