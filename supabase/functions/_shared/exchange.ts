/**
 * One HTTP request: a rendered request in, what came back out. Nothing is decided here; whether an answer is good,
 * and what follows a bad one, the database says.
 */
import { z } from "zod";
import type { Answer, Failure, FailureKind } from "./client.ts";
import type { Config } from "./config.ts";
import { beginDeadline } from "./deadlines.ts";
import { createCheck, GuardError, type Resolve } from "./guard.ts";
import { keptNumber, storable, storableJson } from "./json.ts";
import { MissingSecret, SecretFiller } from "./secrets.ts";

const MAX_TEXT = 2_000;

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

/** A request that ends without an answer to report. */
class Fault extends Error {
  readonly kind: FailureKind;
  constructor(kind: FailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

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

/** How much of an answer is wanted: all of it, or only whether it was 2xx. */
type Reading = "body" | "status";

/** Sends requests. */
export interface Exchange {
  /** Sends a request of a source and reads the answer. */
  ask(outgoing: Outgoing): Promise<Answer>;
  /** Sends a text and looks at the status only. */
  post(url: string, headers: Record<string, string>, body: string, timeoutMs: number): Promise<Answer>;
}

/** Makes the exchange. */
export function createExchange(
  config: Pick<Config, "secrets" | "allowHosts" | "allowPorts" | "maxAnswerBytes">,
  options: { resolve?: Resolve } = {},
): Exchange {
  const check = createCheck({ ...config, ...options });

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
      const ready = make();
      const checking = check(ready.url);
      if (checking !== undefined) await abortable(checking, clock.signal);
      await read(ready, clock.signal, reading, got, filler);
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
    if (answer.error !== undefined) answer.error.message = clean(answer.error.message, filler);
    return { ...answer, duration_ms: Math.round(performance.now() - begun) };
  }

  async function read(
    { url, ...init }: Ready,
    signal: AbortSignal,
    reading: Reading,
    got: Got,
    filler: SecretFiller | undefined,
  ): Promise<void> {
    // A redirect could lead where the guard would not have let it go, and would take the secrets along.
    const response = await fetch(url.href, { ...init, redirect: "manual", signal });
    const { answer } = got;
    answer.status = response.status;
    answer.headers = headersOf(response, filler);
    if (reading === "status") {
      got.ended = await drain(response);
      return;
    }
    const text = await textOf(response, config.maxAnswerBytes);
    got.ended = true;
    if (text === "" && (init.method === "HEAD" || [204, 205, 304].includes(response.status))) return;
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
      const filler = new SecretFiller(config.secrets, outgoing.secretScope);
      return send(() => prepare(outgoing.request, filler), outgoing.timeoutMs, "body", filler);
    },
    post(url, headers, body, timeoutMs) {
      return send(() => ({ method: "POST", url: parseUrl(url), headers, body }), timeoutMs, "status");
    },
  };
}

interface Ready {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body?: string;
}

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

function headersOf(response: Response, filler: SecretFiller | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  const type = response.headers.get("content-type");
  if (type !== null) headers["content-type"] = clean(type, filler);
  // Sent twice, it arrives as a list.
  const retry = response.headers.get("retry-after")?.replace(/^(\d+)\s*,.*$/, "$1");
  if (retry !== undefined) headers["retry-after"] = clean(retry, filler);
  return headers;
}

async function textOf(response: Response, limit: number): Promise<string> {
  const tooLarge = () => new Fault("too_large", `the answer has more than ${limit} bytes`);
  if (Number(response.headers.get("content-length") ?? 0) > limit) throw tooLarge();
  if (response.body === null) return "";
  // An answer framed by its length and not compressed holds that many bytes: it can be read in one go, which costs half.
  if (response.headers.get("content-length") !== null && response.headers.get("content-encoding") === null) {
    const bytes = await response.arrayBuffer();
    return decoderFor(response.headers.get("content-type")).decode(bytes);
  }
  const decoder = decoderFor(response.headers.get("content-type"));
  const reader = response.body.getReader();
  let size = 0;
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    // Counted as it comes out of decompression, so a small answer cannot become a large one.
    size += part.value.length;
    if (size > limit) throw tooLarge();
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}

function decoderFor(contentType: string | null): TextDecoder {
  const charset = contentType?.includes(";") && /;\s*charset="?([^";\s]+)/i.exec(contentType)?.[1];
  try {
    return new TextDecoder(charset || "utf-8");
  } catch {
    return new TextDecoder();
  }
}

/**
 * Reads a short answer to its end, so that the connection can be used again; a long one is not worth it.
 *
 * @returns whether the end was reached
 */
async function drain(response: Response): Promise<boolean> {
  const reader = response.body?.getReader();
  if (reader === undefined) return true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<"enough">((resolve) => (timer = setTimeout(resolve, 500, "enough")));
  try {
    for (let size = 0; size <= 16_384;) {
      const part = await Promise.race([reader.read(), patience]);
      if (part === "enough") break;
      if (part.done) return true;
      size += part.value.length;
    }
  } catch {
    // The status has arrived; how the rest ends changes nothing.
  } finally {
    clearTimeout(timer);
    reader.cancel().catch(() => {});
  }
  return false;
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
  // First the secrets: cut before that, half of one could stay. What one may become longer or shorter by is little.
  const near = text.slice(0, MAX_TEXT * 8);
  return storable((filler?.scrub(near) ?? near).slice(0, MAX_TEXT));
}

function describe(error: unknown): Failure {
  if (error instanceof Fault || error instanceof GuardError)
    return { kind: error.kind, message: error.message };
  if (error instanceof MissingSecret) return { kind: "secret_missing", message: error.message };
  return { kind: "network", message: networkReason(error) };
}

// Runtimes word these differently, and some of them quote the whole address, query and all.
const REASONS: readonly [RegExp, string][] = [
  [/ECONNREFUSED|connection refused/i, "the connection was refused"],
  [/ECONNRESET|connection reset|EPIPE|broken pipe/i, "the connection was reset"],
  [/ENOTFOUND|EAI_AGAIN|dns error/i, "the name was not found"],
  [/ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT|timed out/i, "the connection timed out"],
  [/EHOSTUNREACH|ENETUNREACH|unreachable/i, "the host cannot be reached"],
  [/certificate|\bTLS\b|\bSSL\b|ERR_TLS|CERT_/i, "no secure connection could be made"],
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
