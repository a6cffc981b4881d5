/**
 * One HTTP request: a rendered request in, what came back out. Nothing is decided here; whether an answer is good,
 * and what follows a bad one, the database says.
 */
import { Buffer } from "node:buffer";
import { z } from "zod";
import type { Answer, Failure } from "./client.ts";
import type { Config } from "./config.ts";
import { beginDeadline, type Deadline } from "./deadlines.ts";
import { createCheck, GuardError, type Resolve } from "./guard.ts";
import { keptNumber, storable, storableJson } from "./json.ts";
import { MissingSecret, SecretNotHeld, SecretStore, SecretsUnreadable } from "./secret-store.ts";
import { SecretFiller } from "./secrets.ts";
import {
  createHttpTransport,
  Fault,
  fetchTransport,
  pinsAddresses,
  tooLarge,
  type Reply,
  type Transport,
} from "./transport.ts";

const MAX_TEXT = 2_000;
// Of what a client says to a message, so much is kept for those who look for a fault.
const KEPT_BYTES = 1_024;
// Read to its end, an answer leaves its connection fit for the next request; a long or slow one is not worth it.
const DRAINED_BYTES = 16_384;
const DRAIN_MS = 500;

const rendered = z.object({
  method: z
    .string()
    .nullish()
    .transform((method) => (method ?? "GET").toUpperCase())
    .pipe(z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])),
  url: z.string(),
  query: z.record(z.string(), z.unknown()).nullish(),
  headers: z.record(z.string(), z.unknown()).nullish(),
  body: z.unknown().optional(),
});

// What says where the request goes and where it ends is not for a template to say.
const OWN_HEADERS = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "upgrade",
  "te",
]);

/** What to send. */
export interface Outgoing {
  /** `{method, url, query, headers, body}`. */
  request: unknown;
  secretScope: string;
  timeoutMs: number;
}

/** What has come back so far, and whether all of it has. */
interface Got {
  answer: Omit<Answer, "duration_ms">;
  ended: boolean;
}

/** How much of an answer is wanted: all of it as JSON, or whether it was 2xx and its beginning. */
type Reading = "json" | "beginning";

/** Sends requests. */
export interface Exchange {
  /** Sends a request of a source and reads the answer. */
  ask(outgoing: Outgoing): Promise<Answer>;
  /**
   * Sends a message. The status decides; of the answer the first 1,024 bytes are told, as text.
   *
   * @param filler - which secrets the headers contain, to take them out of the answer
   */
  post(
    url: string,
    headers: Record<string, string>,
    body: string,
    timeoutMs: number,
    filler?: SecretFiller,
  ): Promise<Answer>;
}

/** What surrounds the exchange; tests put their own in place of each part. */
export interface ExchangeOptions {
  /** Those of the configuration, by default. */
  secrets?: SecretStore;
  resolve?: Resolve;
  /** The way out, whatever the runtime can do. */
  transport?: Transport;
}

