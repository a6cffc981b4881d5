/** What a proof works with, and how all of it is taken down again, whatever happens. */
import { join } from "node:path";
import { cloneDatabase, template } from "../lib/database.ts";
import { startServer } from "../lib/server.ts";
import { proofFolder, remove, type Base } from "./base.ts";
import type { ProofContext } from "./proof.ts";

// What a user's server would have, as far as it decides what a crash may cost, is the default.
const settings = { shared_buffers: "256MB" };

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
  /** What servers start from; asked for when the first is wanted. */
  base: () => Promise<Base>;
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
    async folder() {
      return estate.own(proofFolder(await options.base()), remove);
    },
    async server(more = {}) {
      const dataDir = more.dataDir ?? join(await context.folder(), "data");
      await (await options.base()).copy(dataDir);
      const started = startServer({ ...more, dataDir, settings: { ...settings, ...more.settings } });
      // Owned before it has started: a signal in between takes it down as well.
      estate.own(started, async () => (await started).stop());
      return await started;
    },
    kind: async () => (await options.base()).kind,
    async database(server, kind) {
      const base = await options.base();
      const from =
        kind === undefined || kind === base.kind ? base.template : (await template(server.url, kind)).name;
      return cloneDatabase(server.url, from, "prove");
    },
  };
  return { context, broken, [Symbol.asyncDispose]: () => estate.takeDown() };
}
