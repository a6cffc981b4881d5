import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { denoCommand } from "../../scripts/lib/functions.ts";
import { api } from "./support/api.ts";
import { runEgress, type throughProxy, type World } from "./support/egress.ts";
import { startProxy } from "./support/proxy.ts";
import { rawPaths, startRawServer, type RawServer } from "./support/raw.ts";
import { startServer, type TestServer } from "./support/server.ts";

const pem = (name: string) => readFileSync(new URL(`support/tls/${name}`, import.meta.url), "utf8");

let server: TestServer;
let raw: RawServer;
let tls: Server;
/** Secure connections by the path of their first request. */
const handshakes: string[] = [];

beforeAll(async () => {
  server = await startServer(api);
  raw = await startRawServer();
  const greeted = new WeakSet<object>();
  tls = createServer({ key: pem("server.key"), cert: pem("server.pem") }, (request, response) => {
    if (!greeted.has(request.socket)) handshakes.push(request.url!);
    greeted.add(request.socket);
    response.end("{}");
  });
  tls.listen(0, "127.0.0.1");
  await once(tls, "listening");
});
afterAll(async () => {
  await server.close();
  await raw.close();
  tls.closeAllConnections();
  tls.close();
});

const world = (tag: string): World => ({
  tag,
  port: Number(server.host.split(":")[1]),
  rawPort: raw.port,
  tlsPort: (tls.address() as AddressInfo).port,
  ca: pem("ca.pem"),
  paths: rawPaths,
});

async function inDeno<T>(what: string, env: Record<string, string> = {}, ...denied: string[]): Promise<T> {
  const script = fileURLToPath(new URL("support/egress.ts", import.meta.url));
  const [command, ...rest] = denoCommand();
  const rights = ["--allow-net", "--allow-env", "--allow-read"];
  const { stdout } = await promisify(execFile)(
    command!,
    [...rest, ...rights, ...denied, script, what, JSON.stringify(world("deno"))],
    { env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env }, maxBuffer: 10_000_000 },
  );
  return JSON.parse(stdout) as T;
}

type Told = Awaited<ReturnType<typeof runEgress>>;
const runs = { node: () => runEgress(world("node")), deno: () => inDeno<Told>("runEgress") };

describe.each(["node", "deno"] as const)("the way out, in %s", (runtime) => {
  let told: Told;
  beforeAll(async () => {
    told = await runs[runtime]();
  }, 60_000);

  test("connects to the address that was checked, whatever the name means a moment later", () => {
    expect(told.pins).toBe(true);
    expect(told.rebound).toEqual({ pinned: "not reached", fetch: 204 });
    const reached = server.seen.map(({ url }) => url).filter((url) => url.includes(`rebound-${runtime}`));
    expect(reached).toEqual([`/204?rebound-${runtime}-fetch`]);
  });

  test("says the name it was given, and tries all addresses of it", () => {
    expect(told.pinned).toEqual({ one: "pinned.test", nextOfSeveral: "several.test", none: "ECONNREFUSED" });
  });

  test("checks the certificate for the name, and keeps the connection", () => {
    const fine = { status: 200, bodyJson: "{}" };
    const refused = { error: "network: no secure connection could be made" };
    expect(told.tls).toEqual({ right: [fine, fine, fine], otherName: refused, unknownAuthority: refused });
    expect(handshakes.filter((path) => path === `/${runtime}`)).toHaveLength(1);
  });

  test("bears every answer, and the next is none the worse", () => {
    const late = "timeout: no complete answer within 600 ms";
    const tooLong = "network: the headers of the answer are longer than a server needs";
    const invalid = "network: the answer is no valid HTTP";
    const tooMuch = "too_large: the answer has more than 100000 bytes";
    const isCut = expect.stringMatching(/^network: the connection was (reset|closed before .*)$/) as string;
    expect(told.answers).toEqual({
      "/ok": { status: 200, bodyJson: "{}" },
      "/headers": { error: tooLong },
      "/long-header": { error: tooLong },
      "/long-status": { error: tooLong },
      "/header-drip": { error: late },
      "/body-drip": { status: 200, error: late },
      "/early-hints": { error: "network: the answer never begins" },
      "/switch": { error: "network: the connection was closed without an answer" },
      "/chunk-extension": {
        status: 200,
        error: expect.stringMatching(/^(network: .*valid HTTP|too_large: far)/) as string,
      },
      "/tiny-chunks": { status: 200, error: "too_large: the answer comes in too many small parts" },
      "/trailers": { status: 200, error: tooLong },
      "/too-short": { status: 200, error: isCut },
      "/no-last-chunk": { status: 200, error: isCut },
      "/two-lengths": { error: invalid },
      "/two-framings": { error: invalid },
      "/length-below-zero": { error: invalid },
      "/length-beyond-all": { error: invalid },
      "/length-beyond-limit": { status: 200, error: tooMuch },
      "/bad-chunk": { status: 200, error: invalid },
      "/no-http": { error: invalid },
      "/too-long": { status: 200, bodyJson: "{}" },
      "/until-the-end": { status: 200, bodyJson: `{"a": 1}` },
      "/reset": { error: isCut },
      "/silent": { error: late },
      "/in-two": {
        status: 200,
        error: "invalid_json: the answer is compressed in another way than gzip, deflate, br",
      },
      "/not-gzip": { status: 200, error: "invalid_json: the answer cannot be decompressed" },
    });
  });

  test("stops reading a gigabyte that comes as a megabyte, in every compression", () => {
    const stopped = { status: 200, error: "too_large: the answer has more than 10000000 bytes" };
    expect(told.bombs).toEqual({
      "/bomb-gzip": stopped,
      "/bomb-deflate": stopped,
      "/bomb-raw": stopped,
      "/bomb-br": stopped,
    });
    // Ten megabytes of text may have been there; a gigabyte was not.
    expect(told.grewBy).toBeLessThan(250);
  });

  test("sends a request once, also where the server has gone away meanwhile", () => {
    expect(told.resent).toEqual({
      post: { error: expect.stringMatching(/^network: the connection was (reset|closed)/) as string },
      silent: { error: "timeout: no complete answer within 600 ms" },
      get: { error: expect.stringMatching(/^network: the connection was (reset|closed)/) as string },
      message: { error: expect.stringMatching(/^network: the connection was (reset|closed)/) as string },
    });
    // Once in the list of answers, once here.
    expect(raw.asked.get(`/reset?${runtime}`)).toBe(2);
    expect(raw.asked.get(`/silent?${runtime}`)).toBe(2);
    expect(raw.asked.get(`/stale?${runtime}`)).toBe(1);
    expect(raw.asked.get(`/stale?${runtime}-message`)).toBe(1);
  });
});

