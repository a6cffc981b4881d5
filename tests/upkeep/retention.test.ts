/** What docs/retention.md says is what happens. */
import { readFileSync } from "node:fs";
import type pg from "pg";
import { expect, test } from "vitest";
import { withDatabase } from "../helpers/database.ts";

const guide = readFileSync(new URL("../../docs/retention.md", import.meta.url), "utf8");

/** The statements of a section and what each is said to return. */
function examples(heading: string): { sql: string; text: string | undefined }[] {
  const section = guide.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))!;
  return [...section.matchAll(/^```sql\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?/gms)].map(([, sql, text]) => ({
    sql: sql!.trim().replace(/;$/, ""),
    text: text?.trimEnd(),
  }));
}

async function run(
  client: pg.ClientBase,
  { sql, text }: { sql: string; text: string | undefined },
  id: string,
) {
  const { rows } = await client.query({
    text: sql,
    values: sql.includes("$1") ? [id] : [],
    rowMode: "array",
  });
  if (text !== undefined) expect(rows.map((row) => row.join(" | ")).join("\n")).toBe(text);
}

test("docs/retention.md keeps, deletes, erases and limits as it says", () =>
  withDatabase(async ({ pool }) => {
    const client = await pool.connect();
    const one = async <T>(sql: string) => Object.values((await client.query(sql)).rows[0])[0] as T;
    try {
      await client.query("select test_setup.setup_enrichment_test_data()");
      const org = await one<string>("select test_setup.id('org acme')");

      const [setting, rules, inForce] = examples("For how long");
      await run(client, setting!, org);
      await run(client, rules!, org);
      await run(client, inForce!, org);

      await client.query("select test_setup.chain(array['acme.test', 'other.test'])");
      await client.query('select test_setup.exchange(\'{"company": {"sector": "Anvils"}}\')');
      await client.query("select test_setup.deliver()");
      const object = await one<string>("select id from object where natural_key ->> 'domain' = 'acme.test'");
      const [erase] = examples("Erasing an object");
      await run(client, erase!, object);
      expect(await one("select count(*)::int from object")).toBe(1);

      const [deletion] = examples("Deleting, for a while");
      await run(client, deletion!, org);
      await client.query("select test_setup.chain(array['late.test'])");
      expect(await one("select state_substate from workflow_request where state = 'invalid'")).toBe(
        "org_deleted",
      );
      await client.query("delete from workflow_request where state = 'invalid'");

      const [eraseAll, kept] = examples("Erasing an organisation");
      await run(client, eraseAll!, org);
      for (
        let n = 0;
        n < 20 && (await one<number>(`select count(*)::int from org where id = '${org}'`)) > 0;
        n++
      )
        await client.query("select etl_api.purge_expired()");
      await run(client, { ...kept!, sql: `${kept!.sql} and object_id is null` }, org);

      const [limit] = examples("Limits");
      await run(client, limit!, org);
      const settings = (
        await client.query(
          "select name, value #>> '{}' as value from etl_api.setting where name = any ($1)",
          [[...guide.matchAll(/^\| `(max_\w+)`/gm)].map(([, name]) => name)],
        )
      ).rows;
      expect(settings).toHaveLength(7);
      for (const { name, value } of settings) {
        const said = new RegExp(`^\\| \`${name}\` +\\| ([0-9,]+)`, "m").exec(guide)![1]!.replaceAll(",", "");
        expect(name === "max_objects" ? "100000" : value, name).toBe(said);
      }
    } finally {
      client.release();
    }
  }));
