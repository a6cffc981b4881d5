import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, describe, expect, test } from "vitest";
import { alive, family, openFolder, readLock, runScript, type ScriptOptions } from "./processes.ts";

interface Started {
  DATABASE_URL: string;
  functions: Record<string, string>;
  ETL_FUNCTION_KEY: string;
  pid: number;
  server_pid: number;
  functions_pid: number;
}

const folder = openFolder();
const dataDir = join(folder, "data");
const env = { MILLRACE_DATA_DIR: dataDir };

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(args = ["--json"], options: ScriptOptions = {}) {
  const stack = await runScript<Started>("scripts/start.ts", args, { env, ...options });
  expect(stack.first.server_pid, stack.errors()).toBeGreaterThan(0);
  return { ...stack, family: family(stack.pid) };
}

const left = (pids: number[]) => pids.filter(alive);

describe("npm start leaves no process behind", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("after %s, and ends with %i", async (signal, code) => {
    const stack = await start();
    // This process, two guards with their readers, the postmaster with its workers, Deno.
    expect(stack.family).toEqual(expect.arrayContaining([stack.first.server_pid, stack.first.functions_pid]));
    stack.child.kill(signal);
    expect(await stack.ended).toBe(code);
    // The stop was awaited: these are gone by the time it ends.
    expect(left([stack.first.server_pid, stack.first.functions_pid])).toEqual([]);
    await expect.poll(() => left(stack.family), { timeout: 2_000 }).toEqual([]);
    expect(existsSync(`${dataDir}.lock`)).toBe(false);
    expect(existsSync(join(dataDir, "postmaster.pid"))).toBe(false);
  });

  test("after SIGINT while it still starts", async () => {
    const ending = runScript<{ ended: number }>("scripts/start.ts", ["--json"], { env });
    await expect.poll(() => existsSync(`${dataDir}.lock`), { interval: 5, timeout: 5_000 }).toBe(true);
    const { pid } = readLock(dataDir);
    process.kill(pid, "SIGINT");
    const stack = await ending;
    expect(await stack.ended).toBe(130);
    expect([existsSync(`${dataDir}.lock`), existsSync(join(dataDir, "postmaster.pid"))]).toEqual([
      false,
      false,
    ]);
  });

  test("after SIGKILL, and starts again at once with what was committed", async () => {
    const stack = await start();
    const client = new pg.Client({ connectionString: stack.first.DATABASE_URL });
    client.on("error", () => {});
    await client.connect();
    await client.query(
      "create table if not exists public.committed (at int); insert into public.committed values (1)",
    );
    stack.child.kill("SIGKILL");
    expect(await stack.ended).toBe("SIGKILL");
    // The next one does not wait for the guards to be done.
    const next = await start();
    await expect.poll(() => left(stack.family), { timeout: 5_000 }).toEqual([]);
    const again = new pg.Client({ connectionString: next.first.DATABASE_URL });
    await again.connect();
    expect((await again.query("select at from public.committed")).rows).toEqual([{ at: 1 }]);
    await again.query("drop table public.committed");
    await again.end();

    // Its own children killed, it starts them again, where they were.
    process.kill(next.first.functions_pid, "SIGKILL");
    process.kill(next.first.server_pid, "SIGKILL");
    await expect
      .poll(
        async () => {
          const client = new pg.Client({ connectionString: next.first.DATABASE_URL });
          client.on("error", () => {});
          return client.connect().then(
            () => client.end().then(() => "up"),
            () => "down",
          );
        },
        { timeout: 8_000 },
      )
      .toBe("up");
    const revived = family(next.pid);
    expect(revived).not.toContain(next.first.server_pid);
    next.child.kill("SIGTERM");
    expect(await next.ended).toBe(143);
    await expect.poll(() => left(revived), { timeout: 2_000 }).toEqual([]);
  });

  // As users run it; the other tests leave npm out, which takes its time.
  test.each(["SIGTERM", "SIGKILL"] as const)("when npm itself gets %s", async (signal) => {
    const stack = await start(["start", "--silent", "--", "--json"], { command: ["npm"] });
    expect(stack.first.pid).not.toBe(stack.pid);
    stack.child.kill(signal);
    await expect.poll(() => left(stack.family), { timeout: 5_000 }).toEqual([]);
  });
});

describe("npm start says", () => {
  test("where everything is, one a line, DATABASE_URL first", async () => {
    const stack = await runScript<string>("scripts/start.ts", [], { env });
    expect(stack.first).toMatch(/^DATABASE_URL=postgres:\/\/postgres:\w+@127\.0\.0\.1:\d+\/millrace$/);
    await expect.poll(stack.output).toMatch(/^ETL_FUNCTION_KEY=[0-9a-f]{64}$/m);
    stack.child.kill("SIGTERM");
    await stack.ended;
  });

  test("how it is used, and what was wrong with the arguments", async () => {
    const helped = await runScript<string>("scripts/start.ts", ["--help"]);
    expect([await helped.ended, helped.output()]).toEqual([
      0,
      expect.stringContaining("npm start --silent -- --json"),
    ]);
    const wrong = await runScript<string>("scripts/start.ts", ["--jsno"]);
    expect([await wrong.ended, wrong.errors()]).toEqual([2, expect.stringContaining("'--jsno'")]);
  });
});
