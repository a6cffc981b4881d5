import { readFileSync } from "node:fs";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const guide = readFileSync(new URL("../../docs/access.md", import.meta.url), "utf8");
const blocks = [
  ...guide.matchAll(
    /^```sql\n-- as (an owner or admin|the operator)\n(.*?)^```\n(?:\n```text\n(.*?)^```)?/gms,
  ),
];

describe("docs/access.md", () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await freshDatabase("access-guide", {
      max: 1,
      options: "-c timezone=UTC -c search_path=public",
    });
    await database.pool.query(`
      insert into public.org (id, name, slug) values ('00000000-0000-4000-8000-0000000000a1', 'Acme', 'acme');
      insert into public.org_member (org_id, user_id, role)
      values ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000001a', 'admin');
      insert into public.object_type (id, name, key_datapoints) values (gen_random_uuid(), 'company', '{domain}');
      insert into public.activity (org_id, name, activity_type, object_type_id)
      select '00000000-0000-4000-8000-0000000000a1', 'Enrich companies', 'enrichment', id from public.object_type`);
  });
  afterAll(() => database.drop());

  /** What a block answers: the rows of all its statements, or its error. */
  async function answer(who: string, sql: string): Promise<string[]> {
    const client = await database.pool.connect();
    try {
      await client.query("begin");
      if (who !== "the operator")
        await client.query(
          `select set_config('request.jwt.claims', '{"sub": "00000000-0000-4000-8000-00000000001a"}', true), set_config('role', 'authenticated', true)`,
        );
      const results = (await client.query({
        text: sql,
        rowMode: "array",
        types: { getTypeParser: () => String } as never,
      })) as unknown as pg.QueryArrayResult<(string | null)[]> | pg.QueryArrayResult<(string | null)[]>[];
      await client.query("commit");
      return [results].flat().flatMap(({ rows }) =>
        rows.map((row) =>
          row
            .map((field) => (field === "t" ? "true" : (field ?? "")))
            .join(" | ")
            .trimEnd(),
        ),
      );
    } catch (error) {
      await client.query("rollback");
      if (!(error instanceof pg.DatabaseError)) throw error;
      return [`ERROR ${error.code}: ${error.message}`];
    } finally {
      client.release();
    }
  }

  it("has blocks to try, and tries all", () => {
    expect(blocks.length).toBeGreaterThan(6);
    expect(blocks).toHaveLength([...guide.matchAll(/^```sql$/gm)].length);
  });

  for (const [, who, sql, shown] of blocks)
    it(`as ${who}: ${sql!.replace(/\s+/g, " ").slice(0, 90)}`, async () => {
      expect(await answer(who!, sql!)).toEqual(shown === undefined ? [] : shown.trimEnd().split("\n"));
    });
});
