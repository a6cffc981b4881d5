import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const guide = readFileSync(new URL("../../docs/watching.md", import.meta.url), "utf8");
const section = /^## Usage, cost and quality$(.*?)(?=^## |(?![^]))/ms.exec(guide)![1]!;
const blocks = [...section.matchAll(/^```sql\n(.*?)^```\n(?:\n```text\n(.*?)^```)?/gms)];

describe("docs/watching.md on usage, cost and quality", () => {
  let database: TestDatabase;
  const run = (sql: string): Promise<unknown> =>
    database.pool.query({
      text: `${sql}`,
      rowMode: "array",
      types: { getTypeParser: () => String } as never,
    });

  beforeAll(async () => {
    database = await freshDatabase("guide", { max: 1, options: "-c timezone=UTC -c search_path=public" });
    await run(`
      insert into public.org (name, slug, free_objects) values ('Acme', 'acme', 100);
      insert into public.object_type (name, key_datapoints) values ('company', '{domain}');
      insert into public.datapoint (object_type_id, name) select id, n from public.object_type, unnest('{domain,industry,employees}'::text[]) as n;
      insert into public.source (name, run_request_template, cost_per_run)
      values ('facts', '{"method": "GET", "url": "https://facts.test/<<$object.domain>>", "response": {"objects": "company"}}', 0.10);
      insert into public.object_source (source_id, object_type_id, direction, key_mapping_json)
      select s.id, t.id, 'input', '["input", "companies"]' from public.source as s, public.object_type as t;
      insert into public.datapoint_source (source_id, datapoint_id, key_mapping_json, max_age)
      select s.id, d.id, '"sector"', '30 days' from public.source as s, public.datapoint as d where d.name = 'industry';
      insert into public.activity (name, activity_type, object_type_id, datapoints)
      select 'Enrich', 'enrichment', id, '{industry}' from public.object_type`);
    for (const [now, domains] of [
      ["2026-03-11", ["a.test", "b.test"]],
      ["2026-05-10", ["c.test"]],
    ] as const) {
      await run(`set etl.fake_now = '${now} 00:00:00Z'`);
      await database.pool.query(
        `insert into public.workflow_request (org_id, data)
         select o.id, jsonb_build_object(
           'input', jsonb_build_object('companies', (select jsonb_agg(jsonb_build_object('domain', d)) from unnest($1::text[]) as d)),
           'data', jsonb_build_object('enrich', jsonb_build_object('id', a.id)))
         from public.org as o, public.activity as a`,
        [domains],
      );
      await run(`select test_setup.exchange('{"company": {"sector": "Anvils"}}')`);
    }
    await run("set etl.fake_now = '2026-05-10 00:00:00Z'");
    await run("select etl_api.measure_data_quality(id) from public.org");
  });
  afterAll(() => database.drop());

  it("has blocks to try", () => expect(blocks.length).toBeGreaterThan(5));

  for (const [, sql, shown] of blocks)
    it(`shows what comes of: ${sql!.replace(/\s+/g, " ")}`, async () => {
      const { rows } = (await run(sql!)) as { rows: (string | null)[][] };
      if (shown === undefined) return;
      const lines = rows.map((row) =>
        row
          .map((field) => (field === null ? "" : field))
          .join(" | ")
          .trimEnd(),
      );
      expect(lines.join("\n")).toBe(shown.trimEnd());
    });

  it("finds nothing that does not fit together", async () => {
    const { rows } = (await run("select * from etl_api.check_consistency()")) as { rows: unknown[] };
    expect(rows).toEqual([]);
  });
});
