/** A dry run is heard by nobody: no bell, no change of state; what follows it in the same transaction is. */
import pg from "pg";
import { expect, test } from "vitest";
import { withDatabase } from "../helpers/database.ts";

const data = `jsonb_build_object(
  'input', '{"companies": [{"domain": "acme.test"}]}'::jsonb,
  'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies'))))`;

test("a dry run rings no bell", () =>
  withDatabase(async ({ pool, url }) => {
    await pool.query("select test_setup.setup_enrichment_test_data()");
    const listener = new pg.Client({ connectionString: url });
    await listener.connect();
    try {
      const heard: string[] = [];
      listener.on("notification", ({ channel }) => heard.push(channel));
      await listener.query("listen etl_bell; listen etl_state");

      const dry = await pool.query(`select etl_api.dry_run(test_setup.id('org acme'), ${data}) as plan`);
      expect(dry.rows[0].plan.request_count).toBe(2);
      // Notifications come before the answer to a later query of the listener.
      await listener.query("select");
      expect(heard).toEqual([]);

      const real = await pool.connect();
      await real.query("begin");
      await real.query(`select etl_api.dry_run(test_setup.id('org acme'), ${data})`);
      await real.query(`select test_setup.start(${data})`);
      await real.query("commit");
      real.release();
      await listener.query("select");
      expect(new Set(heard)).toContain("etl_bell");
      expect((await pool.query("select count(*)::int from workflow_request")).rows[0].count).toBe(1);
    } finally {
      await listener.end();
    }
  }));
