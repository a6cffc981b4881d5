import { afterEach, expect, it } from "vitest";
import { readCompanies } from "../../scripts/demo/facts.ts";
import {
  isUnknown,
  lacksEmployees,
  startThirdParty,
  type ThirdParty,
} from "../../scripts/demo/third-party.ts";

const companies = readCompanies();
let thirdParty: ThirdParty;

afterEach(() => thirdParty.stop());

async function start(options: { slowness?: number; patience?: number } = {}): Promise<void> {
  thirdParty = await startThirdParty({ companies, slowness: 0, ...options });
}

/** Asks with the right key. */
async function ask(
  path: string,
  body?: unknown,
): Promise<{ status: number; headers: Headers; text: string; json: any }> {
  const api = path.split("/")[1] as keyof ThirdParty["keys"];
  const response = await fetch(thirdParty.url + path, {
    method: body === undefined ? "GET" : "POST",
    headers: { "x-api-key": thirdParty.keys[api] },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json };
}

const batch = (from: number, to: number) => ({
  companies: companies.slice(from, to).map(({ domain }) => ({ domain })),
});

it("answers 401 without the right key, also when the key is another API's", async () => {
  await start();
  for (const [path, method] of [
    ["/directory/v1/companies/search", "POST"],
    ["/firmographics/v1/enrich", "POST"],
    ["/registry/v1/jobs", "POST"],
    ["/people/v1/people?company=sap.com", "GET"],
  ] as const) {
    const attempts: Record<string, string>[] = [
      {},
      { authorization: "Bearer nonsense" },
      { "x-api-key": "other" },
    ];
    for (const headers of attempts) {
      const response = await fetch(thirdParty.url + path, { method, headers });
      expect(response.status).toBe(401);
    }
  }
  const borrowed = await fetch(`${thirdParty.url}/people/v1/people?company=sap.com`, {
    headers: { authorization: `Bearer ${thirdParty.keys.directory}` },
  });
  expect(borrowed.status).toBe(401);
  expect(thirdParty.calls.every(({ answered }) => !answered)).toBe(true);
});

it("takes the key as a bearer token too", async () => {
  await start();
  const response = await fetch(`${thirdParty.url}/people/v1/people?company=sap.com`, {
    headers: { authorization: `Bearer ${thirdParty.keys.people}` },
  });
  expect(response.status).toBe(200);
});

it("hands out a search in pages, each company once", async () => {
  await start();
  const seen: string[] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const { json } = await ask("/directory/v1/companies/search", {
      countries: ["Germany", "Japan"],
      page_size: 5,
      cursor,
    });
    seen.push(...json.companies.map(({ website }: { website: string }) => website));
    cursor = json.paging.next;
    pages++;
  } while (cursor !== null);
  const expected = companies.filter(({ country }) => country === "Germany" || country === "Japan");
  expect(seen.toSorted()).toEqual(expected.map(({ domain }) => domain).toSorted());
  expect(pages).toBe(Math.ceil(expected.length / 5));
  expect(thirdParty.calls.map(({ page }) => page)).toEqual(Array.from({ length: pages }, (_, i) => i + 1));
});

it("filters by industry and refuses a cursor it never gave", async () => {
  await start();
  const { json } = await ask("/directory/v1/companies/search", { industries: ["Toys"] });
  expect(json).toEqual({
    total: 1,
    companies: [{ name: "LEGO", website: "lego.com", location: { country: "Denmark", city: "Billund" } }],
    paging: { next: null },
  });
  expect((await ask("/directory/v1/companies/search", { cursor: "nonsense" })).status).toBe(400);
});

