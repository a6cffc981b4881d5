/**
 * Run by Deno: what the tests run in Node, in the runtime that is deployed. Takes the address of the server; prints one
 * JSON object.
 */
import { createExchange } from "../../../supabase/functions/_shared/exchange.ts";
import { createGuard } from "../../../supabase/functions/_shared/guard.ts";
import { cpuTime } from "../../../supabase/functions/_shared/runtime.ts";
import { parseJson } from "../../../supabase/functions/_shared/json.ts";
import { deliverWebhooks } from "../../../supabase/functions/deliver-webhooks/handler.ts";
import { executeRuns } from "../../../supabase/functions/execute-runs/handler.ts";
import { FakeClient, org } from "./client.ts";

declare const Deno: { args: string[]; version: { deno: string } };

const [host, paths, addresses, secret] = JSON.parse(Deno.args[0]!) as [string, string[], string[], string];

const exchange = createExchange({
  secrets: { shared: { API: "the-shared-secret" } },
  allowHosts: [host],
  allowPorts: [],
  maxAnswerBytes: 100_000,
});
const answers: Record<string, unknown> = {};
for (const path of paths) {
  const { duration_ms, ...answer } = await exchange.ask({
    request: {
      method: "POST",
      url: `http://${host}${path}`,
      query: { list: [1, "ü"] },
      headers: { "x-key": "<<$secret.API>>" },
      body: { a: "<<$secret.API>>" },
    },
    secretScope: "shared",
    timeoutMs: 1_500,
  });
  answers[path] = answer;
}

const guard = createGuard({ allowHosts: [], allowPorts: [] });
const guarded: Record<string, string> = {};
for (const address of addresses) {
  guarded[address] = await guard(new URL(address)).then(
    () => "allowed",
    (error: { kind: string }) => error.kind,
  );
}

const client = new FakeClient();
for (let n = 0; n < 60; n++) client.addRun({ url: `http://${host}/echo` });
client.addDelivery(`http://${host}/echo`, '{"name": "ü"}');
const around = {
  env: {
    ETL_FUNCTION_KEY: "a-key-of-some-length",
    ETL_ALLOW_HOSTS: host,
    ETL_SECRETS: JSON.stringify({ [org]: { webhook: secret } }),
  },
  connect: () => Promise.resolve(client),
  writeLog: () => {},
};
const summaries: unknown[] = [];
for (const handler of [executeRuns(around), deliverWebhooks(around)]) {
  const headers = { authorization: "Bearer a-key-of-some-length" };
  const response = await handler(new Request("http://functions.test/", { method: "POST", headers }));
  summaries.push(await response.json());
}

console.log(
  JSON.stringify({
    deno: Deno.version.deno,
    answers,
    guarded,
    summaries,
    cpu: cpuTime(),
    digits: JSON.stringify(parseJson('{"id": 12345678901234567890, "n": [1.10, 1e2, 0.1, 1e400, -0]}')),
  }),
);
