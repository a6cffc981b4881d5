import { existsSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { prepareBase, type Base } from "../../scripts/prove/base.ts";
import type { Arguments } from "../../scripts/prove/arguments.ts";
import { NotProven, type Figures, type Pledge, type Proof } from "../../scripts/prove/proof.ts";
import { exitCode, prove, type Surroundings } from "../../scripts/prove/run.ts";

const pledge = (name: string, run?: Proof["run"], more: Partial<Pledge & Proof> = {}): Pledge => ({
  name,
  group: "data",
  title: `The title of ${name}`,
  sentence: `${name} is promised.`,
  tests: [],
  ...(run && { proof: { run, ...more } }),
  ...("tests" in more && { tests: more.tests! }),
});

const told: string[] = [];
const around = (more: Partial<Surroundings> = {}): Surroundings => ({
  base: () => Promise.reject(new Error("nobody should want a server here")),
  commit: "abc1234",
  tell: (text) => told.push(text),
  signal: new AbortController().signal,
  runTests: async () => new Map(),
  ...more,
});
const options = (chosen: Pledge[], more: Partial<Arguments> = {}): Arguments => ({
  chosen,
  short: false,
  json: false,
  report: false,
  tests: false,
  seed: 7,
  sources: false,
  help: false,
  ...more,
});
const figures: Figures = { load: 2_000, faults: 3, lost: 0, doubled: 0 };

async function one(run: Proof["run"], more?: Partial<Pledge & Proof>, opts?: Partial<Arguments>) {
  const verdicts = await prove(options([pledge("one", run, more)], opts), around());
  return { ...verdicts[0]!, code: exitCode(verdicts, opts?.short ?? false) };
}

describe("a promise", () => {
  it("is kept when the proof says nothing against it", async () => {
    expect(await one(async () => figures)).toMatchObject({
      verdict: "kept",
      reasons: [],
      figures,
      commit: "abc1234",
      code: 0,
    });
  });

  it("is broken by what the proof notes, which goes on all the same", async () => {
    const result = await one(async (context) => {
      context.expect(true, "nothing");
      context.expect(false, "3 requests stayed open");
      context.expect(false, "message msg_1 came under two ids");
      return figures;
    });
    expect(result).toMatchObject({
      verdict: "broken",
      reasons: ["3 requests stayed open", "message msg_1 came under two ids"],
      figures,
      code: 1,
    });
  });

  it.each([
    [{ lost: 2 }, "2 lost, where none may be"],
    [{ lost: 0, doubled: 1 }, "1 doubled, where none may be"],
  ])("is broken by figures like %j", async (bad, reason) => {
    expect(await one(async () => bad)).toMatchObject({ verdict: "broken", reasons: [reason], code: 1 });
  });

  it("is broken by a proof that fails itself, with all it had noted before", async () => {
    const result = await one(async (context) => {
      context.expect(false, "one was lost");
      throw new Error("the server is gone");
    });
    expect(result).toMatchObject({
      verdict: "broken",
      reasons: ["one was lost", "the server is gone"],
      code: 1,
    });
  });

  it("is broken by a proof that does not end", async () => {
    const result = await one(() => new Promise(() => {}), { limit: { full: 0.05 } });
    expect(result).toMatchObject({ verdict: "broken", reasons: ["it did not end within 0.05 s"], code: 1 });
  });

  it("is not proven where the proof cannot be run: told, and a failure of the full form only", async () => {
    const impossible = async () => {
      throw new NotProven("a file system could not be mounted");
    };
    const reasons = ["a file system could not be mounted"];
    expect(await one(impossible)).toMatchObject({ verdict: "not proven", reasons, code: 1 });
    expect(await one(impossible, {}, { short: true })).toMatchObject({
      verdict: "not proven",
      reasons,
      code: 0,
    });
    expect(told.at(-1)).toMatch(/^one: NOT PROVEN in .*: a file system could not be mounted$/);
  });

  it("is left out of the short form when its proof says so", async () => {
    const run = () => Promise.reject(new Error("this should not run"));
    expect(await one(run, { inShort: false }, { short: true })).toMatchObject({
      verdict: "not run",
      code: 0,
    });
  });
});

describe("the test files of a promise", () => {
  const file = "tests/prove/run.test.ts";
  const run = (
    chosen: Pledge[],
    outcome: { passed: number; failed: number } | null,
    asked: string[][] = [],
  ) =>
    prove(
      options(chosen, { tests: true }),
      around({
        runTests: async (paths) => {
          asked.push(paths);
          return new Map(outcome ? [[file, { path: file, failures: ["it fell over"], ...outcome }]] : []);
        },
      }),
    );

  it("hold it by themselves, and are run once for all promises", async () => {
    const asked: string[][] = [];
    const two = [pledge("a", undefined, { tests: [file] }), pledge("b", undefined, { tests: [file] })];
    const verdicts = await run(two, { passed: 5, failed: 0 }, asked);
    expect(asked).toEqual([[file]]);
    expect(verdicts.map(({ verdict, tests }) => ({ verdict, tests }))).toEqual([
      { verdict: "kept", tests: { files: 1, passed: 5 } },
      { verdict: "kept", tests: { files: 1, passed: 5 } },
    ]);
  });

  it.each([
    ["that fail", { passed: 5, failed: 1 }, `${file}: 1 failed: it fell over`],
    ["in which nothing ran", { passed: 0, failed: 0 }, `${file}: no test was run`],
    ["that were not run", null, `${file} was not run`],
  ])("%s break it, whatever the proof says", async (_, outcome, reason) => {
    const verdicts = await run([pledge("a", async () => figures, { tests: [file] })], outcome);
    expect(verdicts[0]).toMatchObject({ verdict: "broken", reasons: [reason], figures });
    expect(exitCode(verdicts, false)).toBe(1);
  });

  it("that are not there break it, in the short form too", async () => {
    const chosen = [pledge("a", async () => figures, { tests: ["tests/gone.test.ts"] })];
    const verdicts = await prove(options(chosen, { short: true }), around());
    expect(verdicts[0]!.reasons).toEqual(["the test file tests/gone.test.ts is not there"]);
    expect(exitCode(verdicts, true)).toBe(1);
  });
});

describe("what a proof has started", () => {
  it("is taken down when it ends, last first, however it ends", async () => {
    const down: string[] = [];
    await one(async (context) => {
      context.own("first", (part) => down.push(part));
      context.own("second", () => Promise.reject(new Error("it resists")));
      context.own("third", (part) => down.push(part));
      throw new Error("over");
    });
    expect(down).toEqual(["third", "first"]);
    expect(told.some((text) => text.includes("could not be taken down: it resists"))).toBe(true);
  });

  it("is taken down on a signal, and the rest is left", async () => {
    const stop = new AbortController();
    const down: string[] = [];
    const hangs = pledge("hangs", (context) => {
      context.own("part", (part) => down.push(part));
      setTimeout(() => stop.abort(), 10);
      return new Promise(() => {});
    });
    const verdicts = await prove(
      options([hangs, pledge("next", async () => figures)]),
      around({ signal: stop.signal }),
    );
    expect(verdicts.map(({ name, reasons }) => [name, reasons])).toEqual([["hangs", ["it was interrupted"]]]);
    expect(down).toEqual(["part"]);
  });

  it("runs a few at once in the short form, but for what measures", async () => {
    let [now, most] = [0, 0];
    const busy = async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 20));
      now--;
      return figures;
    };
    const some = ["a", "b", "c", "d", "e"].map((name) => pledge(name, busy));
    const short = await prove(options(some, { short: true }), around());
    expect(most).toBe(3);
    expect(short.map(({ name }) => name)).toEqual(["a", "b", "c", "d", "e"]);
    most = 0;
    await prove(options(some), around());
    expect(most).toBe(1);
    const alone = some.map((each) => ({ ...each, proof: { ...each.proof!, alone: true } }));
    most = 0;
    await prove(options(alone, { short: true }), around());
    expect(most).toBe(1);
  });
});

