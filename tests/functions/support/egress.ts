/**
 * What the way out does with servers of every kind, told as plain data, so that it can be run in either runtime and
 * compared. Run by itself it takes a function's name and a {@link World} and prints JSON.
 */
import process from "node:process";
import type { Answer } from "../../../supabase/functions/_shared/client.ts";
import { readConfig } from "../../../supabase/functions/_shared/config.ts";
import { createExchange } from "../../../supabase/functions/_shared/exchange.ts";
import {
  createHttpTransport,
  fetchTransport,
  pinsAddresses,
} from "../../../supabase/functions/_shared/transport.ts";
import { beginDeadline } from "../../../supabase/functions/_shared/deadlines.ts";

/** Where the servers are; `tag` tells one runtime's requests from another's. */
export interface World {
  tag: string;
  /** A server of the well-behaved kind, on 127.0.0.1 only. */
  port: number;
  rawPort: number;
  tlsPort: number;
  ca: string;
  /** Paths of the raw server. */
  paths: string[];
}

/** Whether the runtime's own list of authorities is the one that counts, as it is when none is given. */
export async function trusts({ tlsPort }: World): Promise<number | string> {
  const transport = createHttpTransport();
  const exchange = createExchange(
    { secrets: {}, allowHosts: [], allowPorts: [], maxAnswerBytes: 1_000 },
    {
      resolve: () => Promise.resolve(["93.184.216.34"]),
      transport: (sending) => transport({ ...sending, addresses: ["127.0.0.1"] }),
    },
  );
  const url = `https://api.test:${tlsPort}/trusts`;
  const { status, error } = await exchange.ask({ request: { url }, secretScope: "shared", timeoutMs: 2_000 });
  return status ?? error!.message;
}

/** Of the public internet, as far as anybody can tell; nobody has it, so nobody answers. */
const NOBODYS = "3ffe::1";

export async function runEgress({ tag, port, rawPort, tlsPort, ca, paths }: World) {
  const raw = `127.0.0.1:${rawPort}`;
  const settings = {
    secrets: {},
    allowHosts: [raw, `127.0.0.1:${port}`],
    allowPorts: [],
    maxAnswerBytes: 100_000,
  };
  const exchange = createExchange(settings);
  const ask = (path: string, method = "POST", timeoutMs = 600, by = exchange) =>
    by.ask({
      request: { method, url: `http://${raw}${path}?${tag}`, ...(method === "POST" && { body: { a: 1 } }) },
      secretScope: "shared",
      timeoutMs,
    });
  const tell = ({ status, error, bodyJson }: Answer) => ({
    ...(status !== undefined && { status }),
    ...(bodyJson !== undefined && { bodyJson }),
    ...(error !== undefined && { error: `${error.kind}: ${error.message}` }),
  });

  const answers: Record<string, unknown> = {};
  for (const path of paths.filter((path) => !/bomb|stale/.test(path))) {
    answers[path] = tell(await ask(path));
    // One that left something behind would spoil the next.
    if ((await ask("/ok")).status !== 200) answers[`after ${path}`] = "spoilt";
  }

  const bombs: Record<string, unknown> = {};
  const large = createExchange({ ...settings, maxAnswerBytes: 10_000_000 });
  const before = process.memoryUsage().rss;
  let most = before;
  const look = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5);
  for (const path of paths.filter((path) => path.includes("bomb"))) {
    bombs[path] = tell(await ask(path, "GET", 10_000, large));
  }
  clearInterval(look);

  // On a connection that was used before: one that is new tells of no server that has gone away meanwhile.
  const reusing = createExchange(settings, { transport: createHttpTransport({ restMs: 0 }) });
  const askOn = async (path: string, method?: string) => {
    await ask("/ok", "POST", 600, reusing);
    return tell(await ask(path, method, 600, reusing));
  };
  const resent: Record<string, unknown> = {
    post: await askOn("/reset"),
    silent: await askOn("/silent"),
    get: await askOn("/stale", "GET"),
  };
  await ask("/ok", "POST", 600, reusing);
  resent["message"] = tell(await reusing.post(`http://${raw}/stale?${tag}-message`, {}, "{}", 600));

  return {
    pins: await pinsAddresses(),
    answers,
    bombs,
    grewBy: Math.round((most - before) / 1e6),
    resent,
    rebound: await rebind(),
    pinned: await pin(),
    tls: await secure(),
  };

  /** The guard is told that a name is of the public internet; the system says that it is this machine. */
  async function rebind() {
    const told: Record<string, unknown> = {};
    for (const [way, transport] of Object.entries({ pinned: undefined, fetch: fetchTransport })) {
      const rebinding = createExchange(
        { ...settings, allowHosts: [] },
        { resolve: () => Promise.resolve([NOBODYS]), ...(transport && { transport }) },
      );
      const url = `http://localhost:${port}/204?rebound-${tag}-${way}`;
      const { status } = await rebinding.ask({ request: { url }, secretScope: "shared", timeoutMs: 400 });
      told[way] = status ?? "not reached";
    }
    return told;
  }

  async function pin() {
    const transport = createHttpTransport();
    const head = async (host: string, addresses: string[]) => {
      const clock = beginDeadline(2_000);
      try {
        const url = new URL(`http://${host}:${port}/echo?${tag}`);
        const plain = { method: "GET", headers: {}, plain: true, limit: 100_000 };
        const reply = await transport({ ...plain, url, addresses, clock });
        let text = "";
        await reply.read((part) => ((text += new TextDecoder().decode(part)), true));
        return (JSON.parse(text) as { headers: { host: string } }).headers.host.split(":")[0];
      } catch (error) {
        return (error as { code?: string }).code;
      } finally {
        clock.end();
      }
    };
    return {
      // In no DNS: only the pinned address leads there.
      one: await head("pinned.test", ["127.0.0.1"]),
      nextOfSeveral: await head("several.test", ["::1", "127.0.0.1"]),
      none: await head("closed.test", ["::1"]),
    };
  }

  async function secure() {
    const get = async (host: string, transport: ReturnType<typeof createHttpTransport>) => {
      const exchange = createExchange(
        { ...settings, allowHosts: [] },
        {
          resolve: () => Promise.resolve(["93.184.216.34"]),
          // Past the guard, to this machine.
          transport: (sending) => transport({ ...sending, addresses: ["127.0.0.1"] }),
        },
      );
      const url = `https://${host}:${tlsPort}/${tag}`;
      return tell(await exchange.ask({ request: { url }, secretScope: "shared", timeoutMs: 2_000 }));
    };
    const trusting = createHttpTransport({ ca, restMs: 0 });
    return {
      right: [
        await get("api.test", trusting),
        await get("api.test", trusting),
        await get("api.test", trusting),
      ],
      otherName: await get("other.test", trusting),
      unknownAuthority: await get("api.test", createHttpTransport()),
    };
  }
}

