/** Runs proofs one after the other and says what became of each promise. */
import { duration } from "../lib/console.ts";
import type { Arguments } from "./arguments.ts";
import type { Base } from "./base.ts";
import { NotProven, type Figures, type Pledge, type Verdict } from "./proof.ts";
import { openStage, type Stage } from "./stage.ts";
import { missingFiles, runTestFiles, type TestFile } from "./tests.ts";

/** What a run is given beside the arguments. */
export interface Surroundings {
  /** What servers start from; asked for when the first is wanted. */
  base: () => Promise<Base>;
  /** The commit that is proven. */
  commit: string;
  tell: (text: string) => void;
  /** Aborted on Ctrl-C. */
  signal: AbortSignal;
  /** Receives each stage as it opens, and true when it is closed, so that a signal can take it down. */
  onStage?: (stage: Stage, isOver: boolean) => void;
  /** Runs test files; `npm test`'s own way by default. */
  runTests?: (paths: string[]) => Promise<Map<string, TestFile>>;
}

const defaultLimit = { short: 300, full: 3_600 };

type Told = Pick<Verdict, "verdict" | "reasons" | "figures" | "seconds">;

/** What figures say by themselves. */
function contradictions({ lost, doubled }: Figures): string[] {
  return [
    lost ? `${lost} lost, where none may be` : [],
    doubled ? `${doubled} doubled, where none may be` : [],
  ].flat();
}

/** Rejects when time is over or a signal came. */
function ended(signal: AbortSignal, seconds: number): Promise<never> {
  return new Promise((_, reject) => {
    const say = () =>
      reject(
        signal.reason === "interrupted"
          ? new NotProven("it was interrupted")
          : new Error(`it did not end within ${seconds} s`),
      );
    if (signal.aborted) say();
    else signal.addEventListener("abort", say, { once: true });
  });
}

/** One proof, on a stage of its own. */
async function tryToBreak(pledge: Pledge, options: Arguments, around: Surroundings): Promise<Told> {
  const { proof, name } = pledge;
  if (proof === undefined || (options.short && proof.inShort === false))
    return { verdict: "not run", reasons: [], figures: {}, seconds: 0 };
  const begun = performance.now();
  const seconds = (): number => Math.round((performance.now() - begun) / 100) / 10;
  const form = options.short ? "short" : "full";
  const limit = proof.limit?.[form] ?? defaultLimit[form];
  const end = new AbortController();
  const interrupt = () => end.abort("interrupted");
  around.signal.addEventListener("abort", interrupt);
  if (around.signal.aborted) interrupt();
  const timer = setTimeout(() => end.abort("time"), limit * 1_000);
  const stage = openStage({
    ...options,
    base: around.base,
    signal: end.signal,
    tell: (text) => around.tell(`${name}: ${text}`),
  });
  around.tell(`${name}: ${pledge.title}`);
  around.onStage?.(stage, false);
  let told: Told;
  try {
    const work = proof.run(stage.context);
    // What still runs after its time is told off by the stage that goes from under it.
    work.catch(() => {});
    const figures = await Promise.race([work, ended(end.signal, limit)]);
    const reasons = [...stage.broken, ...contradictions(figures)];
    told = { verdict: reasons.length > 0 ? "broken" : "kept", reasons, figures, seconds: seconds() };
  } catch (error) {
    const message = (error as Error).message || String(error);
    if (!(error instanceof NotProven)) around.tell(`${name}: ${(error as Error).stack ?? message}`);
    // What it had seen before it could not go on still counts.
    const isBroken = !(error instanceof NotProven) || stage.broken.length > 0;
    told = {
      verdict: isBroken ? "broken" : "not proven",
      reasons: [...stage.broken, message],
      figures: {},
      seconds: seconds(),
    };
  } finally {
    clearTimeout(timer);
    end.abort("over");
    around.signal.removeEventListener("abort", interrupt);
  }
  try {
    await stage[Symbol.asyncDispose]();
  } catch (error) {
    around.tell(`${name}: what it had started could not be taken down: ${(error as Error).message}`);
  }
  around.onStage?.(stage, true);
  return told;
}

/** Adds what the test files say to what the proof came to. */
function withTests(
  { tests }: Pledge,
  told: Told,
  results: Map<string, TestFile> | null,
): Told & Pick<Verdict, "tests"> {
  const reasons = missingFiles(tests).map((path) => `the test file ${path} is not there`);
  let passed = 0;
  for (const path of results === null ? [] : tests) {
    const result = results?.get(path);
    passed += result?.passed ?? 0;
    if (result === undefined) reasons.push(`${path} was not run`);
    else if (result.failed > 0) reasons.push(`${path}: ${result.failed} failed: ${result.failures[0] ?? ""}`);
    else if (result.passed === 0) reasons.push(`${path}: no test was run`);
  }
  const ran = results !== null && tests.length > 0;
  const counted = ran ? { files: tests.length, passed } : null;
  if (reasons.length > 0)
    return { ...told, verdict: "broken", reasons: [...told.reasons, ...reasons], tests: counted };
  const verdict = told.verdict === "not run" && ran ? "kept" : told.verdict;
  return { ...told, verdict, tests: counted };
}

/** Does things, so many at a time, in their order. */
async function inTurns<T>(things: T[], atOnce: number, work: (thing: T) => Promise<void>): Promise<void> {
  const queue = [...things];
  const worker = async (): Promise<void> => {
    for (let thing; (thing = queue.shift()) !== undefined;) await work(thing);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Tries everything that is chosen; returns what became of it, in the order of the page. */
export async function prove(options: Arguments, around: Surroundings): Promise<Verdict[]> {
  const runTests = around.runTests ?? runTestFiles;
  const paths = [...new Set(options.chosen.flatMap(({ tests }) => tests))];
  const there = paths.filter((path) => missingFiles([path]).length === 0);
  const results = options.tests ? await runTests(there) : null;
  const verdicts = new Map<Pledge, Verdict>();
  const judge = async (pledge: Pledge): Promise<void> => {
    if (around.signal.aborted) return;
    const told = withTests(pledge, await tryToBreak(pledge, options, around), results);
    const verdict: Verdict = {
      ...told,
      name: pledge.name,
      short: options.short,
      date: new Date().toISOString().slice(0, 10),
      commit: around.commit,
    };
    verdicts.set(pledge, verdict);
    const why = verdict.reasons.length > 0 ? `: ${verdict.reasons.join("; ")}` : "";
    if (verdict.verdict !== "not run")
      around.tell(
        `${pledge.name}: ${verdict.verdict.toUpperCase()} in ${duration(verdict.seconds * 1000)}${why}`,
      );
  };
  // Proofs of faults mostly wait: for leases, for a server that starts. The full form has them one by one all the same.
  const isAlone = ({ proof }: Pledge): boolean => !options.short || proof?.alone === true;
  await inTurns(
    options.chosen.filter((pledge) => !isAlone(pledge)),
    3,
    judge,
  );
  await inTurns(options.chosen.filter(isAlone), 1, judge);
  return options.chosen.flatMap((pledge) => verdicts.get(pledge) ?? []);
}

/** 1 when a promise is broken; when one is not proven too, but for the short form: there not every machine can do all. */
export function exitCode(verdicts: Verdict[], short: boolean): 0 | 1 {
  const bad = verdicts.some(({ verdict }) => verdict === "broken" || (verdict === "not proven" && !short));
  return bad ? 1 : 0;
}
