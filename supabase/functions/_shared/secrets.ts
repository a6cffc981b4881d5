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
    for (const [form, name] of this.#forms()) text = text.replaceAll(form, `[secret ${name}]`);
    return text;
  }

  /**
   * The beginning of a text, without secrets: nor the half of one where it is cut off.
   *
   * @param isCut - whether the text itself is the beginning of a longer one
   */
  scrubStart(text: string, length: number, isCut = false): string {
    const forms = this.#forms();
    const longest = forms[0]?.[0].length ?? 0;
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
    const forms = this.#forms().filter(([form]) => form.length >= 8);
    if (forms.length === 0) return text;
    // Without a backslash every string stands there as it is.
    if (!text.includes("\\") && !forms.some(([form]) => text.includes(form))) return text;
    let found = false;
    const clean = mapJson(parsed, (part) => {
      let scrubbed = part;
      for (const [form, name] of forms) scrubbed = scrubbed.replaceAll(form, `[secret ${name}]`);
      found ||= scrubbed !== part;
      return scrubbed;
    });
    return found ? JSON.stringify(clean) : text;
  }

  #forms(): (readonly [form: string, name: string])[] {
    const forms = [...this.#used].flatMap(([name, value]) =>
      formsOf(value).map((form) => [form, name] as const),
    );
    // The longest first, so that no form is cut into by one it contains.
    return this.#used.size < 2 ? forms : forms.sort(([a], [b]) => b.length - a.length);
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

// Of the last secrets that were used: they are few, and answers many.
const known = new Map<string, readonly string[]>();

/** The ways a text is written by those who send it back; the longest first. */
function formsOf(value: string): readonly string[] {
  const found = known.get(value);
  if (found !== undefined) return found;
  const percent = [
    encodeURIComponent(value),
    new URLSearchParams([["", value]]).toString().slice(1),
    encodeURI(value),
  ];
  const json = JSON.stringify(value).slice(1, -1);
  const bytes = Buffer.from(value, "utf8");
  const hex = bytes.toString("hex");
  const forms = new Set([
    value,
    ...percent,
    ...percent.map((form) => form.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())),
    json,
    // JSON in a string of JSON, slashes escaped, and nothing but ASCII.
    JSON.stringify(json).slice(1, -1),
    json.replaceAll("/", "\\/"),
    json.replace(/[^ -~]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`),
    value.replace(/[&<>"']/g, (one) => HTML[one]!),
    ...(bytes.length < 8 ? [] : [hex, hex.toUpperCase(), ...inBase64(bytes)]),
  ]);
  const sorted = [...forms].sort((a, b) => b.length - a.length);
  if (known.size >= 1_000) known.clear();
  known.set(value, sorted);
  return sorted;
}

const HTML: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

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
