/**
 * Resolving paths in a payload of 1 MB against the nearest `jsonb_path_query`, which gives the values without their
 * locations. Run by `npm run bench`, or alone: `DATABASE_URL=… npx tsx scripts/bench/paths.ts` on a database with the
 * engine in it.
 */
import { pathToFileURL } from "node:url";
import pg from "pg";
import { median, ratio, type Bench, type BenchOptions, type Figure } from "./bench.ts";

/** A path, and the jsonpath that finds the same nodes. */
interface Contest {
  name: string;
  path: unknown;
  native: string;
}

const contests: Contest[] = [
  { name: "names", path: ["companies", "name"], native: "$.companies.name" },
  { name: "names by *", path: ["companies", "*", "name"], native: "$.companies[*].name" },
  { name: "nested names", path: ["companies", "address", "city"], native: "$.companies.address.city" },
  { name: "a list in a list", path: ["companies", "people", "email"], native: "$.companies.people.email" },
  { name: "objects", path: ["companies", "*"], native: "$.companies[*]" },
  { name: "all members", path: ["companies", "*", "*"], native: "$.companies[*].*" },
  { name: "** and a name", path: ["**", "city"], native: "$.**.city" },
  {
    name: "**",
    path: ["**"],
    native: 'strict $.** ? (@.type() == "object" || @.type() == "array")',
  },
];

/** About 1 MB of JSON text: companies with facts, an address and three people each. */
const payload = `
  select jsonb_build_object('page', 1, 'companies', jsonb_agg(jsonb_build_object(
    'name', 'Company ' || n, 'domain', 'c' || n || '.test', 'industry', 'Software', 'employees', n * 7,
    'address', jsonb_build_object('city', 'Town ' || n % 50, 'geo', jsonb_build_object('lat', 52.5, 'lon', n)),
    'tags', jsonb_build_array('a', 'b', n),
    'people', jsonb_build_array(
      jsonb_build_object('email', 'a' || n || '@c.test', 'role', 'ceo'),
      jsonb_build_object('email', 'b' || n || '@c.test', 'role', 'cto'),
      jsonb_build_object('email', 'c' || n || '@c.test', 'role', 'cfo')))))
  from generate_series(1, 3000) as n`;

/** One contestant's best of five, measured inside the server: the way to the client is not what is compared. */
async function milliseconds(client: pg.Client, from: string): Promise<number> {
  await client.query(`
    create or replace function pg_temp.measure(data jsonb) returns numeric language plpgsql as $measure$
    declare
      best numeric;
      started timestamptz;
      nodes bigint;
    begin
      for attempt in 1 .. 10 loop
        started := clock_timestamp();
        nodes := (select count(*) from ${from});
        -- The first five plan anew each time.
        if attempt > 5 then
          best := least(best, extract(epoch from clock_timestamp() - started) * 1000);
        end if;
      end loop;
      return best;
    end $measure$`);
  const { rows } = await client.query<{ best: string }>(
    "select pg_temp.measure((select data #> '{}' from pg_temp.payload)) as best",
  );
  return Number(rows[0]!.best);
}

async function measure({
  url,
  rounds,
  progress,
}: Pick<BenchOptions, "url" | "rounds" | "progress">): Promise<Figure[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`create temporary table payload (data) as ${payload}`);
    const figures: Figure[] = contests.map(({ name }) => ({
      name,
      unit: "ms",
      values: [],
      against: "jsonb_path_query",
      baseline: [],
    }));
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round} of ${rounds}`);
      for (const [index, { path, native }] of contests.entries()) {
        const figure = figures[index]!;
        figure.baseline!.push(await milliseconds(client, `jsonb_path_query(data, '${native}')`));
        figure.values.push(
          await milliseconds(client, `utils.jsonb_resolve(data, '${JSON.stringify(path)}')`),
        );
      }
    }
    return figures;
  } finally {
    await client.end();
  }
}

export const paths: Bench = {
  name: "paths",
  about: "utils.jsonb_resolve over 1 MB, with locations, against the nearest jsonb_path_query, without",
  run: measure,
};

/** Measures and prints one line a path. */
export async function run(url = process.env["DATABASE_URL"]): Promise<void> {
  if (url === undefined) throw new Error("Set DATABASE_URL to a database with the engine in it.");
  for (const figure of await measure({ url, rounds: 3, progress: () => {} })) {
    const [ours, native] = [median(figure.values), median(figure.baseline!)].map((value) =>
      value.toFixed(2).padStart(7),
    );
    process.stdout.write(
      `${figure.name.padEnd(18)} ${ours} ms, native ${native} ms: ${ratio(figure)!.toFixed(2)}\n`,
    );
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await run();
