/** Typed tables out of the key-value store: nothing is lost on the way there and back, whoever writes meanwhile. */
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

/** What is stored under the keys of a mapping, and what its table says of them. */
async function bothWays(pool: pg.Pool, mapping: string): Promise<[unknown[], unknown[]]> {
  const stored = await pool.query(
    `select s.key, s.value, s.expires_at from public.kv_store as s join etl_api.kv_mapping as m on m.name = $1
     where s.key ~ (utils.key_pattern(m.key_pattern)).matcher order by s.key`,
    [mapping],
  );
  const back = await pool.query(
    'select key, value, expires_at from etl_api.kv_values($1) order by key collate "C"',
    [mapping],
  );
  return [stored.rows, back.rows];
}

test("whatever is stored comes back from the table as it was", async () => {
  await withDatabase(async ({ pool }) => {
    const org = await makeOrg(pool);
    await pool.query(
      `insert into etl_api.kv_mapping (name, key_pattern, table_name, columns) values ('things', 'thing:{kind}:{id}', 'things', $1)`,
      [
        JSON.stringify([
          { name: "kind", key: "kind" },
          { name: "id", key: "id" },
          { name: "a", path: "a" },
          { name: "b", path: "b", type: "bigint" },
          { name: "c", path: ["m", "c"], type: "numeric" },
          { name: "d", path: ["m", "d"], type: "timestamptz" },
          { name: "e", path: "e", type: "text[]" },
          { name: "f", path: "f", type: "jsonb" },
          { name: "g", path: "g", type: "date" },
          { name: "h", path: "h", type: "boolean" },
          { name: "v", path: "v", type: "vector(2)" },
        ]),
      ],
    );
    const fine = (json: unknown) => !/\\u0000|\\ud[89a-f]/i.test(JSON.stringify(json));
    const any = fc.jsonValue({ maxDepth: 2 }).filter(fine);
    const likely = fc.oneof(
      any,
      fc.constantFrom<unknown>(
        null,
        7,
        -0.5,
        1e30,
        12345678901234,
        true,
        "x",
        "2024-12-24T10:00:00Z",
        "2024-12-24T10:00:00.123+02:00",
      ),
      fc.constantFrom<unknown>(
        "2024-02-30",
        "2024-02-29",
        ["a", "b"],
        [1, 2],
        [0.1, -3.5],
        [],
        {},
        "2024-02-30T00:00:00Z",
      ),
    );
    const members = fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h", "v", "x"), likely);
    const value = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.tuple(members, fc.oneof(members, any)).map(([outer, m]) => ({ ...outer, m })),
      },
      any,
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 12 }), async (values) => {
        run++;
        const entries = Object.fromEntries(values.map((held, place) => [`thing:r${run % 3}:${place}`, held]));
        await pool.query("select etl_api.kv_set_many($1, $2)", [org, JSON.stringify(entries)]);
        if (run % 4 === 0) await pool.query("select etl_api.kv_delete($1, 'thing:r0:0')", [org]);
        await pool.query("select etl_api.kv_migrate('things')");
        const [stored, back] = await bothWays(pool, "things");
        expect(back).toEqual(stored);
      }),
      { numRuns: 60 },
    );
  });
});

test("a table is what the store is, although all write while it is migrated, begins to follow and takes over", async () => {
  await withDatabase(async ({ pool }) => {
    const org = await makeOrg(pool);
    let over = false;
    let refused = 0;
    const write = async (worker: number) => {
      for (let turn = 0; !over || turn < 30; turn++) {
        const id = (turn * 7 + worker * 3) % 20;
        try {
          if (turn % 4 === 3) await pool.query("select etl_api.kv_delete($1, $2)", [org, `trip:${id}`]);
          else
            await pool.query("select etl_api.kv_set_many($1, $2)", [
              org,
              JSON.stringify({
                [`trip:${id}`]: { title: `${worker}.${turn}`, userId: `u${turn % 3}` },
                [`profile:u${turn % 3}`]: { displayName: `${worker}.${turn}` },
              }),
            ]);
        } catch (error) {
          expect((error as { code?: string }).code).toBe("ETL05");
          refused++;
        }
      }
    };
    const move = async () => {
      for (let turn = 0; turn < 10; turn++)
        for (const name of ["trips", "profiles"])
          await pool.query("select etl_api.kv_migrate($1, 7)", [name]);
      for (const name of ["profiles", "trips"]) await pool.query("select etl_api.kv_follow($1)", [name]);
      for (let turn = 0; turn < 10; turn++)
        await pool.query("select etl_api.kv_set($1, 'trip:last', $2)", [org, JSON.stringify({ turn })]);
      await pool.query("select etl_api.kv_switch('trips')");
      over = true;
    };
    await Promise.all([move(), ...Array.from({ length: 6 }, (_, worker) => write(worker))]);
    expect(refused).toBeGreaterThan(0);
    for (const name of ["trips", "profiles"]) {
      const [stored, back] = await bothWays(pool, name);
      expect(stored.length).toBeGreaterThan(0);
      expect(back).toEqual(stored);
    }
    const { rows } = await pool.query("select etl_api.kv_migrate('profiles') ->> 'keys' as keys");
    expect(rows).toEqual([{ keys: "0" }]);
  });
});
