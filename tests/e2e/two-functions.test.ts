/** Two processes of edge functions, woken at once, share the work: nothing is asked twice, nothing is delivered twice. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startFunctions, type Functions } from "../../scripts/lib/functions.ts";
import { freshDatabase } from "../helpers/database.ts";
import { plantedSigner } from "../helpers/planted.ts";

const requests = 300;
const asked = new Map<string, number>();
const told = new Map<string, number>();
let database: Awaited<ReturnType<typeof freshDatabase>>;
let server: Server;
let processes: Functions[];

const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const url = new URL(request.url!, "http://127.0.0.1");
    for await (const chunk of request) void chunk;
    if (url.pathname === "/hook") {
      count(told, request.headers["webhook-id"] as string);
      response.writeHead(204).end();
      return;
    }
    const domain = url.searchParams.get("domain")!;
    count(asked, domain);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ company: { domain, sector: `of ${domain}` } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  database = await freshDatabase();
  const org = "a0000000-0000-4000-8000-000000000001";
  const env = { ETL_SECRETS: JSON.stringify({ [org]: { webhook: plantedSigner() } }) };
  processes = await Promise.all(
    [1, 2].map(() => startFunctions({ databaseUrl: database.url, env, onLog: () => {} })),
  );
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await database.pool.query(
    `with o as (insert into org (id, name, slug) values ('${org}', 'Two', 'two') returning id),
     t as (insert into object_type (org_id, name, key_datapoints) select id, 'company', '{domain}' from o returning id, org_id),
     d as (insert into datapoint (org_id, object_type_id, name) select org_id, id, 'industry' from t returning id, org_id),
     s as (insert into source (org_id, name, run_request_template) select id, 'facts', jsonb_build_object(
       'method', 'GET', 'url', '${address}/companies', 'query', '{"domain": "<<$object.domain>>"}'::jsonb,
       'response', '{"objects": "company"}'::jsonb) from o returning id, org_id),
     i as (insert into object_source (org_id, source_id, object_type_id, direction, key_mapping_json)
       select s.org_id, s.id, t.id, 'input', '["input", "companies"]' from s, t),
     m as (insert into datapoint_source (org_id, source_id, datapoint_id, key_mapping_json)
       select s.org_id, s.id, d.id, '"sector"' from s, d)
     insert into activity (org_id, name, activity_type, object_type_id, datapoints)
     select org_id, 'Enrich', 'enrichment', id, '{industry}' from t`,
  );
  await database.pool.query(
    `insert into workflow_request (org_id, data)
     select org_id, jsonb_build_object(
       'input', jsonb_build_object('companies', jsonb_build_array(jsonb_build_object('domain', n || '.test'))),
       'data', jsonb_build_object('enrich', jsonb_build_object('id', id,
         'destination', jsonb_build_object('webhook', jsonb_build_object('url', $1::text)))))
     from activity, generate_series(1, ${requests}) as n`,
    [`${address}/hook`],
  );
}, 60_000);

afterAll(async () => {
  await Promise.all((processes ?? []).map((one) => one.stop()));
  await new Promise((resolve) => server.close(resolve));
  await database?.drop();
});

/** Calls a function in both processes, twice each, all at the same moment. */
async function wake(name: string): Promise<number[]> {
  return Promise.all(
    [...processes, ...processes].map(async (one) => {
      const response = await fetch(`${one.url}/${name}`, {
        method: "POST",
        headers: { authorization: `Bearer ${one.key}` },
      });
      expect(response.status).toBe(200);
      return ((await response.json()) as { claimed: number }).claimed;
    }),
  );
}

test("each request is sent once", { timeout: 60_000 }, async () => {
  const claimed = await wake("execute-runs");
  expect(claimed.reduce((sum, one) => sum + one)).toBe(requests);
  expect(claimed.filter((one) => one > 0).length).toBeGreaterThan(1);
  expect(asked.size).toBe(requests);
  expect([...asked.values()].every((times) => times === 1)).toBe(true);
});

test("each message is delivered once", { timeout: 60_000 }, async () => {
  const claimed = await wake("deliver-webhooks");
  expect(claimed.reduce((sum, one) => sum + one)).toBe(requests);
  expect(told.size).toBe(requests);
  expect([...told.values()].every((times) => times === 1)).toBe(true);
  const { rows } = await database.pool.query("select distinct state::text from workflow_request");
  expect(rows).toEqual([{ state: "delivered" }]);
});
