/**
 * How a request gets out and its answer in; what either means is not known here.
 *
 * The usual way is `node:http`, for it connects to the addresses it is given: those the guard has checked. `fetch`
 * looks names up by itself and cannot be told. It is taken where it is the only way: through a proxy, which looks names
 * up in our place, and in a runtime whose `node:http` does not ask for addresses (older versions of Deno).
 */
import { Buffer } from "node:buffer";
import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import process from "node:process";
import type { Readable } from "node:stream";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";
import type { FailureKind } from "./client.ts";
import { answers, asks, guarded, informs, Servers } from "./connections.ts";
import type { Deadline } from "./deadlines.ts";
import type { Checked } from "./guard.ts";

/** A request that ends without an answer to report. */
export class Fault extends Error {
  readonly kind: FailureKind;
  constructor(kind: FailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** A request, ready to be sent. */
export interface Sending {
  method: string;
  url: URL;
  /** Names in lower case. */
  headers: Record<string, string>;
  body?: string;
  /** Where its host name leads; to be looked up when it is not said. */
  addresses?: Checked;
  /** Its answer is wanted as it is, not compressed. */
  plain: boolean;
  /** Bytes its answer may have. */
  limit: number;
  /** Ends it at any time; what has begun to be read, too. */
  clock: Deadline;
}

/** The beginning of an answer. */
export interface Reply {
  status: number;
  header(name: string): string | undefined;
  /**
   * Hands over the body, uncompressed, part by part, until there is no more or `take` returns false.
   *
   * @returns whether the end was reached
   */
  read(take: (part: Uint8Array) => boolean): Promise<boolean>;
}

/** Sends a request; resolves when the head of the answer is there. */
export type Transport = (sending: Sending) => Promise<Reply>;

/** A runtime's own settings, for tests. */
export interface TransportOptions {
  /** Certificates of the authorities to trust in place of the usual ones. */
  ca?: string;
  /** Whether a connection may be used for more than one request; true by default. */
  reuse?: boolean;
  /** Milliseconds a connection is left alone before it is used again. */
  restMs?: number;
  /** The same, to a server that has been silent hundreds of times. */
  provenRestMs?: number;
}

// ---- over node:http

// Servers mostly keep a connection for five seconds or more. One they close while we write costs an attempt: whether what
// was sent has arrived nobody knows, and no sending goes uncounted.
const IDLE_MS = 3_000;
// A second answer follows the first by far less, unless the server means harm or is starved.
const REST_MS = 1_000;
// More than a network makes of what was sent at once, and little enough that some hundred connections serve thousands of
// requests a second.
const PROVEN_REST_MS = 10;
// Beyond what any server has to say before its answer (100, 102, 103).
const MAX_INFORMATION = 20;
// Parts so small that receiving them is the work; of an answer that is no attack, thousands arrive in a few.
const MIN_PART_BYTES = 16;
const FREE_PARTS = 10_000;

/** Makes the way over `node:http`, with connections of its own. */
export function createHttpTransport({
  ca,
  reuse = true,
  restMs = REST_MS,
  provenRestMs = Math.min(restMs, PROVEN_REST_MS),
}: TransportOptions = {}): Transport {
  const kept = { keepAlive: true, timeout: IDLE_MS, maxFreeSockets: 256 };
  const trust = ca === undefined ? {} : { ca };
  // Deno's own way there reads all certificates first, which takes a right (--allow-sys) and misses DENO_CERT.
  const tls =
    "Deno" in globalThis ? { createConnection: (to: object) => connectTls(to as ConnectionOptions) } : {};
  const servers = new Servers();
  const rest = { usual: restMs, proven: provenRestMs };
  const agents = {
    "http:": guarded(new HttpAgent(kept), rest, servers),
    "https:": guarded(Object.assign(new HttpsAgent({ ...kept, ...trust }), tls), rest, servers),
  };

  function connect(sending: Sending): ClientRequest {
    const { method, url, body } = sending;
    const secure = url.protocol === "https:";
    const headers: Record<string, string | number> = {
      "accept-encoding": sending.plain ? "identity" : ENCODINGS,
      ...sending.headers,
    };
    if (body !== undefined) headers["content-length"] = Buffer.byteLength(body);
    const hostname = url.hostname.replace(/^\[|\]$/g, "");
    const port = url.port || (secure ? 443 : 80);
    const alone = !reuse || servers.hasStrayed(`${hostname}:${port}`);
    return (secure ? httpsRequest : httpRequest)({
      method,
      hostname,
      port,
      path: url.pathname + url.search,
      headers,
      agent: alone ? false : agents[url.protocol as "http:" | "https:"],
      ...(sending.addresses !== undefined && {
        lookup: lookupOf(sending.addresses),
      }),
      ...(alone && secure && { ...trust, ...tls }),
    });
  }

  return (sending) =>
    new Promise((resolve, reject) => {
      const request = connect(sending);
      const stop = () => void request.destroy(new Error("aborted"));
      const unwatch = watch(request, sending.limit);
      let informed = 0;
      let settled = false;
      let failure: Error | undefined;
      sending.clock.stop = stop;
      request.on("socket", () => {
        // Deno sends a request whose reused connection ends once more by itself, even one that was given up here. Whether
        // it may be sent twice is not for the runtime to say.
        request.reusedSocket = false;
        asks(request);
      });
      request.on("information", () => {
        informs(request);
        if (++informed > MAX_INFORMATION) request.destroy(new Fault("network", "the answer never begins"));
      });
      request.on("response", (response) => {
        settled = true;
        answers(request, response);
        // Until somebody reads, nobody else would hear of it, and that ends the process.
        response.on("error", () => {});
        resolve(replyOf(sending, request, response, () => failure));
      });
      request.on("error", (error) => {
        failure ??= error;
        if (settled) return;
        settled = true;
        reject(error);
      });
      request.on("close", () => {
        if (sending.clock.stop === stop) sending.clock.stop = undefined;
        unwatch();
        // For one, when the answer is to go on in another protocol.
        if (!settled) reject(new Fault("network", "the connection was closed without an answer"));
      });
      if (sending.clock.passed) stop();
      request.end(sending.body);
    });
}

/** Answers a look-up with what was found before. */
function lookupOf(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, { all }, callback) =>
    // Later, as a look-up would: where the runtime forbids the connection (deno run --deny-net) nobody else would catch
    // that any earlier.
    process.nextTick(() => {
      if (all === true) callback(null, found);
      else callback(null, found[0]!.address, found[0]!.family);
    });
}

function replyOf(
  { limit }: Sending,
  request: ClientRequest,
  response: IncomingMessage,
  why: () => Error | undefined,
): Reply {
  const { headers } = response;
  return {
    status: response.statusCode!,
    header(name) {
      const value = headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    read: (take) =>
      new Promise((resolve, reject) => {
        let wire = 0;
        let parts = 0;
        let body: Readable | undefined;
        const settle = (act: () => void) => {
          body?.destroy();
          // Not before the connection knows that the end was reached, or it would not be used again.
          if (!response.complete) request.destroy();
          act();
        };
        const fail = (error: unknown) => settle(() => reject(error as Error));
        const hand = (part: Uint8Array) => {
          try {
            if (!take(part)) settle(() => resolve(false));
          } catch (error) {
            fail(error);
          }
        };
        const isTooMuch = (part: Uint8Array) => {
          wire += part.length;
          parts++;
          if (wire > limit) fail(tooLarge(limit));
          else if (parts > FREE_PARTS && wire < parts * MIN_PART_BYTES)
            fail(new Fault("too_large", "the answer comes in too many small parts"));
          else return false;
          return true;
        };
        // What the request had to say is the reason; the answer itself only says that it was cut.
        response.on("error", (error) => fail(why() ?? error));
        const unpack = decoderOf(headers["content-encoding"]);
        if (unpack === undefined) {
          response.on("data", (part: Uint8Array) => isTooMuch(part) || hand(part));
          response.on("end", () => resolve(true));
          return;
        }
        response.on("data", isTooMuch);
        response.once("end", () => body ?? resolve(true));
        // Which decoder it is may depend on the first byte. A body that has none (HEAD, 204) needs no decoder.
        response.once("data", (first: Uint8Array) => {
          body = unpack(first);
          body.on("data", hand);
          body.on("end", () => resolve(true));
          body.on("error", () => fail(new Fault("invalid_json", "the answer cannot be decompressed")));
          (body as Readable & NodeJS.WritableStream).write(first);
          response.pipe(body as Readable & NodeJS.WritableStream);
        });
      }),
  };
}

/** What an answer of more than so many bytes is refused with. */
export function tooLarge(limit: number): Fault {
  return new Fault("too_large", `the answer has more than ${limit} bytes`);
}

/** What is asked for, so that nothing else comes. */
const ENCODINGS = "gzip, deflate, br";

function decoderOf(encoding: string | undefined): ((first: Uint8Array) => Readable) | undefined {
  switch (encoding?.trim().toLowerCase() ?? "identity") {
    case "":
    case "identity":
      return undefined;
    case "gzip":
    case "x-gzip":
      return () => createGunzip();
    case "br":
      return () => createBrotliDecompress();
    case "deflate":
      // Meant is zlib's format; some send the bare one.
      return (first) => ((first[0]! & 0x0f) === 8 ? createInflate() : createInflateRaw());
    default:
      // One in another, too: each step would multiply what the step before made.
      throw new Fault("invalid_json", `the answer is compressed in another way than ${ENCODINGS}`);
  }
}

// ---- what never becomes a part of an answer (names of headers, extensions of chunks) is only seen on the wire

const watched = new Map<ClientRequest, { from: number | undefined; limit: number }>();
let watching: ReturnType<typeof setInterval> | undefined;

/** Ends a request that receives far more than its answer may have. */
function watch(request: ClientRequest, limit: number): () => void {
  watched.set(request, { from: undefined, limit: 2 * limit + 1_000_000 });
  watching ??= setInterval(lookAtWire, 250);
  return () => {
    watched.delete(request);
    if (watched.size > 0) return;
    clearInterval(watching);
    watching = undefined;
  };
}

function lookAtWire(): void {
  for (const [request, entry] of watched) {
    const read = request.socket?.bytesRead;
    if (read === undefined) continue;
    entry.from ??= read;
    if (read - entry.from > entry.limit)
      request.destroy(new Fault("too_large", "far more was received than the answer may have"));
  }
}

let asked: Promise<boolean> | undefined;

/** Whether this runtime's `node:http` connects to the addresses it is given. */
export function pinsAddresses(): Promise<boolean> {
  return (asked ??= new Promise((resolve) => {
    const own = Object.assign(new Error("not to be connected to"), { code: "ETL_PROBE" });
    const giveUp = setTimeout(resolve, 2_000, false);
    const end = (pins: boolean) => {
      clearTimeout(giveUp);
      resolve(pins);
    };
    try {
      const lookup: LookupFunction = (_host, _options, callback) => callback(own, "", 0);
      const probe = httpRequest({ hostname: "probe.invalid", port: 80, agent: false, lookup });
      probe.on("error", (error: NodeJS.ErrnoException) => end(error.code === own.code));
      probe.on("response", () => end(false));
      probe.end();
    } catch {
      end(false);
    }
  }));
}

// ---- over fetch

let client: object | undefined;

/** Deno asks the server to close the connection, and goes on using it itself unless it is told otherwise here. */
function aloneInDeno(): object {
  if (client !== undefined) return client;
  const { Deno } = globalThis as { Deno?: { createHttpClient?: (options: object) => unknown } };
  try {
    const made = Deno?.createHttpClient?.({ poolMaxIdlePerHost: 0 });
    return (client = made === undefined ? {} : { client: made });
  } catch {
    // Not to be had in this one.
    return (client = {});
  }
}

/** The way over `fetch`. What its connections receive cannot be seen, so each has one request. */
export const fetchTransport: Transport = async ({ method, url, headers, body, limit, clock }) => {
  // A redirect could lead where the guard would not have let it go, and would take the secrets along.
  const response = await fetch(url.href, {
    method,
    headers: { ...headers, connection: "close" },
    ...(body !== undefined && { body }),
    redirect: "manual",
    signal: clock.signal,
    ...aloneInDeno(),
  });
  const header = (name: string) => response.headers.get(name) ?? undefined;
  return {
    status: response.status,
    header,
    async read(take) {
      if (response.body === null) return true;
      // An answer framed by its length and not compressed holds that many bytes: it can be read in one go, which costs
      // half.
      const length = header("content-length");
      if (length !== undefined && header("content-encoding") === undefined && Number(length) <= limit) {
        const bytes = await response.arrayBuffer();
        return bytes.byteLength === 0 || take(new Uint8Array(bytes));
      }
      const reader = response.body.getReader();
      try {
        for (let part = await reader.read(); !part.done; part = await reader.read())
          if (!take(part.value)) return false;
        return true;
      } finally {
        reader.cancel().catch(() => {});
      }
    },
  };
};
