/** Counts and schemas of clients' tables, from many connections at once. */
import { expect, test } from "vitest";
import type pg from "pg";
import { withDatabase } from "../helpers/database.ts";

const writers = 8;

async function makeClients(pool: pg.Pool, count: number): Promise<string[]> {
  const { rows } = await pool.query<{ client_id: string }>(
    `with o as (insert into public.org (name, slug) values ('Acme', 'acme-clients') returning id)
     insert into public.clients (organization_id, company_name) select o.id, 'Client ' || n from o, generate_series(1, $1) as n
     returning client_id`,
    [count],
  );
  return rows.map(({ client_id }) => client_id);
}

test("counts are exact at every moment while many write, delete, roll back and fold", async () => {
  await withDatabase(async ({ pool }) => {
    const [shop] = await makeClients(pool, 1);
    const wrong: unknown[] = [];
    let open = writers;
    const write = async (worker: number): Promise<void> => {
      const connection = await pool.connect();
      for (let turn = 0; turn < 20; turn++) {
        await connection.query("begin");
        const rows = JSON.stringify(
          Array.from({ length: 1 + ((turn * worker) % 7) }, (_, n) => ({ worker, turn, n })),
        );
        await connection.query("select etl_api.ingest_client_data($1, 'orders', $2)", [shop, rows]);
        if (turn % 4 === 3)
          await connection.query(
            `delete from public.client_data where id in (select id from public.client_data
             where data @> $1 order by id limit 2)`,
            [JSON.stringify({ worker })],
          );
        await connection.query(turn % 5 === 4 ? "rollback" : "commit");
      }
      connection.release();
      open--;
    };
    const watch = async (): Promise<void> => {
      while (open > 0) {
        // One statement, one moment.
        const { rows } = await pool.query<{ kept: string; counted: string; told: string }>(
          `select row_count as kept, actual_row_count as counted, public.get_client_data_count(client_id) as told
           from public.client_data_summary where table_name is not null`,
        );
        for (const row of rows) if (new Set(Object.values(row)).size > 1) wrong.push(row);
        await pool.query("select etl_api.fold_client_counts()");
      }
    };
    await Promise.all([...Array.from({ length: writers }, (_, n) => write(n + 1)), watch()]);
    expect(wrong).toEqual([]);
    await pool.query("select etl_api.fold_client_counts()");
    const { rows } = await pool.query(
      `select s.row_count = (select count(*) from public.client_data) as exact, s.row_count > 100 as many,
         (select count(*)::int from etl_api.client_count_delta) as left from public.client_schemas as s`,
    );
    expect(rows).toEqual([{ exact: true, many: true, left: 0 }]);
  });
});

test("nobody waits for a writer whose transaction stays open", async () => {
  await withDatabase(async ({ pool }) => {
    const [shop] = await makeClients(pool, 1);
    const add = (on: pg.Pool | pg.PoolClient) =>
      on.query("select etl_api.ingest_client_data($1, 'orders', '[{\"a\": 1}]')", [shop]);
    await add(pool);
    const slow = await pool.connect();
    await slow.query("begin");
    await add(slow);
    const quick = await pool.connect();
    await quick.query("set lock_timeout = '2s'");
    await add(quick);
    await quick.query("select etl_api.fold_client_counts()");
    const count = async (on: pg.PoolClient) =>
      (await on.query<{ n: number }>("select public.get_client_data_count($1)::int as n", [shop])).rows[0]!.n;
    expect([await count(quick), await count(slow)]).toEqual([2, 3]);
    await slow.query("commit");
    expect(await count(quick)).toBe(3);
    for (const connection of [slow, quick]) connection.release();
  });
});

test("fields that many add at once are added once, and the first says what they are", async () => {
  await withDatabase(async ({ pool }) => {
    const [shop] = await makeClients(pool, 1);
    await Promise.all(
      Array.from({ length: writers }, async (_, worker) => {
        for (let turn = 0; turn < 10; turn++) {
          // Some say it is a number, some a date.
          const value = worker % 2 === 0 ? "12" : "2024-03-05";
          const row = Object.fromEntries(
            Array.from({ length: 5 }, (_, n) => [`f${(turn * 3 + worker + n) % 20}`, value]),
          );
          await pool.query("select etl_api.ingest_client_data($1, null, $2)", [shop, JSON.stringify([row])]);
        }
      }),
    );
    const { rows } = await pool.query(
      `select (select count(*)::int from public.client_data) as rows, s.version,
         (select count(*)::int from public.client_schema_versions) as older,
         jsonb_array_length(s.schema_definition) as fields,
         (select count(distinct f.value ->> 'name')::int from jsonb_array_elements(s.schema_definition) as f (value)) as names,
         (select count(*)::int from etl_api.schema_change where change = 'added') as added
       from public.client_schemas as s`,
    );
    expect(rows).toHaveLength(1);
    const [told] = rows as [{ version: number; older: number }];
    expect(told).toMatchObject({ rows: writers * 10, fields: 20, names: 20, added: 20 });
    expect(told.older).toBe(told.version - 1);
  });
});
