/** The key-value store from many connections at once. */
import fc from "fast-check";
import type pg from "pg";
import { expect, test } from "vitest";
import { withDatabase } from "../helpers/database.ts";

async function makeOrg(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    "insert into public.org (name, slug) values ('Acme', 'acme-kv') returning id",
  );
  return rows[0]!.id;
}

/** What happens to one statement while the transaction of another that came first is open, and then commits. */
async function behind(
  pool: pg.Pool,
  first: [text: string, values: unknown[]],
  second: [text: string, values: unknown[]],
): Promise<unknown> {
  const one = await pool.connect();
  const other = await pool.connect();
  try {
    const { pid } = (await other.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]!;
    await one.query("begin");
    await one.query(...first);
    let over = false;
    const outcome = other
      .query(...second)
      .then(
        () => "done",
        (error: unknown) => (error as { code: unknown }).code,
      )
      .finally(() => (over = true));
    // It waits for the first, or it has not: either way it has looked by then.
    const waits = async () =>
      (
        await pool.query<{ yes: boolean }>(
          "select exists (select from pg_locks where pid = $1 and not granted) as yes",
          [pid],
        )
      ).rows[0]!.yes;
    while (!over && !(await waits()));
    await one.query("commit");
    return await outcome;
  } finally {
    one.release();
    other.release();
  }
}

const get = async (pool: pg.Pool, org: string, key: string): Promise<unknown> =>
  (await pool.query<{ value: unknown }>("select etl_api.kv_get($1, $2) as value", [org, key])).rows[0]!.value;

test("of those who compare and set at once, one wins each time", async () => {
  await withDatabase(async ({ pool }) => {
    const org = await makeOrg(pool);
    await pool.query("select etl_api.kv_set($1, 'counter', '0')", [org]);
    let lost = 0;
    const count = async () => {
      for (let done = 0; done < 20;) {
        const { rows } = await pool.query<{ value: number; version: string }>(
          "select value, version from etl_api.kv_get_many($1, '{counter}')",
          [org],
        );
        const { value, version } = rows[0]!;
        const { rows: set } = await pool.query<{ version: string | null }>(
          "select etl_api.kv_compare_and_set($1, 'counter', $2, $3) as version",
          [org, version, JSON.stringify(value + 1)],
        );
        if (set[0]!.version === null) lost++;
        else done++;
      }
    };
    await Promise.all(Array.from({ length: 8 }, count));
    expect(await get(pool, org, "counter")).toBe(160);
    expect(lost).toBeGreaterThan(0);
  });
});

test("lists are what is stored, whoever writes at once, and while a list is made", async () => {
  await withDatabase(async ({ pool }) => {
    const org = await makeOrg(pool);
    const users = ["ann", "bob"];
    const write = async (worker: number) => {
      for (let turn = 0; turn < 40; turn++) {
        const id = (turn * 7 + worker) % 10;
        const userId = users[(turn + worker) % 2]!;
        if (turn % 5 === 4) await pool.query("select etl_api.kv_delete($1, $2)", [org, `trip:${id}`]);
        else if (turn % 5 === 3)
          await pool.query("select etl_api.kv_set_many($1, $2)", [
            org,
            JSON.stringify({ [`trip:${id}`]: { userId }, [`trip:${(id + 3) % 10}`]: { userId } }),
          ]);
        else
          await pool.query("select etl_api.kv_set($1, $2, $3)", [
            org,
            `trip:${id}`,
            JSON.stringify({ userId, turn }),
          ]);
        if (worker === 0 && turn === 20)
          await pool.query(
            "insert into etl_api.kv_index (org_id, name, of_pattern) values ($1, 'all_trips', 'trip:{id}')",
            [org],
          );
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, worker) => write(worker)));

    const { rows } = await pool.query<{ key: string; value: { userId: string } }>(
      "select key, value from etl_api.kv_list($1, 'trip:')",
      [org],
    );
    const ids = (of: (userId: string) => boolean) =>
      rows.filter(({ value }) => of(value.userId)).map(({ key }) => key.slice(5));
    const listed = async (key: string) => ((await get(pool, org, key)) as string[]).sort();
    expect(rows.length).toBeGreaterThan(0);
    for (const user of users)
      expect(await listed(`trips:index:${user}`)).toEqual(ids((userId) => userId === user));
    expect(await listed("all_trips")).toEqual(ids(() => true));
  });
});