/** Makes the exchange. */
export function createExchange(
  config: Pick<Config, "secrets" | "allowHosts" | "allowPorts" | "maxAnswerBytes"> &
    Partial<Pick<Config, "denyNetworks" | "proxied" | "maxRequestBytes" | "reuseConnections">>,
  options: ExchangeOptions = {},
): Exchange {
  const check = createCheck({ ...config, ...(options.resolve && { resolve: options.resolve }) });
  const secrets = options.secrets ?? new SecretStore(config);
  const { maxAnswerBytes, maxRequestBytes = Infinity, reuseConnections: reuse = true } = config;
  const proxied = new Set<string>(config.proxied);
  let usual: Transport | undefined = options.transport;

  /** The way out; the answer is there at once but for the first time. */
  function transportTo(url: URL): Transport | Promise<Transport> {
    if (options.transport === undefined && proxied.has(url.protocol)) return fetchTransport;
    return (
      usual ??
      pinsAddresses().then((pins) => (usual ??= pins ? createHttpTransport({ reuse }) : fetchTransport))
    );
  }

  async function send(
    make: () => Ready,
    timeoutMs: number,
    reading: Reading,
    filler?: SecretFiller,
  ): Promise<Answer> {
    const begun = performance.now();
    const clock = beginDeadline(timeoutMs);
    const got: Got = { answer: {}, ended: false };
    try {
      const making = made(make, filler, clock);
      const ready = making instanceof Promise ? await making : making;
      const size = sizeOf(ready);
      if (size > maxRequestBytes)
        throw new Fault(
          "bad_request",
          `the request has ${size} bytes, and no more than ${maxRequestBytes} are sent (ETL_MAX_REQUEST_BYTES)`,
        );
      let addresses = check(ready.url);
      if (addresses instanceof Promise) addresses = await abortable(addresses, clock.signal);
      let transport = transportTo(ready.url);
      if (transport instanceof Promise) transport = await transport;
      const reply = await transport({
        ...ready,
        addresses,
        plain: reading === "beginning",
        // Of a client's answer reading stops by itself; this is for what comes around it.
        limit: reading === "json" ? maxAnswerBytes : 1_000_000,
        clock,
      });
      await read(reply, ready.method, reading, got, filler);
    } catch (error) {
      // Headers may have come when the body fails: then the status is reported beside the error.
      got.answer.error = clock.passed
        ? { kind: "timeout", message: `no complete answer within ${timeoutMs} ms` }
        : describe(error);
    } finally {
      clock.end();
      // Ends what is still under way: a connection whose body nobody wants.
      if (!got.ended) clock.abort();
    }
    const { answer } = got;
    if (answer.status !== undefined && isRedirect(answer.status)) answer.error = redirected(answer.status);
    if (answer.error !== undefined) answer.error.message = clean(answer.error.message, filler);
    return { ...answer, duration_ms: Math.round(performance.now() - begun) };
  }

  /** The request, once its secrets are there. */
  function made(
    make: () => Ready,
    filler: SecretFiller | undefined,
    clock: Deadline,
  ): Ready | Promise<Ready> {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof SecretNotHeld) || filler === undefined) throw error;
      return abortable(filler.load(), clock.signal).then(make);
    }
  }

  async function read(
    reply: Reply,
    method: string,
    reading: Reading,
    got: Got,
    filler: SecretFiller | undefined,
  ): Promise<void> {
    const { answer } = got;
    answer.status = reply.status;
    answer.headers = headersOf(reply, filler);
    if (reading === "beginning") {
      await readBeginning(reply, got, filler);
      return;
    }
    const text = await textOf(reply, method === "HEAD" ? Infinity : maxAnswerBytes);
    got.ended = true;
    if (text === "" && (method === "HEAD" || [204, 205, 304].includes(reply.status))) return;
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      answer.body_text = clean(text, filler);
      answer.error = {
        kind: "invalid_json",
        message: text === "" ? "the answer is empty" : "the answer is not JSON",
      };
      return;
    }
    answer.bodyJson = storableJson(filler?.scrubJson(text, parsed) ?? text);
  }

  return {
    ask(outgoing) {
      const filler = new SecretFiller(secrets, outgoing.secretScope, outgoing.request);
      return send(() => prepare(outgoing.request, filler), outgoing.timeoutMs, "json", filler);
    },
    post(url, headers, body, timeoutMs, filler) {
      const make = () => ({ method: "POST", url: parseUrl(url), headers, body });
      return send(make, timeoutMs, "beginning", filler);
    },
  };
}

interface Ready {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body?: string;
}

/** Bytes a request has, but for what the protocol adds. */
function sizeOf({ url, headers, body }: Ready): number {
  let size = url.href.length + (body === undefined ? 0 : Buffer.byteLength(body));
  for (const name in headers) size += name.length + headers[name]!.length;
  return size;
}

// 304 says that nothing is new.
const isRedirect = (status: number) => status >= 300 && status <= 399 && status !== 304;

/** Where to, is not told: addresses carry secrets. */
const redirected = (status: number): Failure => ({
  kind: "blocked",
  message: `the answer is a redirect (${status}), and redirects are not followed`,
});

