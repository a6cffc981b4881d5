/** Many connections change the configuration of the same orgs at once: each chain stays whole. */
import { expect, test } from "vitest";
import { withDatabase } from "../helpers/database.ts";

test("chains written from many connections at once have no gap, no fork and every change", () =>
  withDatabase(async ({ pool }) => {
    const { rows: orgs } = await pool.query<{ id: string }>(`
      with o as (insert into public.org (name, slug) select 'Org ' || g, 'org-' || g from generate_series(1, 3) as g returning id)
      select id from o`);
    const writers = 10;
    const changes = 20;
    let undone = 0;
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        const client = await pool.connect();
        try {
          for (let change = 0; change < changes; change++) {
            // Some statements write to all chains at once; some transactions are undone.
            const undo = change % 5 === 4;
            await client.query("begin");
            await client.query(
              `insert into public.object_type (org_id, name, key_datapoints)
               select id, $1, '{a}' from public.org ${change % 3 === 0 ? "" : "where id = $2"} order by id ${writer % 2 ? "desc" : "asc"}`,
              [
                `type ${writer}.${change}`,
                ...(change % 3 === 0 ? [] : [orgs[(writer + change) % orgs.length]!.id]),
              ],
            );
            await client.query(undo ? "rollback" : "commit");
            undone += Number(undo);
          }
        } finally {
          client.release();
        }
      }),
    );
    expect(undone).toBe((writers * changes) / 5);
    expect((await pool.query("select * from etl_api.check_audit()")).rows).toEqual([]);
    const { rows } = await pool.query(`
      select (select count(*) from public.object_type)::int as stored,
        (select count(*) from etl_api.audit_log where table_name = 'public.object_type')::int as written,
        (select bool_and(last = n and first = 1) from (
          select max(seq) as last, count(*) as n, min(seq) as first from etl_api.audit_log group by org_id) as c) as whole`);
    expect(rows).toEqual([{ stored: expect.any(Number), written: rows[0].stored, whole: true }]);
    expect(rows[0].stored).toBeGreaterThan(writers * changes * 0.8);
  }));

test("two who begin the same chain at once write one after the other", () =>
  withDatabase(async ({ pool }) => {
    const [first, second] = [await pool.connect(), await pool.connect()];
    try {
      await first.query("begin");
      await first.query(
        "insert into public.object_type (name, key_datapoints) values ('a', '{x}'), ('b', '{x}')",
      );
      const { rows } = await second.query<{ pid: number }>("select pg_backend_pid() as pid");
      const late = second.query("insert into public.object_type (name, key_datapoints) values ('c', '{x}')");
      await expect
        .poll(
          async () =>
            (await first.query("select wait_event_type from pg_stat_activity where pid = $1", [rows[0]!.pid]))
              .rows[0].wait_event_type,
        )
        .toBe("Lock");
      await first.query("commit");
      await late;
      const { rows: entries } = await pool.query(
        "select seq::int, new ->> 'name' as name from etl_api.audit_log where org_id is null order by seq",
      );
      expect(entries).toEqual([
        { seq: 1, name: "a" },
        { seq: 2, name: "b" },
        { seq: 3, name: "c" },
      ]);
      expect((await pool.query("select * from etl_api.check_audit()")).rows).toEqual([]);
    } finally {
      first.release();
      second.release();
    }
  }));