test("Deno trusts whom it is told to trust, with no more rights than the functions have", async () => {
  const ca = fileURLToPath(new URL("support/tls/ca.pem", import.meta.url));
  expect(await inDeno("trusts", { DENO_CERT: ca })).toBe(200);
});

test("what Deno is told to deny ends as a failure like any other, and ends nothing else", async () => {
  const guide = readFileSync(new URL("../../docs/egress.md", import.meta.url), "utf8");
  const fence = /^(--deny-net=\S+)$/m.exec(guide)![1]!;
  const denied = "the runtime's own permissions forbid this connection";
  const told = await inDeno("fenced", {}, `${fence},127.0.0.0/8`);
  expect(told).toEqual([denied, denied, denied, denied]);
  // This machine's networks are not in the guide's list, for the database may be there.
  expect(await inDeno("fenced", {}, fence)).toEqual([204, 204, "no secure connection could be made", 204]);
});

test("through a proxy, which finds names and refuses them, with the settings of the guide", async () => {
  const proxy = await startProxy({ "api.test": "127.0.0.1", "other.test": "127.0.0.1" });
  try {
    const guide = readFileSync(new URL("../../docs/egress.md", import.meta.url), "utf8");
    const settings = /^```sh\n((?:export [A-Z_]+=.*\n)+)```$/m.exec(guide)![1]!;
    const env = Object.fromEntries(
      [...settings.matchAll(/^export ([A-Z_]+)=(\S+)/gm)].map(([, name, value]) => [name!, value!]),
    );
    expect(env["HTTPS_PROXY"]).toBe(env["HTTP_PROXY"]);
    const ca = fileURLToPath(new URL("support/tls/ca.pem", import.meta.url));
    const told = await inDeno<Awaited<ReturnType<typeof throughProxy>>>("throughProxy", {
      ...env,
      HTTP_PROXY: proxy.url,
      HTTPS_PROXY: proxy.url,
      ETL_ALLOW_HOSTS: "127.0.0.1",
      DENO_CERT: ca,
    });
    const { tlsPort, port } = world("deno");
    expect(told).toEqual({
      https: 200,
      otherName: "network: no secure connection could be made",
      http: 204,
      refusedHttps: "network: the proxy let nothing through",
      refusedHttp: 407,
      closed: "blocked: 10.0.0.1 is not an address of the public internet",
      around: 204,
    });
    expect(proxy.asked).toEqual([
      `CONNECT api.test:${tlsPort}`,
      `CONNECT other.test:${tlsPort}`,
      `GET http://api.test:${port}/204?proxied`,
      `CONNECT internal.test:${tlsPort}`,
      `GET http://internal.test:${port}/204?proxied`,
    ]);
  } finally {
    await proxy.close();
  }
});