describe("a server of a proof", () => {
  let base: Base | undefined;
  afterAll(() => base?.dispose());

  it("starts on a copy with the engine in it, and goes with its folder", async () => {
    // Proofs never look at it, so here neither.
    const url = process.env.DATABASE_URL;
    delete process.env.DATABASE_URL;
    try {
      base = await prepareBase("test");
      const folders: string[] = [];
      const verdicts = await prove(
        options([
          pledge("one", async (context) => {
            const server = await context.server();
            folders.push(server.dataDir!);
            expect(existsSync(server.dataDir!)).toBe(true);
            const { url: database } = await context.database(server);
            const { default: pg } = await import("pg");
            const client = new pg.Client({ connectionString: database });
            await client.connect();
            const { rows } = await client.query(
              "select current_setting('fsync') as fsync, (select count(*)::int from etl_api.check_consistency()) as problems",
            );
            await client.end();
            expect(rows).toEqual([{ fsync: "on", problems: 0 }]);
            return figures;
          }),
        ]),
        around({ base: async () => base! }),
      );
      expect(verdicts[0]).toMatchObject({ verdict: "kept", reasons: [] });
      expect(folders.map((folder) => existsSync(folder))).toEqual([false]);
    } finally {
      if (url !== undefined) process.env.DATABASE_URL = url;
    }
  });
});