function prepare(request: unknown, filler: SecretFiller): Ready {
  const parsed = rendered.safeParse(request);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Fault("bad_request", `the request cannot be sent: ${issue!.path.join(".")}: ${issue!.message}`);
  }
  const { method, url, query, headers, body } = parsed.data;
  const address = parseUrl(filler.text(url, encodeURIComponent));
  const added = pairs(filler.value(query ?? {}) as Record<string, unknown>);
  // The address's own query stays as it is written.
  if (added !== "") address.search = address.search.length > 1 ? `${address.search}&${added}` : added;
  const sent = headersFrom(filler.value(headers ?? {}) as Record<string, unknown>);
  if (body === undefined || body === null) return { method, url: address, headers: sent };
  if (method === "GET" || method === "HEAD") {
    throw new Fault("bad_request", `a ${method} request carries no body; use query, or another method`);
  }
  return { method, url: address, headers: sent, body: bodyFrom(filler.value(body), sent) };
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new Fault("bad_request", "the address is no URL");
  }
}

/** Names and values as a query or a form carries them: a list repeats its name, null is left out. */
function pairs(values: Record<string, unknown>): string {
  const encoded = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (one !== null && one !== undefined) encoded.append(name, plain(one));
    }
  }
  return encoded.toString();
}

function plain(value: unknown): string {
  if (typeof value === "string") return value;
  return keptNumber(value) ?? JSON.stringify(value);
}

// A token of HTTP, and a value of bytes without the ends of lines.
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const NOT_IN_HEADER = /[\0\r\n\u0100-\uffff]/;

/** Headers as they are sent, names in lower case. A `Headers` would be made anew by `fetch`, which is not free. */
function headersFrom(values: Record<string, unknown>): Record<string, string> {
  const headers: Record<string, string> = { accept: "application/json", "user-agent": "millrace" };
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined) continue;
    const key = name.toLowerCase();
    if (OWN_HEADERS.has(key)) throw new Fault("bad_request", `the header ${name} is set by the engine`);
    const text = (Array.isArray(value) ? value.map(plain).join(", ") : plain(value)).trim();
    if (!HEADER_NAME.test(key) || NOT_IN_HEADER.test(text)) {
      throw new Fault("bad_request", `the header ${name} has a name or value that cannot be sent`);
    }
    headers[key] = text;
  }
  return headers;
}

function bodyFrom(body: unknown, headers: Record<string, string>): string {
  const type = (headers["content-type"] ??= "application/json");
  const media = type.split(";")[0]!.trim().toLowerCase();
  if (media === "application/x-www-form-urlencoded" && typeof body === "object" && !Array.isArray(body)) {
    return pairs(body as Record<string, unknown>);
  }
  // Text in any notation that is not JSON (a form, XML, CSV) was written by the template as it is to be sent.
  if (typeof body === "string" && !/[/+]json$/.test(media)) return body;
  return JSON.stringify(body);
}

function headersOf(reply: Reply, filler: SecretFiller | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  const type = reply.header("content-type");
  if (type !== undefined) headers["content-type"] = clean(type, filler);
  // Sent twice, it arrives as a list.
  const retry = reply.header("retry-after")?.replace(/^(\d+)\s*,.*$/, "$1");
  if (retry !== undefined) headers["retry-after"] = clean(retry, filler);
  return headers;
}

async function textOf(reply: Reply, limit: number): Promise<string> {
  if (Number(reply.header("content-length") ?? 0) > limit) throw tooLarge(limit);
  const decoder = decoderFor(reply.header("content-type"));
  let size = 0;
  let text = "";
  await reply.read((part) => {
    // Counted as it comes out of decompression, so a small answer cannot become a large one.
    size += part.length;
    if (size > limit) throw tooLarge(limit);
    text += decoder.decode(part, { stream: true });
    return true;
  });
  return text + decoder.decode();
}

function decoderFor(contentType: string | undefined): TextDecoder {
  const charset = contentType?.includes(";") && /;\s*charset="?([^";\s]+)/i.exec(contentType)?.[1];
  try {
    return new TextDecoder(charset || "utf-8");
  } catch {
    return new TextDecoder();
  }
}

