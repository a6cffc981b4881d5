/**
 * Secrets in requests. This is the only place where `<<$secret.NAME>>` becomes a value, right before sending, and the
 * only one that takes the value out again of whatever comes back.
 */
import type { Secrets } from "./config.ts";
import { keptNumber } from "./json.ts";

/**
 * A placeholder, or what only looks like one: the database writes one more `$` into data that would read like a
 * placeholder (`utils.replace_request_placeholders`), and here that one is taken out again.
 */
const PLACEHOLDER = /<<\$(?:secret\.([^<>]+)>>|(\$+secret\.))/g;

/** A secret that is not there. */
export class MissingSecret extends Error {
  override name = "MissingSecret";
}

/** The secret of that name. An org never falls back on the shared ones: they are not its own. */
export function findSecret(secrets: Secrets, scope: string, name: string): string {
  const values = Object.hasOwn(secrets, scope) ? secrets[scope]! : {};
  const value = Object.hasOwn(values, name) ? values[name]! : "";
  if (value === "") throw new MissingSecret(`there is no secret ${name} in the scope ${scope}`);
  return value;
}

/** Puts secrets into one request and remembers which, to take them out of its answer. */
export class SecretFiller {
  readonly #secrets: Secrets;
  readonly #scope: string;
  readonly #used = new Map<string, string>();

  constructor(secrets: Secrets, scope: string) {
    this.#secrets = secrets;
    this.#scope = scope;
  }

  /** Replaces the placeholders of a string; `encode` fits the values into a URL. */
  text(text: string, encode: (value: string) => string = (value) => value): string {
    return text.replace(PLACEHOLDER, (_, name: string | undefined, data: string | undefined) => {
      if (name === undefined) return `<<${data}`;
      const value = findSecret(this.#secrets, this.#scope, name.trim());
      this.#used.set(name.trim(), value);
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

  #forms(): [form: string, name: string][] {
    const forms = new Map<string, string>();
    for (const [name, value] of this.#used) {
      const encoded = [encodeURIComponent(value), new URLSearchParams([["", value]]).toString().slice(1)];
      for (const form of [value, ...encoded, encodeURI(value), JSON.stringify(value).slice(1, -1)]) {
        forms.set(form, name);
      }
    }
    // The longest first, so that no form is cut into by one it contains.
    return [...forms].sort(([a], [b]) => b.length - a.length);
  }
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
