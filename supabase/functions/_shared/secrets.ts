/**
 * Secrets in requests. This is the only place where `<<$secret.NAME>>` becomes a value, right before sending, and the
 * only one that takes the value out again of whatever comes back.
 */
import { Buffer } from "node:buffer";
import type { WantedSecret } from "./client.ts";
import { keptNumber } from "./json.ts";
import type { SecretStore } from "./secret-store.ts";

/**
 * A placeholder, or what only looks like one: the database writes one more `$` into data that would read like a
 * placeholder (`utils.replace_request_placeholders`), and here that one is taken out again.
 */
const PLACEHOLDER = /<<\$(?:secret\.([^<>]+)>>|(\$+secret\.))/g;

/** Puts secrets into one request and remembers which, to take them out of its answer. */
export class SecretFiller {
  readonly #store: SecretStore;
  readonly #scope: string;
  readonly #request: unknown;
  readonly #used = new Map<string, string>();
  #loaded = false;

  /** @param request - what is going to be filled, as a whole */
  constructor(store: SecretStore, scope: string, request: unknown) {
    this.#store = store;
    this.#scope = scope;
    this.#request = request;
  }

  /** Reads all that the request needs and the functions do not hold: what they then have is good for this request. */
  async load(): Promise<void> {
    await this.#store.load(wantedSecrets(this.#request, this.#scope));
    this.#loaded = true;
  }

  /**
   * Replaces the placeholders of a string; `encode` fits the values into a URL.
   *
   * @throws SecretNotHeld when one has to be loaded first
   */
  text(text: string, encode: (value: string) => string = (value) => value): string {
    return text.replace(PLACEHOLDER, (_, found: string | undefined, data: string | undefined) => {
      if (found === undefined) return `<<${data}`;
      const name = found.trim();
      const value = this.#store.find({ use: "fill", scope: this.#scope, name }, this.#loaded);
      this.#used.set(name, value);
      return encode(value);
    });
  }

  /** Replaces them in every string of a JSON value, keys included. */
  value(value: unknown): unknown {
    return mapJson(value, (text) => this.text(text));
  }

  /** Takes the secrets out of a text, however they were written. */
  scrub(text: string): string {
    for (const { name, literals, pattern } of this.#notations()) {
      // First, since what is escaped may hold what is not: of "&#59;x" the beginning would stay.
      if (pattern !== undefined) text = text.replace(pattern, () => `[secret ${name}]`);
      for (const literal of literals) text = text.replaceAll(literal, `[secret ${name}]`);
    }
    return text;
  }

