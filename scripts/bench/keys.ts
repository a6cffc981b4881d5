/**
 * The key-value store against a plain table with a primary key that holds the same keys and values, over the same
 * connection: what versions, expiry, rights and lists cost. And how fast it becomes a typed table.
 */
import type { Bench, Figure } from "./bench.ts";
import { connect, timed } from "./engine.ts";

/** Keys in one statement. */
const many = 1000;
/** Calls of one key each, each a transaction of its own. */
const single = 300;

const value = { userId: "user-456", title: "Plan my Paris trip", stops: ["Louvre", "Canal"], nights: 5 };

/** One thing to do: ours, and the statement on the plain table. */
interface Task {
  name: string;
  /** Keys each call handles. */
  keys: number;
  calls: number;
  ours: string;
  plain: string;
  /** What both are given behind the tenant. */
  values(round: number, call: number): unknown[];
  must?: number;
}

const upsert =
  "on conflict (org_id, key) do update set value = excluded.value, updated_at = excluded.updated_at";
const keyOf = (round: number, place: number) => `note:${round}-${place}`;
const entries = (round: number) =>
  JSON.stringify(
    Object.fromEntries(Array.from({ length: many }, (_, place) => [keyOf(round, place), value])),
  );

const setMany = {
  keys: many,
  calls: 4,
  ours: "select count(*) from etl_api.kv_set_many($1, $2)",
  plain: `insert into bench_keys (org_id, key, value) select $1, e.key, e.value from jsonb_each($2::jsonb) as e ${upsert}`,
  must: 1.5,
};
const tasks: Task[] = [
  { name: "set, many new", ...setMany, values: (round, call) => [entries(round * 4 + call)] },
  { name: "set, many there", ...setMany, values: (round, call) => [entries(round * 4 + call)] },
  {
    name: "set, one",
    keys: 1,
    calls: single,
    ours: "select etl_api.kv_set($1, $2, $3)",
    plain: `insert into bench_keys (org_id, key, value) values ($1, $2, $3) ${upsert}`,
    values: (round, call) => [`one:${round}-${call}`, value],
    must: 1.5,
  },
  {
    name: "get, one",
    keys: 1,
    calls: single,
    ours: "select etl_api.kv_get($1, $2)",
    plain: "select value from bench_keys where org_id = $1 and key = $2",
    values: (round, call) => [keyOf(round * 4, call)],
    must: 1.5,
  },
  {
    name: "get, many",
    keys: many,
    calls: 4,
    ours: "select key, value from etl_api.kv_get_many($1, $2)",
    plain: "select key, value from bench_keys where org_id = $1 and key = any ($2)",
    values: (round, call) => [Array.from({ length: many }, (_, place) => keyOf(round * 4 + call, place))],
    must: 1.5,
  },
  {
    name: "list by prefix",
    keys: many,
    calls: 4,
    ours: "select key, value from etl_api.kv_list($1, $2, null, 1000)",
    plain: `select key, value from bench_keys where org_id = $1 and key >= $2 and key < $2 || 'zzz' order by key limit 1000`,
    values: (round, call) => [`note:${round * 4 + call}-`],
    must: 1.5,
  },
];

export const keys: Bench = {
  name: "keys",
  about: "the key-value store against a plain table with a primary key, and its way into a typed table",
  n: 50_000,
  async run({ url, n, rounds, progress }) {
    await using client = await connect(url);
    await client.query(`create table public.bench_keys (org_id uuid, key text collate "C", value jsonb not null,
      updated_at timestamptz not null default now(), primary key (org_id, key)) with (fillfactor = 80)`);
    await client.query("set search_path = public");
    const { rows } = await client.query<{ id: string }>(
      "insert into public.org (name, slug) values ('Bench', 'keys-' || gen_random_uuid()) returning id",
    );
    const org = rows[0]!.id;
    const rates = new Map<string, { ours: number[]; plain: number[] }>(
      tasks.map(({ name }) => [name, { ours: [], plain: [] }]),
    );
    for (let round = 0; round < rounds; round++) {
      for (const { name, keys, calls, values, ...texts } of tasks) {
        const seconds = { ours: 0, plain: 0 };
        for (let call = 0; call < calls; call++) {
          const given = [org, ...values(round, call)];
          // In turns, call by call: whoever comes first after something else pays for what has left the caches.
          const sides = call % 2 === 0 ? (["ours", "plain"] as const) : (["plain", "ours"] as const);
          for (const side of sides)
            seconds[side] += await timed(() =>
              client.query({ name: `${name} ${side}`, text: texts[side], values: given }),
            );
        }
        for (const side of ["ours", "plain"] as const)
          rates.get(name)![side].push((seconds[side] / (keys * calls)) * 1e6);
      }
      progress(`round ${round + 1} of ${rounds}: ${tasks.length} ways to read and write`);
    }
    await client.query("drop table public.bench_keys");

    const trip = `select etl_api.kv_set_many($1, (
      select jsonb_object_agg('trip:' || i, jsonb_build_object('userId', 'u' || i % 100, 'title', 'Trip ' || i, 'destination', 'Rome',
        'startDate', '2025-05-01', 'travelers', 2, 'createdAt', '2024-12-24T10:00:00Z', 'nights', 5))
      from generate_series($2::int, $2::int + $3::int - 1) as i))`;
    await client.query(
      "select count(*) from etl_api.kv_set_many($1, (select jsonb_object_agg('profile:u' || i, '{}'::jsonb) from generate_series(0, 99) as i))",
      [org],
    );
    await client.query("select etl_api.kv_migrate('profiles')");
    const moved: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await client.query(`select count(*) from (${trip}) as s`, [org, round * n, n]);
      moved.push(n / (await timed(() => client.query("select etl_api.kv_migrate('trips', 10000000)"))));
      progress(`round ${round + 1} of ${rounds}: ${n.toLocaleString("en")} values into a table`);
    }
    return [
      ...tasks.map(({ name, must }): Figure => ({
        name,
        unit: "µs/key",
        values: rates.get(name)!.ours,
        against: "a plain table",
        baseline: rates.get(name)!.plain,
        ...(must === undefined ? {} : { must, atMost: true }),
      })),
      { name: "into a typed table of eight columns", unit: "values/s", values: moved },
    ];
  },
};
