/** What a promise is, what proves it, and what a proof is given to work with. */
import type { Clone, TemplateKind } from "../lib/database.ts";
import type { Server, ServerOptions } from "../lib/server.ts";

/** The parts of the page, in its order. */
export const groups = ["nothing-lost", "nobody-in", "secrets", "delivery", "data"] as const;
export type Group = (typeof groups)[number];

/** What a proof came to, in figures; what it has none of is left out. */
export interface Figures {
  /** HTTP requests, or else whatever the proof works with, that were under way at once while it happened. */
  load?: number;
  /** Faults it went through. */
  faults?: number;
  /** Bad or random inputs that were tried. */
  inputs?: number;
  /** What was lost. Anything but 0 breaks the promise. */
  lost?: number;
  /** What happened twice that may happen only once. Anything but 0 breaks the promise. */
  doubled?: number;
  /** Further figures, by a name that reads as a sentence's beginning: `{"requests sent again": 12}`. */
  more?: Record<string, string | number>;
}

/** Thrown by a proof that cannot be run here: neither kept nor broken, and told loudly. */
export class NotProven extends Error {
  override name = "NotProven";
}

/** What a proof is given. Everything it makes through this is taken down when the proof ends, and on Ctrl-C. */
export interface ProofContext {
  /** The shorter form is asked for: less load, less time; all proofs together take at most 2.5 minutes on two cores. */
  short: boolean;
  /** Seeds whatever is random; the same number tries the same again. */
  seed: number;
  /** Aborted when the proof is to end early: Ctrl-C, or its time is over. */
  signal: AbortSignal;
  /** Says what is going on. */
  progress(text: string): void;
  /** Notes a broken promise unless it holds, and goes on; the sentence says what is wrong, with figures and ids. */
  expect(holds: boolean, otherwise: string): void;
  /** A folder of the proof's own that goes when it ends; the user a server runs as can enter it. */
  folder(): Promise<string>;
  /**
   * A server of the proof's own, in a folder of its own that goes with it, or in the one given, which must not be there
   * yet; durable, unlike an ephemeral one of the tests, unless settings say otherwise.
   */
  server(options?: Pick<ServerOptions, "settings" | "dataDir" | "env">): Promise<Server>;
  /** A database with the engine in it, on that server: from the migrations, or from `sql/` with `--sources`. */
  database(server: Server, kind?: TemplateKind): Promise<Clone>;
  /** What databases are made of in this run, for servers that a proof starts by itself. */
  kind(): Promise<TemplateKind>;
  /** Has something taken down when the proof ends, whatever was handed over last first; returns it. */
  own<T>(part: T, takeDown: (part: T) => unknown): T;
}

/** Tries to break a promise, and returns what it came to. */
export interface Proof {
  run(context: ProofContext): Promise<Figures>;
  /** Seconds after which it is ended and counts as broken: 300 in the short form, 3,600 in the full one otherwise. */
  limit?: { short?: number; full?: number };
  /** False when only the full form runs it. */
  inShort?: boolean;
  /** Whether it measures, and needs the machine for itself: the short form tries others a few at once. */
  alone?: boolean;
}

/** Something the engine promises. */
export interface Pledge {
  /** For `--only`: `server-killed`. */
  name: string;
  group: Group;
  /** A few words: the row of the table. */
  title: string;
  /** The promise itself, as a whole sentence. */
  sentence: string;
  /** Test files that hold it, from the project's root, pgTAP and vitest; the full form runs them. */
  tests: string[];
  /** What is run to break it; none when the tests say it all. */
  proof?: Proof;
}

/** What became of a promise. */
export interface Verdict {
  name: string;
  verdict: "kept" | "broken" | "not proven" | "not run";
  /** Why it is not kept: one sentence each. */
  reasons: string[];
  figures: Figures;
  seconds: number;
  /** Whether the shorter form was run. */
  short: boolean;
  /** What its test files came to; null when they were not run. */
  tests: { files: number; passed: number } | null;
  /** Day it was run, UTC, and the commit. */
  date: string;
  commit: string;
}
