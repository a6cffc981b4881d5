import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { readCompanies, type Company } from "../../scripts/demo/facts.ts";
import type { DemoSummary } from "../../scripts/demo/run.ts";
import { isUnknown, lacksEmployees } from "../../scripts/demo/third-party.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const database = `demo_test_${process.pid}`;
const companies = readCompanies().filter(({ country }) =>
  ["France", "Germany", "Japan", "United States"].includes(country),
);

async function onServer(sql: string, name = "postgres"): Promise<Record<string, unknown>[]> {
  const url = new URL(inject("serverUrl"));
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

beforeAll(() => onServer(`drop database if exists ${database} with (force)`));
afterAll(() => onServer(`drop database if exists ${database} with (force)`));

/** Starts the command as a person would, on the tests' server. */
function start(...options: string[]): { child: ChildProcess; read: () => { out: string; err: string } } {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "scripts/demo.ts", "--database", database, ...options],
    {
      cwd: root,
      env: { ...process.env, DATABASE_URL: inject("serverUrl") },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  return { child, read: () => ({ out, err }) };
}

async function refuses(url: string): Promise<boolean> {
  try {
    await fetch(url);
    return false;
  } catch {
    return true;
  }
}

it("says what it does", async () => {
  const { child, read } = start("--help");
  const [code] = (await once(child, "close")) as [number];
  expect(code).toBe(0);
  expect(read().out).toMatch(/--json/);
});

it("leaves nothing behind when it is interrupted", { timeout: 60_000 }, async () => {
  const { child, read } = start();
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on("data", () => /find {6}in_progress/.test(read().out) && resolve());
    child.once("close", () => reject(new Error(`it ended by itself: ${read().out}${read().err}`)));
  });
  const urls = read().out.match(/http:\/\/127\.0\.0\.1:\d+/g)!;
  expect(urls).toHaveLength(3);
  // Its work would fall into the hands of another one that lacks its secrets.
  const second = start();
  await once(second.child, "close");
  expect(second.child.exitCode).toBe(1);
  expect(second.read().err).toMatch(/Another demo is running/);

  child.kill("SIGINT");
  const [code] = (await once(child, "close")) as [number];
  expect(code).toBe(130);
  expect(read().err).toBe("");
  expect(await Promise.all(urls.map(refuses))).toEqual([true, true, true]);
  const sessions = await onServer(`select pid from pg_stat_activity where datname = '${database}'`);
  expect(sessions).toEqual([]);
});

it("then runs again, and every figure is what the facts say", { timeout: 90_000 }, async () => {
  const { child, read } = start("--json");
  const [code] = (await once(child, "close")) as [number];
  const { out, err } = read();
  expect(code, err).toBe(0);
  const summary = JSON.parse(out.trimEnd().split("\n").at(-1)!) as DemoSummary;

  const founders = companies.flatMap(({ founders }) => founders).length;
  expect(summary).toMatchObject({
    state: "delivered",
    activities: [
      { key: "find", type: "extract", phase: 1, state: "delivered", objects: companies.length },
      { key: "enrich", type: "enrichment", phase: 1, state: "delivered", objects: companies.length },
      { key: "people", type: "sourcing", phase: 2, state: "delivered", objects: founders },
    ],
    objects: companies.length + founders,
    objects_by_type: { company: companies.length, person: founders },
    values: expectedValues(companies),
    deliveries: 4,
    asked_twice: 0,
    trouble: [],
  });
  expect(summary.messages.map(({ type }) => type).toSorted()).toEqual([
    "activity_request.done",
    "activity_request.done",
    "activity_request.done",
    "workflow_request.done",
  ]);
  expect(summary.messages.map(({ attempts }) => attempts).toSorted()).toEqual([
    [200],
    [200],
    [200],
    [500, 200],
  ]);
  // Each thing the third party and the client do wrong was met and got over.
  const reasons = summary.failures.map(({ reason }) => reason).join("\n");
  for (const fault of ["429", "HTTP status 500", "not JSON"]) expect(reasons).toContain(fault);
  expect(summary.failures.some(({ what }) => what === "activity_request.done")).toBe(true);
  expect(summary.retries).toBe(summary.failures.length);
  expect(summary.seconds).toBeLessThan(30);

  // What was interrupted is over too: nothing is left for a third party and a client that are gone.
  const open = await onServer(
    "select * from etl_api.state_overview where state in ('new', 'valid', 'waiting', 'ready', 'in_progress')",
    database,
  );
  expect(open).toEqual([]);

  expect(await storedCompanies()).toEqual(
    companies
      .map(({ name, domain, country, city, industry, founded, employees, ticker }) => ({
        name,
        domain,
        country,
        city,
        industry,
        founded,
        employees,
        ...(ticker === null ? {} : { ticker }),
      }))
      .toSorted((a, b) => (a.domain < b.domain ? -1 : 1)),
  );
});

/** Four values each from the directory, what firmographics knows, and the registry's where that left a gap. */
function expectedValues(found: Company[]): number {
  let values = 0;
  for (const company of found) {
    const listed = company.ticker === null ? 0 : 1;
    const firmographics = isUnknown(company.domain)
      ? 0
      : 2 + (lacksEmployees(company.domain) ? 0 : 1) + (company.country === "United States" ? listed : 0);
    const registry = firmographics < 4 ? 3 + listed : 0;
    values += 4 + firmographics + registry + 3 * company.founders.length;
  }
  return values;
}

/** The companies of the last run, as the engine knows them. */
async function storedCompanies(): Promise<unknown[]> {
  const rows = await onServer(
    `select known."values" as company
     from public.object as o
     join public.object_type as t on t.id = o.object_type_id and t.name = 'company'
     cross join lateral etl_api.object_values(array[o.id]) as known
     where o.org_id = (select id from public.org order by created_at desc limit 1)
     order by o.natural_key ->> 'domain' collate "C"`,
    database,
  );
  return rows.map(({ company }) => company);
}
