/** What docs/operating.md says of retention is what happens. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { withDatabase } from "../helpers/database.ts";

const guide = readFileSync(new URL("../../docs/operating.md", import.meta.url), "utf8");
const section = guide.split(/^## /m).find((part) => part.startsWith("Keep it small\n"))!;
const blocks = (language: string) =>
  [...section.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, text]) => text!);

test("retention is set, purged by hand, and in a loop of its own transactions", () =>
  withDatabase(async ({ pool }) => {
    const [setting, byHand, loop] = blocks("sql");
    const client = await pool.connect();
    const chain = async (domain: string, ended: string) => {
      await client.query("select set_config('etl.fake_now', $1, false)", [ended]);
      await client.query("select test_setup.chain(array[$1])", [domain]);
      await client.query("select test_setup.finish_chains()");
      await client.query("select etl_api.recover()");
    };
    const there = async () =>
      (await client.query("select idempotency_key as key from workflow_request order by 1")).rows.map(
        ({ key }) => key,
      );
    try {
      await client.query("select test_setup.setup_enrichment_test_data()");
      await chain("first.test", "2100-01-01 00:00:00Z");

      await client.query("set etl.fake_now = '2100-03-01 00:00:00Z'");
      const { rows } = await client.query({ text: byHand!.replace(/;\s*$/, ""), rowMode: "array" });
      expect(rows.map((row) => row.join(" | ")).join("\n")).toBe(blocks("text")[0]!.trimEnd());
      expect(await there()).toEqual([]);

      await chain("second.test", "2100-03-01 00:00:00Z");
      await chain("third.test", "2100-04-20 00:00:00Z");
      await client.query("set etl.fake_now = '2100-05-01 00:00:00Z'");
      await client.query(loop!);
      expect(await there()).toEqual(["key third.test"]);

      await client.query("set etl.fake_now = '2100-06-01 00:00:00Z'");
      await client.query("select etl_api.recover()");
      expect(await there()).toEqual(["key third.test"]);
      await client.query(setting!);
      const swept = await client.query("select what from etl_api.recover() where what = 'purged'");
      expect(swept.rows).toEqual([{ what: "purged" }]);
      expect(await there()).toEqual([]);
    } finally {
      client.release();
    }
  }));
