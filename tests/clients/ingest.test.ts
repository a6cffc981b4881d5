/** `npm run ingest`: whole files, stopped ones, and those that cannot be read. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { projectRoot } from "../../scripts/lib/sources.ts";
import { ClientStore, sendRows, type Upload } from "../../supabase/functions/_shared/clients.ts";
import { DatabaseError, type Port } from "../../supabase/functions/_shared/client.ts";
import { createPgPort } from "../../supabase/functions/_shared/client-pg.ts";
import type { Row } from "../../supabase/functions/_shared/rows.ts";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const client = "123e4567-e89b-12d3-a456-426614174000";
let database: TestDatabase;
let folder: string;

beforeEach(async () => {
  database = await freshDatabase("ingest");
  await database.pool.query(
    `with o as (insert into public.org (name, slug) values ('Acme', 'acme') returning id)
     insert into public.clients (client_id, organization_id, company_name) select '${client}', o.id, 'Shop' from o`,
  );
  folder = mkdtempSync(join(tmpdir(), "millrace-ingest-"));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await database.drop();
});

const one = async <T>(sql: string): Promise<T> =>
  Object.values((await database.pool.query<Record<string, T>>(sql)).rows[0] ?? {})[0] as T;

interface Outcome {
  code: number | null;
  signal: string | null;
  out: string;
  err: string;
}

function start(args: string[]): { child: ChildProcess; ended: Promise<Outcome> } {
  const child = spawn(process.execPath, ["--import", "tsx", "scripts/ingest.ts", ...args], {
    cwd: projectRoot,
    env: { PATH: process.env.PATH, DATABASE_URL: database.url, NO_COLOR: "1" },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (part) => (out += String(part)));
  child.stderr.on("data", (part) => (err += String(part)));
  const ended = new Promise<Outcome>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, out, err })),
  );
  return { child, ended };
}
const run = (name: string, ...more: string[]): Promise<Outcome> =>
  start([join(folder, name), "--client", client, ...more]).ended;
const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);

test("CSV, NDJSON and JSON become the same rows; what cannot be stored is told by its place", async () => {
  put("a.csv", 'name,staff\n"Acme, Inc","1,234"\n株式会社BASE,１２人\nToo,1,many\n');
  const csv = await run("a.csv", "--type", "firms");
  expect(csv).toMatchObject({
    code: 3,
    out: "2 of 3 rows are in.\nrow 3: 3 cells, but the first line names 2\n",
  });
  put(
    "a.ndjson",
    '{"name": "Acme, Inc", "staff": "1,234"}\n{"name": "株式会社BASE", "staff": "１２人"}\n{\n',
  );
  expect(await run("a.ndjson", "--type", "firms")).toMatchObject({
    code: 3,
    out: "2 of 3 rows are in.\nrow 3: not JSON\n",
  });
  put("a.json", '[{"name": "Acme, Inc", "staff": "1,234"}, {"name": "株式会社BASE", "staff": "１２人"}]');
  const json = await run("a.json", "--type", "firms", "--json");
  expect([json.code, JSON.parse(json.out)]).toMatchObject([0, { taken: 2, stored: 2, failed: 0 }]);
  expect(await one("select array_agg(distinct data order by data) from public.client_data")).toEqual([
    { name: "Acme, Inc", staff: 1234 },
    { name: "株式会社BASE", staff: 12 },
  ]);
  expect(await one(`select public.get_client_data_count('${client}')::int`)).toBe(6);
});

test("killed half-way it goes on where it stopped: every row is in, none twice", async () => {
  const total = 60_000;
  const rows = Array.from({ length: total }, (_, n) => `${n},item ${n % 100},${n / 100}`);
  put("big.csv", `n,item,price\n${rows.join("\n")}\n`);
  const args = [join(folder, "big.csv"), "--client", client, "--type", "big"];
  const first = start(args);
  // As soon as a part is in; another is then on its way.
  while (((await one<number | null>("select max(parts) from etl_api.client_upload")) ?? 0) < 1)
    if (first.child.exitCode !== null) break;
  first.child.kill("SIGKILL");
  expect((await first.ended).signal).toBe("SIGKILL");
  // What the dead one had begun in the database ends first.
  while (
    await one<boolean>(
      "select exists (select from pg_stat_activity where datname = current_database() and application_name = 'millrace-functions')",
    )
  );
  const taken = await one<number>("select taken::int from etl_api.client_upload");
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(total);
  expect(await one(`select public.get_client_data_count('${client}')::int`)).toBe(taken);

  const refused = await start(args).ended;
  expect([refused.code, refused.err]).toEqual([
    1,
    expect.stringContaining("are in already, and it was not ended"),
  ]);
  const resumed = await start([...args, "--resume"]).ended;
  expect(resumed).toMatchObject({ code: 0, out: "60,000 of 60,000 rows are in.\n" });
  expect(resumed.err).toContain(`${taken.toLocaleString("en")} rows are in already.`);
  expect(
    await one(
      "select array[count(*), count(distinct (data ->> 'n')::int), min((data ->> 'n')::int), max((data ->> 'n')::int)]::int[] from public.client_data",
    ),
  ).toEqual([total, total, 0, total - 1]);
  // Once it is all in, going on changes nothing.
  expect(await start([...args, "--resume"]).ended).toMatchObject({ code: 0, out: resumed.out });
  expect(await one("select count(*)::int from public.client_data")).toBe(total);
});

test("a file that cannot be read on leaves in what came before, and says so", async () => {
  put("open.csv", `a,b\n${"1,2\n".repeat(6_000)}3,"4\n`);
  const { code, err } = await run("open.csv");
  expect([code, err]).toEqual([1, expect.stringContaining("The file cannot be read on")]);
  expect(await one("select count(*)::int from public.client_data")).toBe(5_000);
});

test("a file in another encoding is told, and goes in once it is said which", async () => {
  writeFileSync(join(folder, "wide.csv"), Buffer.from("\ufeff名前,値\r\n日本,１２\r\n", "utf16le"));
  const { code, err } = await run("wide.csv", "--type", "wide");
  expect([code, err]).toEqual([1, expect.stringContaining("not written in utf-8")]);
  expect(err).toContain("--resume and --encoding");
  expect(await run("wide.csv", "--type", "wide", "--resume", "--encoding", "utf-16le")).toMatchObject({
    code: 0,
    out: "1 of 1 rows are in.\n",
  });
  expect(await one("select array_agg(data) from public.client_data")).toEqual([{ 名前: "日本", 値: 12 }]);
});

test.each([
  [["none.csv"], "cannot be read"],
  [["a.txt"], "--format is csv, tsv, ndjson, json"],
  [["a.csv", "--client", "acme"], "--client is the id"],
  [["a.csv", "--resume", "--again"], "Either --resume or --again"],
  [["a.csv", "--encoding", "elvish"], "Nothing is known of an encoding elvish"],
])("wrong arguments %j: 2", async ([name, ...more], words) => {
  put("a.csv", "a\n1\n");
  put("a.txt", "a\n1\n");
  const { code, err } = await run(name!, ...more);
  expect([code, err]).toEqual([2, expect.stringContaining(words)]);
});

test("a client that is not there is told, and nothing is begun", async () => {
  put("a.csv", "a\n1\n");
  const { code, err } = await run("a.csv", "--client", "00000000-0000-4000-8000-000000000000");
  expect([code, err]).toEqual([1, expect.stringContaining("there is no client")]);
  expect(await one("select count(*)::int from etl_api.client_upload")).toBe(0);
});

describe("sendRows", () => {
  async function* rows(count: number): AsyncGenerator<Row> {
    for (let n = 0; n < count; n++) yield await Promise.resolve({ json: `{"n": ${n}}` });
  }

  /** A database whose answers get lost: the call is carried out, or not, and then fails. */
  function unreliable(port: Port, loses: () => "before" | "after" | null): Port {
    return {
      ...port,
      call: async (name, values) => {
        const lost = name === "ingest_client_part" ? loses() : null;
        if (lost === "before") throw new DatabaseError(name, "gone", undefined);
        const answer = await port.call(name, values);
        if (lost === "after") throw new DatabaseError(name, "gone", "08006");
        return answer;
      },
    };
  }

  test("parts whose answer was lost are sent again, and stored once", async () => {
    const port = createPgPort(database.url, 1);
    const fates = ["after", null, "before", null, null, "after", "after", null, null] as const;
    let calls = 0;
    const store = new ClientStore(unreliable(port, () => fates[calls++] ?? null));
    const begun: Upload = await store.begin({
      ...{ clientId: client, dataType: null, fileName: "x", fingerprint: "x" },
      ...{ ifBegun: "refuse", asUser: null },
    });
    const done = await sendRows(store, begun, rows(25), { maxRows: 5, pauses: [0, 0, 0] });
    await store.close();
    expect(calls).toBe(9);
    expect(done).toMatchObject({ parts: 5, taken: 25, stored: 25 });
    expect(await one("select array_agg((data ->> 'n')::int order by id) from public.client_data")).toEqual(
      Array.from({ length: 25 }, (_, n) => n),
    );
  });
});