it("does something wrong with every second batch, each in its own way, and serves it the next time", async () => {
  await start();
  const answers = [];
  for (let i = 0; i < 6; i++) answers.push(await ask("/firmographics/v1/enrich", batch(i * 10, i * 10 + 10)));
  expect(answers.map(({ status }) => status)).toEqual([200, 429, 200, 500, 200, 200]);
  expect(answers[1]!.headers.get("retry-after")).toBe("1");
  expect(answers[5]!.text).not.toBe("");
  expect(answers[5]!.json).toBeUndefined();
  for (const i of [1, 3, 5]) {
    const again = await ask("/firmographics/v1/enrich", batch(i * 10, i * 10 + 10));
    expect(again.status).toBe(200);
    expect(again.json.results.length + again.json.not_found.length).toBe(10);
  }
  const counts = [...thirdParty.answered("firmographics").values()];
  expect(counts).toHaveLength(60);
  expect(counts.every((count) => count === 1)).toBe(true);
});

it("knows some companies, and of some only a part", async () => {
  await start();
  const unknown = companies.filter(({ domain }) => isUnknown(domain));
  const partial = companies.filter(({ domain }) => !isUnknown(domain) && lacksEmployees(domain));
  expect(unknown.length).toBeGreaterThan(5);
  expect(partial.length).toBeGreaterThan(5);
  expect(unknown.length + partial.length).toBeLessThan(companies.length / 2);

  const { json } = await ask("/firmographics/v1/enrich", {
    companies: [unknown[0], partial[0]].map((company) => ({ domain: company!.domain })),
  });
  expect(json.not_found).toEqual([unknown[0]!.domain]);
  expect(json.results).toMatchObject([{ domain: partial[0]!.domain, profile: { headcount: null } }]);
});

it("refuses more than ten companies at once", async () => {
  await start();
  const { status, json } = await ask("/firmographics/v1/enrich", batch(0, 11));
  expect(status).toBe(400);
  expect(json.error).toMatch(/10 companies/);
});

it("runs a job before it hands out its rows", async () => {
  await start({ patience: 2 });
  const taken = await ask("/registry/v1/jobs", {
    companies: [{ domain: "lego.com" }, { domain: "nobody.test" }],
  });
  expect(taken.status).toBe(202);
  const path = `/registry/v1/jobs/${taken.json.job.id}`;
  expect((await ask(`${path}/result`)).status).toBe(409);
  const states = [];
  for (let i = 0; i < 3; i++) states.push((await ask(path)).json.job.state);
  expect(states).toEqual(["running", "running", "finished"]);
  expect((await ask(`${path}/result`)).json).toEqual({
    rows: [
      { web: "lego.com", record: { Industry: "Toys", Employees: 28500, Founded: "1932", Ticker: null } },
    ],
  });
  expect((await ask("/registry/v1/jobs/job-99")).status).toBe(404);
  expect(thirdParty.answered("registry").get("lego.com")).toBe(1);
});

it("lists people in numbered pages, slowly", async () => {
  await start({ slowness: 100 });
  const before = performance.now();
  const first = await ask("/people/v1/people?company=infosys.com");
  expect(performance.now() - before).toBeGreaterThan(95);
  expect(first.json).toMatchObject({ page: 1, pages: 3, next_page: 2 });
  const rest = [
    await ask("/people/v1/people?company=infosys.com&page=2"),
    await ask("/people/v1/people?company=infosys.com&page=3"),
  ];
  expect(rest[1]!.json.next_page).toBeNull();
  const names = [first, ...rest].flatMap(({ json }) => json.people.map(({ full_name }: any) => full_name));
  expect(names).toEqual(companies.find(({ domain }) => domain === "infosys.com")!.founders);
  expect((await ask("/people/v1/people?company=nobody.test")).json.people).toEqual([]);
  expect((await ask("/people/v1/people?company=sap.com&page=0")).status).toBe(400);
});

it("answers 404 where there is nothing and 400 to a body that is no JSON", async () => {
  await start();
  expect((await fetch(`${thirdParty.url}/weather/v1`)).status).toBe(404);
  expect((await ask("/directory/v2")).status).toBe(404);
  const broken = await fetch(`${thirdParty.url}/firmographics/v1/enrich`, {
    method: "POST",
    headers: { "x-api-key": thirdParty.keys.firmographics },
    body: "{",
  });
  expect(broken.status).toBe(400);
});
