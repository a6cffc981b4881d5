/**
 * Where the functions find secrets: in their environment (`ETL_SECRETS`), else in the database, sealed. What the
 * database gave is held for seconds; a secret that is held costs a look into a map.
 */
import { DatabaseError, type EtlClient, type SecretRow, type WantedSecret } from "./client.ts";
import type { Config, Secrets } from "./config.ts";
import { open, SealError } from "./seal.ts";

/** A secret that is not there. */
export class MissingSecret extends Error {
  override name = "MissingSecret";
}

/** A secret that is not known yet: to be loaded, then asked for again. */
export class SecretNotHeld extends Error {
  override name = "SecretNotHeld";
  readonly wanted: WantedSecret;
  constructor(wanted: WantedSecret) {
    super(`the secret ${wanted.name} in the scope ${wanted.scope} has not been read yet`);
    this.wanted = wanted;
  }
}

/** The database did not give the secrets of a request. */
export class SecretsUnreadable extends Error {
  override name = "SecretsUnreadable";
}

interface Held {
  /** Milliseconds of `performance.now()`. */
  until: number;
  /** Those in force, newest first; empty: there is none, or none can be opened. */
  values: readonly string[];
  /** Why there is none. */
  reason?: string;
}

/** How long a secret is held; one that was revoked goes out no longer than this. */
export const HELD_MS = 5_000;
// Somebody may be about to set it.
const MISSING_MS = 1_000;
const MOST_HELD = 10_000;
const MOST_ASKED = 1_000;
const RETRY_PAUSES = [100, 300];

/** Secrets by scope and name. */
export class SecretStore {
  /** The database; without it only the environment's secrets are there. */
  source: Pick<EtlClient, "readSecrets"> | undefined;
  readonly #environment: Secrets;
  readonly #keys: Config["secretKeys"];
  readonly #held = new Map<string, Held>();
  readonly #loading = new Map<string, Promise<void>>();
  #coming: (() => Iterable<WantedSecret>)[] = [];
  #sweep: ReturnType<typeof setTimeout> | undefined;

  constructor({ secrets, secretKeys = [] }: Pick<Config, "secrets"> & Partial<Pick<Config, "secretKeys">>) {
    this.#environment = secrets;
    this.#keys = secretKeys;
  }

