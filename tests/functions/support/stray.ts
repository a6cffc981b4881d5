/**
 * A server that says more than it was asked, over plain connections and TLS, and what the way out makes of it. Each
 * answer tells which request it was given to and on which connection, so that one taken for another's shows. Run by
 * itself it takes a way and a {@link StrayWorld} and prints JSON.
 */
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import process from "node:process";
import { createServer as createTlsServer } from "node:tls";
import { createExchange } from "../../../supabase/functions/_shared/exchange.ts";
import { beginDeadline } from "../../../supabase/functions/_shared/deadlines.ts";
import { createHttpTransport, fetchTransport } from "../../../supabase/functions/_shared/transport.ts";

/** What is sent in one go, and what is sent when the test says so, while nobody asks. */
interface Manner {
  now(answer: string): string;
  later?: string;
  /** Sent as soon as somebody connects. */
  first?: string;
}

const ok = "HTTP/1.1 200 OK\r\n";
const framed = (text: string) => `${ok}content-length: ${text.length}\r\n\r\n${text}`;
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const chunked = (text: string) => `${ok}transfer-encoding: chunked\r\n\r\n${chunk(text)}0\r\n\r\n`;
const stray = framed(`"stray"`);
const cut = 20;

/** By path. `stays` ones do nothing wrong, and their connection is to be used again. */
export const manners: Record<string, Manner> = {
  "/stays-framed": { now: framed },
  "/stays-chunked": { now: chunked },
  "/stays-in-parts": { now: framed },
  "/stays-chunked-in-parts": { now: chunked },
  "/stays-empty": { now: () => "HTTP/1.1 204 No Content\r\n\r\n" },
  "/stays-of-length-zero": { now: () => framed("") },
  "/twice": { now: (text) => framed(text) + stray },
  "/twice-chunked": { now: (text) => chunked(text) + chunked(`"stray"`) },
  "/twice-mixed": { now: (text) => framed(text) + chunked(`"stray"`) },
  "/twice-later": { now: framed, later: stray },
  "/twice-later-chunked": { now: chunked, later: chunked(`"stray"`) },
  "/half": { now: (text) => framed(text) + stray.slice(0, cut), later: stray.slice(cut) },
  "/half-chunked": { now: (text) => chunked(text) + stray.slice(0, cut), later: stray.slice(cut) },
  "/half-only": { now: (text) => framed(text) + stray.slice(0, cut) },
  "/half-chunked-only": { now: (text) => chunked(text) + stray.slice(0, cut) },
  "/half-later": { now: framed, later: stray.slice(0, cut) },
  "/one-byte": { now: (text) => `${framed(text)}H` },
  "/end-of-line": { now: (text) => `${framed(text)}\r\n` },
  "/end-of-line-chunked": { now: (text) => `${chunked(text)}\r\n` },
  "/garbage": { now: (text) => `${framed(text)}\0\xff\r\n\r\n` },
  "/garbage-chunked": { now: (text) => `${chunked(text)}0\r\n\r\n` },
  "/garbage-later": { now: framed, later: "\0\xff" },
  "/end-of-line-later": { now: framed, later: "\r\n" },
  "/longer-than-said": { now: (text) => `${framed(text)}${" ".repeat(50)}` },
  "/empty-with-body": { now: (text) => `HTTP/1.1 204 No Content\r\n\r\n${text}` },
  "/early-and-more": { now: (text) => `HTTP/1.1 103 Early Hints\r\n\r\n${framed(text)}` },
  "/interim-after": { now: (text) => `${framed(text)}HTTP/1.1 100 Continue\r\n\r\n` },
  "/interim-later": { now: framed, later: "HTTP/1.1 100 Continue\r\n\r\n" },
};

/** Where the servers are; told to the process of the other runtime. */
export interface StrayWorld {
  port: number;
  tlsPort: number;
  /** Greets with an answer whoever connects. */
  bannerPort: number;
  ca: string;
  paths: string[];
}

export interface StrayServers {
  world: StrayWorld;
  close(): Promise<void>;
}

