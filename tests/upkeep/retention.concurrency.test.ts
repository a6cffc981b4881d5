/**
 * Retention of what the stores leave behind, beside people who hold rows of it: they are not waited for, nothing of theirs
 * goes, and all else does.
 */
import pg from "pg";
import { expect, test } from "vitest";
import { withDatabase } from "../helpers/database.ts";

test("what somebody keeps locked stays, and holds up nothing else", () =>
  withDatabase(async ({ pool, url }) => {
    const holder = new pg.Client({
      connectionString: url,
      options: "-c etl.fake_now=2100-03-01\\ 00:00:00Z",
    });
    // Whoever waited would be ended by this.
    const sweeper = new pg.Client({
      connectionString: url,
      options: "-c etl.fake_now=2100-03-01\\ 00:00:00Z -c lock_timeout=2s",
    });
    const left = async () => {
      const { rows } = await pool.query<{ left: string }>(
        `select concat_ws(', ',
           (select string_agg(n.name, ' ' order by n.name)
            from unnest('{edited,read,told,free,large}'::text[]) as n (name)
            join ai_generation_jobs as j on j.id = test_setup.id(n.name)),
           (select count(*) from delivery), (select count(*) from etl_api.client_upload),
           (select count(*) from etl_api.schema_change), (select count(*) from client_schema_versions)) as left`,
      );
      return rows[0]!.left;
    };
    const sweep = async () => {
      for (let n = 0; n < 8; n++) await sweeper.query("select etl_api.purge_expired(10)");
    };
    try {
      await holder.connect();
      await sweeper.connect();
      await pool.query(`
        begin;
        set local etl.fake_now = '2100-01-01 00:00:00Z';
        select test_setup.set_up_records();
        insert into ai_generation_jobs (id, organization_id, table_id, created_at, updated_at)
        select test_setup.id(j), test_setup.id('org acme'), test_setup.id('leads'), utils.now(), utils.now()
        from unnest('{edited,read,told,free,large}'::text[]) as j;
        select etl_api.stage_generated_records(test_setup.id(j), '[{"name": "A"}, {"name": "B"}]')
        from unnest('{edited,read,told,free}'::text[]) as j;
        select etl_api.stage_generated_records(test_setup.id('large'),
          (select jsonb_agg(jsonb_build_object('name', n::text)) from generate_series(1, 100) as n));
        insert into webhook_endpoint (id, org_id, url) values (test_setup.id('endpoint'), test_setup.id('org acme'), 'https://client.test');
        select etl_api.send_test_event(test_setup.id('endpoint')) from generate_series(1, 2);
        select test_setup.deliver();
        insert into clients (client_id, organization_id, company_name) values (test_setup.id('shop'), test_setup.id('org acme'), 'Shop');
        select etl_api.finish_client_upload((etl_api.begin_client_upload(test_setup.id('shop'), 'orders', f, f) ->> 'id')::uuid)
        from unnest('{a,b}'::text[]) as f;
        select etl_api.ingest_client_data(test_setup.id('shop'), 'orders', r)
        from unnest(array['[{"a": 1}]', '[{"b": 1}]', '[{"c": 1}]']::jsonb[]) as r;
        insert into etl_api.retention (what, days)
        select w, 30 from unnest('{generation_job,test_event,client_upload,schema_change}'::text[]) as w;
        commit`);
      await pool.query("select etl_api.recount_states()");
      expect(await left()).toBe("edited free large read told, 2, 2, 3, 2");

      await holder.query("begin");
      await holder.query(`select etl_api.edit_staged_record(test_setup.id('edited'), 0, '{"city": "Rome"}')`);
      for (const rows of [
        "ai_generated_records where job_id = test_setup.id('read') and record_index = 1",
        "ai_generation_events where job_id = test_setup.id('told')",
        "(select * from delivery order by id limit 1 for update) as held",
        "(select * from etl_api.client_upload order by id limit 1 for update) as held",
        "(select * from etl_api.schema_change order by id limit 1 for update) as held",
        "(select * from client_schema_versions order by version limit 1 for update) as held",
      ])
        await holder.query(`select 1 from ${rows}${rows.includes("held") ? "" : " for update"}`);
      await sweep();
      expect(await left()).toBe("edited read told, 1, 1, 1, 1");

      await holder.query("commit");
      await sweep();
      expect(await left()).toBe("edited, 0, 0, 0, 0");
      const { rows } = await pool.query(
        "select count(*)::int from ai_generated_records where job_id = test_setup.id('edited')",
      );
      expect(rows).toEqual([{ count: 2 }]);
    } finally {
      await holder.end();
      await sweeper.end();
    }
  }));
