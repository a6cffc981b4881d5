/** What a proof works with, and how all of it is taken down again, whatever happens. */
import { cloneDatabase, template, type TemplateKind } from "../lib/database.ts";
import { startServer } from "../lib/server.ts";
import type { ProofContext } from "./proof.ts";

/** Settings of a proof's server: what a user's would have, as far as it decides what a crash may cost. */
const durable = { fsync: "on", full_page_writes: "on", synchronous_commit: "on", shared_buffers: "256MB" };

/** A proof under way. */
export interface Stage extends AsyncDisposable {
  context: ProofContext;
  /** What `expect` noted so far. */
  broken: string[];
}

/** Things that are taken down in the end, last first; one that resists does not keep the others. */
class Estate {
  readonly #parts: (() => unknown)[] = [];
  #taken: Promise<void> | undefined;

  own<T>(part: T, takeDown: (part: T) => unknown): T {
    this.#parts.push(() => takeDown(part));
    return part;
  }

  takeDown(): Promise<void> {
    return (this.#taken ??= (async () => {
      const failures: unknown[] = [];
      for (let part; (part = this.#parts.pop());) {
        try {
          await part();
        } catch (error) {
          failures.push(error);
        }
      }
      this.#taken = undefined;
      if (failures.length > 0) throw failures[0];
    })());
  }
}

/** Opens a stage. */
export function openStage(options: {
  short: boolean;
  seed: number;
  sources: boolean;
  signal: AbortSignal;
  tell: (text: string) => void;
}): Stage {
  const estate = new Estate();
  const broken: string[] = [];
  const context: ProofContext = {
    short: options.short,
    seed: options.seed,
    signal: options.signal,
    progress: options.tell,
    expect(holds, otherwise) {
      if (holds) return;
      broken.push(otherwise);
      options.tell(`BROKEN: ${otherwise}`);
    },
    own: (part, takeDown) => estate.own(part, takeDown),
    async server({ settings, dataDir } = {}) {
      const started = startServer({
        ...(dataDir === undefined ? { ephemeral: true } : { dataDir }),
        settings: { ...durable, ...settings },
      });
      // Owned before it has started: a signal in between takes it down as well.
      estate.own(started, async () => (await started).stop());
      return await started;
    },
    async database(server, kind: TemplateKind = options.sources ? "test" : "migrated") {
      const from = await template(server.url, kind);
      return cloneDatabase(server.url, from.name, "prove");
    },
  };
  return { context, broken, [Symbol.asyncDispose]: () => estate.takeDown() };
}