/** Where the runtime itself forbids the network of this machine. */
export async function fenced({ port, tlsPort }: World) {
  const settings = { secrets: {}, allowHosts: [`127.0.0.1:${port}`], allowPorts: [], maxAnswerBytes: 1_000 };
  const usual = createHttpTransport();
  const get = async (url: string, transport = usual) => {
    const exchange = createExchange(settings, {
      resolve: () => Promise.resolve(["93.184.216.34"]),
      transport: (sending) =>
        transport({ ...sending, ...(sending.addresses !== undefined && { addresses: ["127.0.0.1"] }) }),
    });
    const { error, status } = await exchange.ask({
      request: { url },
      secretScope: "shared",
      timeoutMs: 2_000,
    });
    return status ?? error!.message;
  };
  return [
    await get(`http://127.0.0.1:${port}/204?fenced`),
    await get(`http://pinned.test:${port}/204?fenced`),
    await get(`https://api.test:${tlsPort}/fenced`),
    await get(`http://127.0.0.1:${port}/204?fenced`, fetchTransport),
  ];
}

/** Through the proxy the environment names. */
export async function throughProxy({ port, tlsPort }: World) {
  const config = readConfig({ ...process.env, ETL_FUNCTION_KEY: "a-key-of-some-length" });
  const exchange = createExchange(config);
  const get = async (url: string) => {
    const answer = await exchange.ask({ request: { url }, secretScope: "shared", timeoutMs: 2_000 });
    return answer.status ?? `${answer.error!.kind}: ${answer.error!.message}`;
  };
  return {
    https: await get(`https://api.test:${tlsPort}/proxied`),
    otherName: await get(`https://other.test:${tlsPort}/proxied`),
    http: await get(`http://api.test:${port}/204?proxied`),
    refusedHttps: await get(`https://internal.test:${tlsPort}/`),
    refusedHttp: await get(`http://internal.test:${port}/204?proxied`),
    // Not even asked of the proxy.
    closed: await get("https://10.0.0.1/"),
    around: await get(`http://127.0.0.1:${port}/204?around`),
  };
}

const [, file, what, argument] = process.argv;
if (file?.endsWith("egress.ts") && argument !== undefined) {
  const act = { runEgress, trusts, throughProxy, fenced }[what as "runEgress"] as (
    world: World,
  ) => Promise<unknown>;
  console.log(JSON.stringify(await act(JSON.parse(argument) as World)));
}