  /**
   * The beginning of a text, without secrets: nor the half of one where it is cut off.
   *
   * @param isCut - whether the text itself is the beginning of a longer one
   */
  scrubStart(text: string, length: number, isCut = false): string {
    const longest = Math.max(0, ...this.#notations().map((one) => one.longest));
    const near = text.slice(0, length * 8 + longest);
    const isWhole = near.length === text.length && !isCut;
    const clean = this.scrub(near);
    // Where it ends a secret may have begun.
    return (isWhole ? clean : clean.slice(0, Math.max(0, clean.length - longest + 1))).slice(0, length);
  }

  /**
   * Takes the secrets out of an answer: some APIs send back what they were asked, and what is stored is shown.
   *
   * @param text - the answer
   * @param parsed - the same, parsed
   * @returns the text as it came when there is nothing to take out
   */
  scrubJson(text: string, parsed: unknown): string {
    // A short secret cannot be told from a word that happens to be the same.
    const notations = this.#notations().filter(({ shortest }) => shortest >= 8);
    if (notations.length === 0) return text;
    // Without a backslash every string stands there as it is.
    if (!text.includes("\\") && !notations.some((notation) => isIn(notation, text))) return text;
    let found = false;
    const clean = mapJson(parsed, (part) => {
      if (!notations.some((notation) => isIn(notation, part))) return part;
      found = true;
      return this.scrub(part);
    });
    return found ? JSON.stringify(clean) : text;
  }

  #notations(): (Notation & { name: string })[] {
    const notations = [...this.#used].map(([name, value]) => ({ name, ...notationOf(value) }));
    // The longest first, so that none is cut into by one it contains.
    return notations.length < 2 ? notations : notations.sort((a, b) => b.longest - a.longest);
  }
}

/** The secrets a request names. */
export function wantedSecrets(request: unknown, scope: string): WantedSecret[] {
  const names = new Set<string>();
  mapJson(request, (text) => {
    for (const [, name] of text.matchAll(PLACEHOLDER)) if (name !== undefined) names.add(name.trim());
    return text;
  });
  return [...names].map((name) => ({ use: "fill", scope, name }));
}

/** How a secret is written by those who send it back. */
interface Notation {
  /** Texts to look for, the longest first. */
  literals: readonly string[];
  /** The rest: where it has characters that each is escaped in its own way. */
  pattern: RegExp | undefined;
  shortest: number;
  longest: number;
}

function isIn({ literals, pattern }: Notation, text: string): boolean {
  return (
    literals.some((literal) => text.includes(literal)) || (pattern !== undefined && text.search(pattern) >= 0)
  );
}

// Of the last secrets that were used: they are few, and answers many.
const known = new Map<string, Notation>();

function notationOf(value: string): Notation {
  const found = known.get(value);
  if (found !== undefined) return found;
  const texts = new Set([
    value,
    encodeURIComponent(value),
    encodeURIComponent(value).replaceAll("'", "%27"),
    new URLSearchParams([["", value]]).toString().slice(1),
    JSON.stringify(value).slice(1, -1),
  ]);
  const encoded = [...texts].flatMap((text) => {
    const bytes = Buffer.from(text, "utf8");
    if (bytes.length < 8) return [];
    const hex = bytes.toString("hex");
    return [hex, hex.toUpperCase(), ...inBase64(bytes)];
  });
  const literals = [...new Set([...texts, ...encoded])].sort((a, b) => b.length - a.length);
  // A long one (a certificate's key) in a notation of its own would take long to look for.
  const isPlain = /^[A-Za-z0-9_.-]*$/.test(value) || value.length > 1_000 || value.includes("\\".repeat(9));
  const parts = isPlain ? [] : (value.match(/\\+|[^\\]/gu) ?? []).map(escapesOf);
  const notation: Notation = {
    literals,
    pattern: isPlain ? undefined : new RegExp(parts.map(({ source }) => source).join(""), "gi"),
    shortest: value.length,
    longest: parts.reduce((sum, { longest }) => sum + longest, literals[0]!.length),
  };
  if (known.size >= 1_000) known.clear();
  known.set(value, notation);
  return notation;
}

const NAMED: Record<string, string> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos" };
const SHORT: Record<string, string> = { "\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f" };

// What was escaped may have been escaped again: JSON in a string of JSON doubles backslashes, a URL in a URL %25s.
const BACKSLASH = "(?:\\\\|%(?:25)*5c)";
const percent = (byte: number) => `%(?:25)*${byte.toString(16).padStart(2, "0")}`;
const quoted = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** A character in a URL, a form, HTML, JSON, or several of these one within the other, whoever escapes how much. */
function escapesOf(one: string): { source: string; longest: number } {
  if (/^[A-Za-z0-9_.-]$/.test(one)) return { source: quoted(one), longest: 1 };
  // Several as one: how many stand for each is not for a search to try out.
  if (one.startsWith("\\")) {
    const count = one.length;
    const byCode = `(?:&(?:amp;)*#0*92;|&(?:amp;)*#x0*5c;|${BACKSLASH}{1,31}u005c){${count}}`;
    return { source: `(?:${BACKSLASH}{${count},${32 * count}}|${byCode})`, longest: 20 * count };
  }
  const code = one.codePointAt(0)!;
  const units = Array.from({ length: one.length }, (_, at) => one.charCodeAt(at));
  const bytes = [...Buffer.from(one, "utf8")];
  const ways = [
    bytes.map(percent).join(""),
    ...(one === " " ? ["\\+", percent(0x2b)] : []),
    ...(NAMED[one] === undefined ? [] : [`&(?:amp;)*${NAMED[one]};`]),
    `&(?:amp;)*#0*${code};`,
    `&(?:amp;)*#x0*${code.toString(16)};`,
    ...(SHORT[one] === undefined ? [] : [SHORT[one]]),
    // Last, lest the rest of %25 or &amp; is left over.
    quoted(one),
  ];
  const byCode = units.map((unit) => `${BACKSLASH}{1,31}u${unit.toString(16).padStart(4, "0")}`).join("");
  return {
    source: `(?:${BACKSLASH}{0,31}(?:${ways.join("|")})|${byCode})`,
    longest: 20 * bytes.length,
  };
}

/** Base64 of a text that has these bytes somewhere in it: how they are written depends on where they begin. */
function inBase64(bytes: Uint8Array): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    // A place at either end holds bits of what stands beside the secret, too.
    const [begin, end] = [[0, 2, 3][offset]!, Math.floor(((offset + bytes.length) * 8) / 6)];
    const inside = text.slice(begin, end);
    return [inside, inside.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

/** Changes every string of a JSON value, keys included. Not by recursion: an answer may be nested deeply. */
function mapJson(value: unknown, change: (text: string) => string): unknown {
  const top: unknown[] = [value];
  const todo: { node: Record<string, unknown> | unknown[]; key: string | number }[] = [{ node: top, key: 0 }];
  for (let task = todo.pop(); task !== undefined; task = todo.pop()) {
    const holder = task.node as Record<string | number, unknown>;
    const found = holder[task.key];
    if (typeof found === "string") holder[task.key] = change(found);
    else if (Array.isArray(found)) {
      const copy = [...(found as unknown[])];
      holder[task.key] = copy;
      for (const key of copy.keys()) todo.push({ node: copy, key });
    } else if (typeof found === "object" && found !== null && keptNumber(found) === undefined) {
      // A member called __proto__ is a member like any other.
      const copy = Object.create(null) as Record<string, unknown>;
      for (const [key, member] of Object.entries(found)) copy[change(key)] = member;
      holder[task.key] = copy;
      for (const key of Object.keys(copy)) todo.push({ node: copy, key });
    }
  }
  return top[0];
}