/** Starts them. */
export async function startStrayServers(tls: {
  key: string;
  cert: string;
  ca: string;
}): Promise<StrayServers> {
  const sockets = new Set<Socket>();
  const byNumber = new Map<number, { socket: Socket; later: string | undefined }>();
  const greetedNow = new Set<Socket>();
  let connections = 0;
  const serve =
    (banner = "") =>
    (socket: Socket) => {
      const number = ++connections;
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => {});
      socket.setNoDelay(true);
      if (banner !== "") {
        greetedNow.add(socket);
        socket.on("close", () => greetedNow.delete(socket));
        socket.write(banner);
      }
      let heard = "";
      socket.on("data", (data) => {
        heard += data.toString("latin1");
        const end = heard.indexOf("\r\n\r\n");
        if (end < 0) return;
        const address = new URL(heard.split(" ")[1]!, "http://x");
        heard = heard.slice(end + 4);
        const answer = JSON.stringify({
          to: address.searchParams.get("id"),
          connection: number,
          greeted: greetedNow.size,
          ...(address.pathname === "/open" && {
            open: [...byNumber].filter(([, { socket }]) => sockets.has(socket)).map(([one]) => one),
          }),
        });
        // What another connection has still to say is said before this one's answer.
        const other = byNumber.get(Number(address.searchParams.get("first-to")));
        if (other?.later !== undefined && !other.socket.destroyed) other.socket.write(other.later, "latin1");
        const { now, later } = manners[address.pathname] ?? { now: framed, later: undefined };
        byNumber.set(number, { socket, later: address.pathname === "/race" ? stray : later });
        if (address.pathname === "/held") setTimeout(() => void socket.write(framed(answer)), 1_500);
        else if (address.pathname.endsWith("in-parts")) void inParts(socket, now(answer));
        else socket.write(now(answer), "latin1");
      });
    };
  const started = [
    createServer(serve()),
    createTlsServer({ key: tls.key, cert: tls.cert }, serve()),
    createServer(serve(stray)),
  ];
  for (const server of started) await once(server.listen(0, "127.0.0.1"), "listening");
  const [port, tlsPort, bannerPort] = started.map((server) => (server.address() as AddressInfo).port);
  return {
    world: {
      port: port!,
      tlsPort: tlsPort!,
      bannerPort: bannerPort!,
      ca: tls.ca,
      paths: Object.keys(manners),
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(started.map((server) => once(server.close(), "close")));
    },
  };
}

/** In packets that end anywhere, also in the middle of the ends of lines. */
async function inParts(socket: Socket, text: string): Promise<void> {
  for (const part of text.match(/[^]{1,3}/g)!) {
    await new Promise((resolve) => void socket.write(part, resolve));
    await new Promise(setImmediate);
  }
}

/** What became of one way to say too much. */
export interface StrayTold {
  /** What the requests after it got that was not theirs. */
  wrong: string[];
  /** Whether a later request went over the same connection. */
  reused: boolean;
}

type Way = "http" | "fetch";

interface Got {
  /** What came, when it was not the answer to this request. */
  wrong?: string | undefined;
  connection?: number;
  /** Connections still open to the server that talks first. */
  greeted?: number;
  /** Those still open. */
  open?: number[];
}

