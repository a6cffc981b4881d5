import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createExchange } from "../../supabase/functions/_shared/exchange.ts";
import type { Answer } from "../../supabase/functions/_shared/client.ts";
import { fetchTransport } from "../../supabase/functions/_shared/transport.ts";
import { api } from "./support/api.ts";
import { startServer, type TestServer } from "./support/server.ts";

const paths = [
  ...[
    "/echo",
    "/numbers",
    "/unicode",
    "/latin1",
    "/500",
    "/html",
    "/429",
    "/retry-twice",
    "/broken",
    "/empty",
  ],
  ...["/204", "/huge", "/endless", "/bomb", "/silent", "/hanging", "/redirect", "/reset", "/cut", "/deep"],
];
const addresses = {
  "http://127.1/": "blocked",
  "http://[::ffff:7f00:1]/": "blocked",
  "http://[fe80::1]/": "blocked",
  "http://[64:ff9b::7f00:1]/": "blocked",
  "http://[64:ff9b:1::7f00:1]/": "blocked",
  "http://[2002:7f00:1::]/": "blocked",
  "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/": "blocked",
  "http://[::7f00:1]/": "blocked",
  "http://[fd00:ec2::254]/": "blocked",
  "http://[ff02::1]/": "blocked",
  "http://168.63.129.16/": "blocked",
  "http://0x7f.1/": "blocked",
  "http://017700000001/": "blocked",
  "http://2130706433/": "blocked",
  "http://①②⑦。⓪｡⓪．①/": "blocked",
  "http://192.168.1.1./": "blocked",
  "http://0xA9FEA9FE/": "blocked",
  "http://224.0.0.251/": "blocked",
  "http://134744072/": "allowed",
  "http://0010.8.0x8.8/": "allowed",
  "http://localhost/": "blocked",
  "http://169.254.169.254/": "blocked",
  "http://nowhere.invalid/": "network",
  "ftp://8.8.8.8/": "bad_request",
  "https://8.8.8.8/": "allowed",
  "https://[2606:4700::1111]/": "allowed",
};
const secret = `whsec_${Buffer.from("the client's signing key").toString("base64")}`;

interface Told {
  answers: Record<string, Answer>;
  guarded: Record<string, string>;
  summaries: unknown[];
  cpu: number;
  digits: string;
}

/** The same code in Deno, with the rights the functions have and nothing fetched. */
describe("in Deno", () => {
  let server: TestServer;
  let told: Told;

  beforeAll(async () => {
    server = await startServer(api);
    const deno = join(dirname(createRequire(import.meta.url).resolve("deno/package.json")), "deno");
    const script = fileURLToPath(new URL("support/in-deno.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(
      deno,
      [
        ...[
          "run",
          "--cached-only",
          "--no-remote",
          "--no-prompt",
          "--allow-net",
          "--allow-env",
          "--allow-read",
        ],
        ...[script, JSON.stringify([server.host, paths, Object.keys(addresses), secret])],
      ],
      { env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" }, maxBuffer: 10_000_000 },
    );
    told = JSON.parse(stdout) as Told;
  });
  afterAll(() => server.close());

  test("every kind of answer is reported as in Node", async () => {
    const exchange = createExchange({
      secrets: { shared: { API: "the-shared-secret" } },
      allowHosts: [server.host],
      allowPorts: [],
      maxAnswerBytes: 100_000,
    });
    for (const path of paths) {
      const { duration_ms, ...answer } = await exchange.ask({
        request: {
          method: "POST",
          url: server.url + path,
          query: { list: [1, "ü"] },
          headers: { "x-key": "<<$secret.API>>" },
          body: { a: "<<$secret.API>>" },
        },
        secretScope: "shared",
        timeoutMs: 1_500,
      });
      expect({ path, ...comparable(told.answers[path]!) }).toEqual({ path, ...comparable(answer) });
    }
    expect(told.answers["/echo"]!.bodyJson).toContain("[secret API]");
  });

  test("over fetch, where there is no other way, the same comes of it", async () => {
    const exchange = createExchange(
      { secrets: {}, allowHosts: [server.host], allowPorts: [], maxAnswerBytes: 100_000 },
      { transport: fetchTransport },
    );
    for (const path of paths) {
      const request = { method: "POST", url: server.url + path, body: { a: 1 } };
      const answer = await exchange.ask({ request, secretScope: "shared", timeoutMs: 1_500 });
      const usual = told.answers[path]!;
      const said = (one: Answer) => [
        one.status,
        one.error?.kind,
        path === "/echo" || one.bodyJson,
        one.body_text,
      ];
      expect([path, said(answer)]).toEqual([path, said(usual)]);
    }
  });

  test("the guard refuses the same addresses", () => {
    expect(told.guarded).toEqual(addresses);
  });

  test("both functions do their work, and a signature is accepted by the client's library", () => {
    expect(told.summaries).toMatchObject([
      { claimed: 60, completed: 60, released: 0 },
      { claimed: 1, completed: 1, released: 0 },
    ]);
    const delivered = server.seen.findLast((seen) => "webhook-id" in seen.headers)!;
    const headers = delivered.headers as Record<string, string>;
    expect(new Webhook(secret).verify(delivered.body, headers)).toEqual({ name: "ü" });
  });

  test("CPU time can be read, and numbers keep their digits on the way to a request", () => {
    expect(told.cpu).toBeGreaterThan(0);
    expect(told.digits).toBe('{"id":12345678901234567890,"n":[1.1,100,0.1,1e400,0]}');
  });
});

/** Without what the two runtimes send of their own. */
function comparable({ bodyJson, ...answer }: Partial<Answer>): Record<string, unknown> {
  if (bodyJson === undefined) return answer;
  if (!bodyJson.includes('"headers"')) return { ...answer, bodyJson };
  const { headers, ...echoed } = JSON.parse(bodyJson) as { headers: Record<string, string> };
  const { accept, "x-key": key, "content-type": type, "user-agent": agent } = headers;
  return { ...answer, body: { ...echoed, headers: { accept, key, type, agent } } };
}
