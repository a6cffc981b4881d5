import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const guide = readFileSync(new URL("../../docs/watching.md", import.meta.url), "utf8");
const section = /^## States and queues$(.*?)(?=^## )/ms.exec(guide)![1]!;
const blocks = [...section.matchAll(/^```sql\n(.*?)^```\n(?:\n```text\n(.*?)^```)?/gms)];

describe("docs/watching.md on states and queues", () => {
  let database: TestDatabase;
  const run = (sql: string): Promise<unknown> =>
    database.pool.query({
      text: sql,
      rowMode: "array",
      types: { getTypeParser: () => String } as never,
    });
  const at = (time: string) => run(`set etl.fake_now = '2026-05-10 ${time}Z'`);
  const request = (domains: string[]) =>
    database.pool.query(
      `insert into public.workflow_request (org_id, data, created_at)
       select o.id, jsonb_build_object(
         'input', jsonb_build_object('companies', (select jsonb_agg(jsonb_build_object('domain', d)) from unnest($1::text[]) as d)),
         'data', jsonb_build_object('enrich', jsonb_build_object('id', a.id,
           'destination', '{"webhook": {"url": "https://client.test/hook"}}'::jsonb))), utils.now()
       from public.org as o, public.activity as a`,
      [domains],
    );
  const answer = (status: number) =>
    run(`select test_setup.complete(c.run_request_id,
      '{"status": ${status}, "duration_ms": 120, "body": {"company": {"sector": "Anvils"}}}') from test_setup.claim(1) as c`);

  beforeAll(async () => {
    database = await freshDatabase("guide", { max: 1, options: "-c timezone=UTC -c search_path=public" });
    await at("00:00:00");
    await run(`
      insert into public.org (name, slug) values ('Acme', 'acme');
      insert into public.object_type (name, key_datapoints) values ('company', '{domain}');
      insert into public.datapoint (object_type_id, name) select id, n from public.object_type, unnest('{domain,industry}'::text[]) as n;
      insert into public.source (name, run_request_template, retry_policy)
      values ('facts', '{"method": "GET", "url": "https://facts.test/<<$object.domain>>", "response": {"objects": "company"}}', '{"jitter": 0}');
      insert into public.object_source (source_id, object_type_id, direction, key_mapping_json)
      select s.id, t.id, 'input', '["input", "companies"]' from public.source as s, public.object_type as t;
      insert into public.datapoint_source (source_id, datapoint_id, key_mapping_json)
      select s.id, d.id, '"sector"' from public.source as s, public.datapoint as d where d.name = 'industry';
      insert into public.activity (name, activity_type, object_type_id, datapoints)
      select 'Enrich', 'enrichment', id, '{industry}' from public.object_type`);
    // One request that met a failure on its way, and one whose source is switched off when it has come.
    await request(["a.test", "b.test"]);
    await answer(503);
    await answer(200);
    await at("00:00:03");
    await answer(200);
    await run("select test_setup.deliver()");
    await at("00:10:00");
    await request(["c.test", "d.test", "e.test"]);
    await run("update public.source set enabled = false");
    await at("00:30:00");
    await run("update etl_api.roll_up_mark set rolled_up_at = utils.now()");
  });
  afterAll(() => database.drop());

  it("has blocks to try", () => expect(blocks.length).toBeGreaterThan(5));

  for (const [, sql, shown] of blocks)
    it(`shows what comes of: ${sql!.replace(/\s+/g, " ")}`, async () => {
      const { rows } = (await run(sql!)) as { rows: (string | null)[][] };
      if (shown === undefined) return;
      const lines = rows.map((row) =>
        row
          .map((field) => field ?? "")
          .join(" | ")
          .trimEnd(),
      );
      expect(lines).toEqual(
        shown
          .trimEnd()
          .split("\n")
          .map((line) => line.trimEnd()),
      );
    });

  it("names every reason there is", async () => {
    const { rows } = (await run(`
      select pg_get_viewdef('etl_api.overdue'::regclass) || pg_get_viewdef('etl_api.stuck'::regclass) as text`)) as {
      rows: string[][];
    };
    const listed = [...section.matchAll(/^\| `(\w+)` +\|/gm)].map((match) => match[1]!);
    for (const reason of listed) expect(rows[0]![0]).toContain(`'${reason}'::text`);
    expect(listed).toHaveLength(8);
  });
});