/** Reads a short answer to its end, a long or slow one as far as it is kept and waited for. */
async function readBeginning(reply: Reply, got: Got, filler: SecretFiller | undefined): Promise<void> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const reading = reply.read((part) => {
    parts.push(part);
    return (size += part.length) <= DRAINED_BYTES;
  });
  if (reply.status === 204 || reply.header("content-length") === "0") {
    got.ended = await reading;
    return;
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, DRAIN_MS, false)));
  try {
    got.ended = await Promise.race([reading, patience]);
  } catch {
    // The status has arrived; how the rest ends changes nothing.
  } finally {
    clearTimeout(timer);
    reading.catch(() => {});
  }
  if (size === 0) return;
  // What is cut off in the middle of a character is left out.
  const text = decoderFor(reply.header("content-type")).decode(Buffer.concat(parts), { stream: true });
  const start = filler?.scrubStart(text, KEPT_BYTES, !got.ended) ?? text.slice(0, KEPT_BYTES);
  got.answer.body_text = firstBytes(storable(start), KEPT_BYTES);
}

const encoder = new TextEncoder();

/** The beginning of a text that takes so many bytes, in whole characters. */
function firstBytes(text: string, bytes: number): string {
  return text.length * 3 <= bytes
    ? text
    : text.slice(0, encoder.encodeInto(text, new Uint8Array(bytes)).read);
}

/** Waits for something that cannot be aborted no longer than until the signal. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new Error("aborted"));
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** A text as it may be stored: short, without secrets, without what the database cannot hold. */
function clean(text: string, filler: SecretFiller | undefined): string {
  // First the secrets: cut before that, half of one could stay.
  return storable(filler?.scrubStart(text, MAX_TEXT) ?? text.slice(0, MAX_TEXT));
}

function describe(error: unknown): Failure {
  if (error instanceof Fault || error instanceof GuardError)
    return { kind: error.kind, message: error.message };
  if (error instanceof MissingSecret) return { kind: "secret_missing", message: error.message };
  if (error instanceof SecretsUnreadable) return { kind: "network", message: error.message };
  return { kind: "network", message: networkReason(error) };
}

// Runtimes word these differently, and some of them quote the whole address, query and all.
const REASONS: readonly [RegExp, string][] = [
  [
    /HPE_HEADER_OVERFLOW|HEADERS_OVERFLOW|message head is too large/i,
    "the headers of the answer are longer than a server needs",
  ],
  [
    /HPE_|does not match the HTTP|invalid (HTTP version|content-length) parsed/i,
    "the answer is no valid HTTP",
  ],
  [/ECONNREFUSED|connection refused/i, "the connection was refused"],
  [/socket hang up/i, "the connection was closed before the answer was complete"],
  [/ECONNRESET|connection reset|EPIPE|broken pipe/i, "the connection was reset"],
  [/ENOTFOUND|EAI_AGAIN|dns error/i, "the name was not found"],
  [/ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT|timed out/i, "the connection timed out"],
  [/EHOSTUNREACH|ENETUNREACH|unreachable/i, "the host cannot be reached"],
  [/NotCapable|Requires net access/, "the runtime's own permissions forbid this connection"],
  [/tunnel error|proxy authentication|unsuccessful tunnel/i, "the proxy let nothing through"],
  [
    /certificate|\bTLS\b|\bSSL\b|ERR_TLS|CERT_|UNABLE_TO_VERIFY|SELF_SIGNED/i,
    "no secure connection could be made",
  ],
  [/bad port|port \d+ (is|are) blocked|ports? .*blocked/i, "the port is one that is never connected to"],
  [
    /UND_ERR_SOCKET|other side closed|terminated|error reading a body|closed before|incomplete|unexpected eof|UnexpectedEof/i,
    "the connection was closed before the answer was complete",
  ],
];

function networkReason(error: unknown): string {
  const said: string[] = [];
  for (let cause: unknown = error; cause instanceof Error && said.length < 10; cause = cause.cause) {
    said.push(String((cause as { code?: unknown }).code ?? ""), cause.message);
  }
  const all = said.join(" ");
  const [, reason] = REASONS.find(([pattern]) => pattern.test(all)) ?? [];
  return (
    reason ?? `the request failed: ${all.replace(/https?:\/\/\S+/gi, "<address>").trim() || String(error)}`
  );
}
