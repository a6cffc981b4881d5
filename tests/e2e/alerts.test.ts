/** An alert reaches its endpoint over real HTTP, signed like any message. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startFunctions, type Functions } from "../../scripts/lib/functions.ts";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";
import { plantedSigner } from "../helpers/planted.ts";

const org = "a0000000-0000-4000-8000-000000000001";
const secret = plantedSigner();
const told: { type: string; data: Record<string, unknown> }[] = [];
let database: TestDatabase;
let server: Server;
let functions: Functions;

beforeAll(async () => {
  const webhook = new Webhook(secret);
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    if (request.url !== "/hook") return void response.writeHead(404).end("{}");
    told.push(webhook.verify(body, request.headers as Record<string, string>) as (typeof told)[number]);
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  database = await freshDatabase();
  const env = { ETL_SECRETS: JSON.stringify({ [org]: { webhook: secret } }) };
  functions = await startFunctions({ databaseUrl: database.url, env, onLog: () => {} });
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await database.pool.query(
    `with o as (insert into org (id, name, slug) values ('${org}', 'Alerted', 'alerted') returning id),
     e as (insert into webhook_endpoint (org_id, url) select id, '${address}/hook' from o returning id, org_id),
     r as (
       insert into etl_api.alert_rule (org_id, name, kind, threshold, endpoint_id)
       select org_id, 'too much fails', 'failure_rate', 0.5, id from e),
     t as (insert into object_type (org_id, name, key_datapoints) select id, 'company', '{domain}' from o returning id, org_id),
     d as (insert into datapoint (org_id, object_type_id, name) select org_id, id, 'industry' from t returning id, org_id),
     s as (insert into source (org_id, name, run_request_template) select id, 'gone', jsonb_build_object(
       'method', 'GET', 'url', '${address}/companies', 'query', '{"domain": "<<$object.domain>>"}'::jsonb)
       from o returning id, org_id),
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
       'input', '{"companies": [{"domain": "a.test"}, {"domain": "b.test"}]}'::jsonb,
       'data', jsonb_build_object('enrich', jsonb_build_object('id', id)))
     from activity`,
  );
}, 60_000);

afterAll(async () => {
  await functions?.stop();
  await new Promise((resolve) => server.close(resolve));
  await database?.drop();
});

async function wake(name: string): Promise<void> {
  const response = await fetch(`${functions.url}/${name}`, {
    method: "POST",
    headers: { authorization: `Bearer ${functions.key}` },
  });
  expect(response.status).toBe(200);
}

test("a source that fails is told to the endpoint of the rule, once", { timeout: 30_000 }, async () => {
  await wake("execute-runs");
  await database.pool.query("select etl_api.recover()");
  await wake("deliver-webhooks");
  await database.pool.query("select etl_api.recover()");
  await wake("deliver-webhooks");
  expect(told.map(({ type }) => type)).toEqual(["alert.raised"]);
  expect(told[0]!.data).toMatchObject({ org_id: org, kind: "failure_rate", value: 1, threshold: 0.5 });
  const { rows } = await database.pool.query(
    `select d.state, d.workflow_request_id, a.resolved_at
     from delivery as d join etl_api.alert as a on a.id = d.alert_id`,
  );
  expect(rows).toEqual([{ state: "delivered", workflow_request_id: null, resolved_at: null }]);
});