test("what is being written while a list or a table begins is in it", async () => {
  await withDatabase(async ({ pool }) => {
    const org = await makeOrg(pool);
    const begins = async (key: string, statement: string, values: unknown[]): Promise<void> => {
      const outcome = await behind(
        pool,
        ["select etl_api.kv_set($1, $2, '{}')", [org, key]],
        [statement, values],
      );
      expect(outcome).toBe("done");
    };
    await begins(
      "trip:early",
      "insert into etl_api.kv_index (org_id, name, of_pattern) values ($1, 'all_trips', 'trip:{id}')",
      [org],
    );
    expect(await get(pool, org, "all_trips")).toEqual(["early"]);

    await begins("event:early", "select etl_api.kv_migrate('events')", []);
    await pool.query("select etl_api.kv_migrate('events')");
    const { rows } = await pool.query("select key from etl_api.kv_values('events')");
    expect(rows).toEqual([{ key: "event:early" }]);
  });
});

test("what is written while a list is being made is in it, however it is written", async () => {
  await withDatabase(async ({ pool }) => {
    const org = await makeOrg(pool);
    for (const [head, write] of [
      ["one", "select etl_api.kv_set($1, 'one:late', '{}')"],
      ["many", `select count(*) from etl_api.kv_set_many($1, '{"many:late": {}}')`],
      ["if", "select etl_api.kv_compare_and_set($1, 'if:late', null, '{}')"],
    ] as const) {
      const begins = "insert into etl_api.kv_index (org_id, name, of_pattern) values ($1, $2, $3)";
      const outcome = await behind(pool, [begins, [org, `all_${head}`, `${head}:{id}`]], [write, [org]]);
      expect([head, outcome, await get(pool, org, `all_${head}`)]).toEqual([head, "done", ["late"]]);
    }
  });
});

test("an org that goes while a key is written takes it along, or the key is refused", async () => {
  await withDatabase(async ({ pool }) => {
    for (const write of [
      "select etl_api.kv_set($1, 'a', '1')",
      `select count(*) from etl_api.kv_set_many($1, '{"a": 1, "b": 2}')`,
      "select etl_api.kv_compare_and_set($1, 'a', null, '1')",
    ]) {
      const gone = "delete from public.org where id = $1";
      for (const first of [write, gone]) {
        const org = await makeOrg(pool);
        const second = first === gone ? write : gone;
        expect([first, await behind(pool, [first, [org]], [second, [org]])]).toEqual([
          first,
          first === gone ? "23503" : "done",
        ]);
        const { rows } = await pool.query("select key from public.kv_store where org_id = $1", [org]);
        expect(rows).toEqual([]);
        expect((await pool.query("select from public.org where id = $1", [org])).rowCount).toBe(0);
      }
    }
  });
});

test("keys and values come back as they were written, and in the order of their bytes", async () => {
  await withDatabase(async ({ pool }) => {
    const org = await makeOrg(pool);
    // What Postgres cannot hold in a text or in jsonb.
    const storable = (text: string) => !/[\0\ud800-\udfff]/u.test(text);
    const key = fc.string({ unit: "binary", minLength: 1, maxLength: 40 }).filter(storable);
    const value = fc
      .jsonValue({ maxDepth: 2 })
      .filter(
        (json) =>
          !JSON.stringify(json).includes("\\u0000") &&
          storable(JSON.stringify(json)) &&
          !/\\ud[89a-f]/i.test(JSON.stringify(json)),
      );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, value, { maxKeys: 8 }), key, async (entries, prefix) => {
        // Heads of lists are not to be hit by chance.
        const space = `r${run++}/`;
        const given = Object.fromEntries(Object.entries(entries).map(([name, held]) => [space + name, held]));
        await pool.query("select etl_api.kv_set_many($1, $2)", [org, JSON.stringify(given)]);
        const bytes = (text: string) => Buffer.from(text, "utf8");
        for (const wanted of [
          "",
          prefix,
          ...Object.keys(entries).map((name) => [...name].slice(0, 2).join("")),
        ]) {
          const { rows } = await pool.query<{ key: string; value: unknown }>(
            "select key, value from etl_api.kv_list($1, $2, null, 1000)",
            [org, space + wanted],
          );
          const expected = Object.keys(given)
            .filter((name) => name.startsWith(space + wanted))
            .sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
          expect(rows.map((row) => row.key)).toEqual(expected);
          for (const row of rows) expect(row.value).toEqual(JSON.parse(JSON.stringify(given[row.key])));
        }
      }),
      { numRuns: 60 },
    );
  });
});