  /**
   * The secret, for signing all that are in force with spaces between. An org never falls back on the shared ones: they
   * are not its own.
   *
   * @param loaded - whether it was loaded for this very request: then it holds, however long ago that was
   * @throws SecretNotHeld when it must be loaded first
   * @throws MissingSecret when there is none
   */
  find(wanted: WantedSecret, loaded = false): string {
    const { scope, name } = wanted;
    const values = Object.hasOwn(this.#environment, scope) ? this.#environment[scope]! : {};
    if (Object.hasOwn(values, name) && values[name] !== "") return values[name]!;
    if (this.source === undefined) throw new MissingSecret(missing(wanted));
    const found = this.#held.get(keyOf(wanted));
    if (found === undefined || (!loaded && found.until <= performance.now())) throw new SecretNotHeld(wanted);
    if (found.values.length === 0) throw new MissingSecret(found.reason ?? missing(wanted));
    return found.values.join(" ");
  }

  /** Tells what a batch is going to need: when something has to be read, all of it is, in one go. */
  expect(look: () => Iterable<WantedSecret>): void {
    this.#coming = [...this.#coming.slice(-1), look];
  }

  /** Nothing is under way: lets go of the batches. */
  rest(): void {
    this.#coming = [];
  }

  /**
   * Reads secrets that are not held.
   *
   * @throws SecretsUnreadable when the database does not answer
   */
  async load(wanted: readonly WantedSecret[]): Promise<void> {
    const lacking = wanted.filter((one) => !this.#loading.has(keyOf(one)) && this.#lacks(one, 0));
    if (lacking.length > 0) this.#read([...lacking, ...this.#alsoLacking()]);
    await Promise.all(wanted.map((one) => this.#loading.get(keyOf(one))));
  }

  /** Every value that is held, to keep it out of the log. */
  *values(): Iterable<string> {
    for (const { values } of this.#held.values()) yield* values;
  }

  #lacks(wanted: WantedSecret, margin: number): boolean {
    const values = Object.hasOwn(this.#environment, wanted.scope) ? this.#environment[wanted.scope]! : {};
    if (Object.hasOwn(values, wanted.name) && values[wanted.name] !== "") return false;
    return (this.#held.get(keyOf(wanted))?.until ?? -Infinity) <= performance.now() + margin;
  }

  /** What the batches under way lack, or will before long. */
  *#alsoLacking(): Iterable<WantedSecret> {
    for (const look of this.#coming) {
      for (const one of look()) {
        if (!this.#loading.has(keyOf(one)) && this.#lacks(one, HELD_MS / 2)) yield one;
      }
    }
  }

  #read(wanted: readonly WantedSecret[]): void {
    const asked = new Map(wanted.slice(0, MOST_ASKED).map((one) => [keyOf(one), one]));
    const reading = this.#ask([...asked.values()]).finally(() => {
      for (const key of asked.keys()) this.#loading.delete(key);
    });
    // Whoever waits for it hears of a failure; what was only read along has nobody who waits.
    reading.catch(() => {});
    for (const key of asked.keys()) this.#loading.set(key, reading);
  }

  async #ask(wanted: readonly WantedSecret[]): Promise<void> {
    const rows = await this.#call(wanted);
    const found = new Map<string, SecretRow[]>();
    for (const row of rows) {
      const key = keyOf(row);
      found.set(key, [...(found.get(key) ?? []), row]);
    }
    this.#makeRoom(wanted.length);
    const now = performance.now();
    for (const one of wanted) {
      const opened = this.#open(found.get(keyOf(one)) ?? []);
      const until = now + (opened.values.length === 0 ? MISSING_MS : HELD_MS);
      this.#held.set(keyOf(one), { ...opened, until });
    }
    this.#forgetLater();
  }

  async #call(wanted: readonly WantedSecret[]): Promise<SecretRow[]> {
    for (let attempt = 0; ; attempt++) {
      try {
        return (await this.source?.readSecrets(wanted)) ?? [];
      } catch (error) {
        const pause = RETRY_PAUSES[attempt];
        const mayHelp = !(error instanceof DatabaseError) || error.isTransient;
        if (pause === undefined || !mayHelp) {
          throw new SecretsUnreadable("its secrets could not be read from the database", { cause: error });
        }
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  /** The versions of one secret. One that cannot be opened does not spoil the others. */
  #open(rows: readonly SecretRow[]): Omit<Held, "until"> {
    const values: string[] = [];
    let reason: string | undefined;
    for (const row of rows) {
      try {
        values.push(row.key_id === null ? row.value : open(this.#keys, row.key_id, row, row.value));
      } catch (error) {
        if (!(error instanceof SealError)) throw error;
        reason ??= error.message;
      }
    }
    return reason === undefined ? { values } : { values, reason };
  }

  #makeRoom(count: number): void {
    if (this.#held.size + count > MOST_HELD) this.#held.clear();
  }

  /** What is not asked for again does not stay in memory. */
  #forgetLater(): void {
    if (this.#sweep !== undefined) return;
    this.#sweep = setTimeout(() => {
      this.#sweep = undefined;
      const now = performance.now();
      for (const [key, { until }] of this.#held) if (until <= now) this.#held.delete(key);
      if (this.#held.size > 0) this.#forgetLater();
      // A moment after it has run out, lest one goes that was loaded for a request just about to ask for it.
    }, HELD_MS + 1_000);
    // No reason for a process to stay.
    unref(this.#sweep);
  }
}

function unref(timer: unknown): void {
  if (typeof timer === "object") (timer as { unref?(): void }).unref?.();
  else (globalThis as { Deno?: { unrefTimer?(id: unknown): void } }).Deno?.unrefTimer?.(timer);
}

const keyOf = ({ use, scope, name }: WantedSecret): string => `${use} ${scope} ${name}`;

const missing = ({ scope, name }: WantedSecret): string => `there is no secret ${name} in the scope ${scope}`;
