import { onTestFinished } from "vitest";

/** What a proof asks of its surroundings, for one test: what it started is taken down when the test ends. */
export interface Trial {
  short: boolean;
  seed: number;
  signal: AbortSignal;
  progress(text: string): void;
  expect(holds: boolean, otherwise: string): void;
  own<T>(part: T, takeDown: (part: T) => unknown): T;
  /** What `expect` noted. */
  broken: string[];
}

/** Surroundings of a proof that is run as a test. */
export function trial(seed = 1): Trial {
  const parts: (() => unknown)[] = [];
  const broken: string[] = [];
  onTestFinished(async () => {
    for (let part; (part = parts.pop());) await part();
  });
  return {
    short: true,
    seed,
    signal: new AbortController().signal,
    progress: () => {},
    broken,
    expect(holds, otherwise) {
      if (!holds) broken.push(otherwise);
    },
    own(part, takeDown) {
      parts.push(() => takeDown(part));
      return part;
    },
  };
}
