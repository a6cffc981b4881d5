/** References that triggers keep hold against those who write and delete at the same time, as foreign keys do. */
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
  await database.pool.query("select test_setup.setup_enrichment_test_data()");
});
afterAll(() => database.drop());

const object = async (key: string): Promise<string> => {
  const { rows } = await database.pool.query<{ id: string }>(
    `insert into public.object (org_id, object_type_id, natural_key, key_hash)
     values (test_setup.id('org acme'), test_setup.id('company'), to_jsonb($1::text), sha256($1::text::bytea)) returning id`,
    [key],
  );
  return rows[0]!.id;
};
const value = (id: string) => ({
  text: `insert into public.value (org_id, object_id, datapoint_id, value, confidence, observed_at)
         values (test_setup.id('org acme'), $1, test_setup.id('company.industry'), '"toys"', 1, now())`,
  values: [id],
});
const remove = (id: string) => ({ text: "delete from public.object where id = $1", values: [id] });
const values = async (id: string): Promise<number> => {
  const { rowCount } = await database.pool.query("select from public.value where object_id = $1", [id]);
  return rowCount!;
};

/** Begins `second` while `first` has been done but not committed, and returns once the server says that it waits. */
async function behind(
  first: pg.PoolClient,
  second: pg.PoolClient,
  work: { text: string; values: string[] },
): Promise<{ done: Promise<unknown> }> {
  const { rows } = await second.query<{ pid: number }>("select pg_backend_pid() as pid");
  const done = second.query(work).then(
    () => null,
    (error: { code: string }) => error.code,
  );
  for (;;) {
    const { rows: waits } = await first.query<{ waits: boolean }>(
      "select cardinality(pg_blocking_pids($1)) > 0 as waits",
      [rows[0]!.pid],
    );
    if (waits[0]!.waits) return { done };
  }
}

async function two(work: (one: pg.PoolClient, other: pg.PoolClient) => Promise<void>): Promise<void> {
  const one = await database.pool.connect();
  const other = await database.pool.connect();
  try {
    await work(one, other);
  } finally {
    one.release(true);
    other.release(true);
  }
}

test("who deletes waits for who refers, and takes the new row with it", async () => {
  const id = await object("referred to first");
  await two(async (writer, deleter) => {
    await writer.query("begin");
    await writer.query(value(id));
    const { done } = await behind(writer, deleter, remove(id));
    await writer.query("commit");
    expect(await done).toBeNull();
  });
  expect(await values(id)).toBe(0);
});

test("who refers waits for who deletes, and is refused", async () => {
  const id = await object("deleted first");
  await two(async (deleter, writer) => {
    await deleter.query("begin");
    await deleter.query(remove(id));
    const { done } = await behind(deleter, writer, value(id));
    await deleter.query("commit");
    expect(await done).toBe("23503");
  });
  expect(await values(id)).toBe(0);
});

test("who refers waits for who deletes, and goes on when that comes to nothing", async () => {
  const id = await object("not deleted after all");
  await two(async (deleter, writer) => {
    await deleter.query("begin");
    await deleter.query(remove(id));
    const { done } = await behind(deleter, writer, value(id));
    await deleter.query("rollback");
    expect(await done).toBeNull();
  });
  expect(await values(id)).toBe(1);
});

test("a delete that could not see what others refer to is refused", async () => {
  const id = await object("repeatable");
  const client = await database.pool.connect();
  try {
    await client.query("begin isolation level repeatable read");
    await expect(client.query(remove(id))).rejects.toMatchObject({ code: "ETL05" });
  } finally {
    client.release(true);
  }
});

test("of objects that many write to and delete at the same time no value stays without its object", async () => {
  const ids = await Promise.all(Array.from({ length: 40 }, (_, n) => object(`contested ${n}`)));
  const mixed = ids.flatMap((id, n) => (n % 2 ? [value(id), remove(id)] : [remove(id), value(id)]));
  const outcomes = await Promise.all(
    mixed.map((work) =>
      database.pool.query(work).then(
        () => "ok",
        (error: { code: string }) => error.code,
      ),
    ),
  );
  expect(outcomes.filter((outcome) => outcome !== "ok" && outcome !== "23503")).toEqual([]);
  const { rows } = await database.pool.query(
    "select v.id from public.value as v where not exists (select from public.object as o where o.id = v.object_id)",
  );
  expect(rows).toEqual([]);
}, 60_000);