/** Asks in every manner, then asks on. */
export async function runStray(way: Way, world: StrayWorld) {
  const { port, tlsPort, bannerPort, ca, paths } = world;
  const transportOf = (restMs: number) =>
    way === "fetch" ? fetchTransport : createHttpTransport({ ca, restMs });
  // Told what to do by a connection of its own.
  const control = createHttpTransport({ ca, restMs: 0 });
  const plain = `http://127.0.0.1:${port}`;
  const secure = `https://api.test:${tlsPort}`;
  let ids = 0;

  async function get(at: string, path: string, transport = control, firstTo?: number): Promise<Got> {
    const clock = beginDeadline(5_000);
    const id = String(++ids);
    try {
      const url = new URL(`${at}${path}?id=${id}${firstTo === undefined ? "" : `&first-to=${firstTo}`}`);
      const reply = await transport({
        method: "GET",
        url,
        headers: {},
        plain: false,
        limit: 100_000,
        clock,
        ...(way === "http" && { addresses: ["127.0.0.1"] }),
      });
      let text = "";
      await reply.read((part) => ((text += new TextDecoder().decode(part)), true));
      const said = (text === "" ? { to: id } : JSON.parse(text)) as {
        to?: string;
        connection?: number;
        greeted?: number;
      };
      return { ...said, wrong: said.to === id ? undefined : text };
    } catch (error) {
      return { wrong: `failed: ${(error as Error).message}` };
    } finally {
      clock.end();
    }
  }

  async function after(at: string, path: string): Promise<StrayTold> {
    const transport = transportOf(0);
    const wrong: string[] = [];
    const note = (answer: Got) => answer.wrong && wrong.push(answer.wrong);
    // Which connection it is that will be spoilt, an answer without a body does not tell.
    const before = await get(at, "/ok", transport);
    const spoilt = await get(at, path, transport);
    note(before);
    note(spoilt);
    if (manners[path]?.later !== undefined) {
      // Twice: what was sent before the first answer has arrived with the second.
      await get(at, "/ok", control, spoilt.connection);
      await get(at, "/ok", control);
    }
    let reused = false;
    for (let n = 0; n < 3; n++) {
      const next = await get(at, "/ok", transport);
      note(next);
      reused ||= next.connection === (spoilt.connection ?? before.connection);
    }
    return { wrong, reused };
  }

  /** The second answer comes when the next request has been sent, as soon as the first was read. */
  async function race(at: string): Promise<StrayTold> {
    const transport = transportOf(60_000);
    const first = await get(at, "/race", transport);
    const next = await get(at, "/ok", transport, first.connection);
    return {
      wrong: next.wrong === undefined ? [] : [next.wrong],
      reused: next.connection === first.connection,
    };
  }

  /** Whether requests after one of a kind get a connection each. */
  async function apart(at: string, path: string): Promise<boolean> {
    const transport = transportOf(0);
    const spoilt = await get(at, path, transport);
    // Twice: what was sent before the first answer has arrived with the second.
    await get(at, "/ok", control, spoilt.connection);
    await get(at, "/ok");
    const seen = new Set<number>();
    for (let n = 0; n < 4; n++) seen.add((await get(at, "/ok", transport)).connection!);
    return seen.size === 4;
  }

  /** Connections left open after many requests at once. */
  async function left(): Promise<number> {
    const transport = transportOf(60_000);
    const made = await Promise.all(Array.from({ length: 300 }, () => get(plain, "/ok", transport)));
    const numbers = new Set(made.map(({ connection }) => connection));
    let open = numbers.size;
    for (let n = 0; n < 500 && open > 250; n++)
      open = (await get(plain, "/open")).open!.filter((one) => numbers.has(one)).length;
    return open;
  }

  /** Once it has rested, a connection is used again. */
  async function rested(at: string): Promise<boolean> {
    const transport = transportOf(1);
    const seen = new Set<number | undefined>();
    for (let n = 0; n < 1_000; n++) {
      const { connection } = await get(at, "/ok", transport);
      if (seen.has(connection)) return true;
      seen.add(connection);
    }
    return false;
  }

  /** Answers of a server until its connections rest as those of a proven one do: for good, here. */
  async function provenAfter(): Promise<number> {
    const transport = createHttpTransport({ ca, restMs: 1, provenRestMs: 600_000 });
    const unused = new Set<number | undefined>();
    let answers = 0;
    // So many new connections one after the other: until then some wait for their turn at most.
    for (let fresh = 0; fresh < 300 && answers < 5_000; answers++) {
      const { connection } = await get(plain, "/ok", transport);
      fresh = unused.has(connection) ? 0 : fresh + 1;
      unused.add(connection);
      await get(plain, "/ok");
    }
    return answers;
  }

  /** Whether a proven server that strays gets a connection for each request from then on. */
  async function provenStrays(): Promise<boolean> {
    const transport = createHttpTransport({ ca, restMs: 1, provenRestMs: 0 });
    let last: number | undefined;
    // A connection that does not rest is used again at once.
    for (let n = 0, same = 0; n < 5_000 && same < 10; n++) {
      const { connection } = await get(plain, "/ok", transport);
      same = connection === last ? same + 1 : 0;
      last = connection;
    }
    await get(plain, "/twice", transport);
    const seen = new Set<number>();
    for (let n = 0; n < 4; n++) seen.add((await get(plain, "/ok", transport)).connection!);
    return seen.size === 4;
  }

  /** Of a server that talks first, a request gets what it said before; what it says then, no other does. */
  async function greeted() {
    const transport = transportOf(60_000);
    const got = [];
    for (let n = 0; n < 3; n++)
      got.push((await get(`http://127.0.0.1:${bannerPort}`, "/ok", transport)).wrong);
    let open = 3;
    // The answers arrive after those that were taken for them.
    for (let n = 0; n < 1_000 && open > 0; n++) open = (await get(plain, "/ok")).greeted!;
    return { got, open };
  }

  /** Whether each request gets a connection where the settings say so, or the way cannot do otherwise. */
  async function alone(): Promise<boolean> {
    const host = `127.0.0.1:${port}`;
    const settings = { secrets: {}, allowHosts: [host], allowPorts: [], maxAnswerBytes: 1_000 };
    const exchange =
      way === "fetch"
        ? createExchange(settings, { transport: fetchTransport })
        : createExchange({ ...settings, reuseConnections: false });
    const seen = new Set<string | undefined>();
    for (let n = 0; n < 40; n++) {
      const request = { url: `http://${host}/ok` };
      const { bodyJson } = await exchange.ask({ request, secretScope: "shared", timeoutMs: 2_000 });
      seen.add(bodyJson);
      // As long as a connection rests.
      if (n === 0) await get(plain, "/held");
    }
    return seen.size === 40;
  }

  const remaining = await left();
  const told: Record<string, StrayTold> = {};
  for (const path of paths) {
    told[path] = await after(plain, path);
    if (way === "http") told[`tls ${path}`] = await after(secure, path);
  }
  return {
    told,
    race: await race(plain),
    greeted: await greeted(),
    alone: await alone(),
    left: remaining,
    ...(way === "http" && {
      secureRace: await race(secure),
      apart: {
        stays: await apart(plain, "/stays-framed"),
        chunked: await apart(secure, "/stays-chunked"),
        early: await apart(plain, "/early-and-more"),
        twice: await apart(plain, "/twice"),
        half: await apart(secure, "/half"),
        later: await apart(plain, "/twice-later"),
        laterChunked: await apart(secure, "/twice-later-chunked"),
      },
      rested: [await rested(plain), await rested(secure)],
      provenAfter: await provenAfter(),
      provenStrays: await provenStrays(),
    }),
  };
}

const [, file, way, argument] = process.argv;
if (file?.endsWith("stray.ts") && argument !== undefined) {
  console.log(JSON.stringify(await runStray(way as Way, JSON.parse(argument) as StrayWorld)));
  process.exit();
}
