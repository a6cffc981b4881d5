import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { processStart } from "../../scripts/lib/lock.ts";
import { startServer } from "../../scripts/lib/server.ts";
import { alive, checkout, family, killAll, openFolder, readLock, runScript, userOf } from "./processes.ts";

interface Held {
  url: string;
  pid: number;
  dataDir: string;
  uid: number;
}

const hold = join(checkout, "tests/stack/fixtures/hold.ts");
const isRoot = process.getuid?.() === 0;
const folder = openFolder();
const dataDir = join(folder, "data");
const givenUrl = process.env.DATABASE_URL;

async function query<T>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as T[];
  } finally {
    await client.end();
  }
}

beforeAll(() => {
  delete process.env.DATABASE_URL;
});

afterAll(() => {
  if (givenUrl !== undefined) process.env.DATABASE_URL = givenUrl;
  rmSync(folder, { recursive: true, force: true });
});

describe("a server of our own", () => {
  test("two at once take different ports, on loopback only, and leave no folder, even after a crash", async () => {
    const [one, two] = await Promise.all([
      startServer({ ephemeral: true }),
      startServer({ ephemeral: true }),
    ]);
    try {
      expect(one.port).not.toBe(two.port);
      expect(await query(one.url, "show listen_addresses")).toEqual([{ listen_addresses: "127.0.0.1" }]);
      expect(await query(one.url, "show unix_socket_directories")).toEqual([{ unix_socket_directories: "" }]);
      const wrong = new URL(one.url);
      wrong.password = "wrong";
      await expect(query(wrong.href, "select 1")).rejects.toThrow("password authentication failed");
      await query(one.url, "create extension pgtap");
      expect(await query(one.url, "select lower('ÄÖÜ') as l, pgtap_version()::text as v")).toEqual([
        { l: "äöü", v: "1.3" },
      ]);

      // Killed, it comes back where it was, with what it held.
      await query(one.url, "create table kept as select 1 as one");
      const before = one.pid!;
      process.kill(before, "SIGKILL");
      await one.exited();
      await one.restart();
      expect(one.pid).not.toBe(before);
      expect(await query(one.url, "select one from kept")).toEqual([{ one: 1 }]);
    } finally {
      await Promise.all([one.stop(), two.stop()]);
    }
    expect([alive(one.pid!), alive(two.pid!)]).toEqual([false, false]);
    expect([existsSync(one.dataDir!), existsSync(two.dataDir!)]).toEqual([false, false]);
  });

  test("says what the server said when a setting is wrong, and leaves nothing", async () => {
    await expect(startServer({ dataDir, settings: { shared_buffers: "many" } })).rejects.toThrow(
      /did not start[\s\S]*shared_buffers/,
    );
    expect(existsSync(`${dataDir}.lock`)).toBe(false);
  });
});

describe("the data folder", () => {
  test("is refused to a second stack, which learns who has it and what to do", async () => {
    const server = await startServer({ dataDir });
    try {
      await expect(startServer({ dataDir })).rejects.toThrow(/this process already runs a server/);
      const second = await runScript<{ ended: number }>("scripts/start.ts", ["--json"], {
        env: { MILLRACE_DATA_DIR: dataDir },
      });
      expect(second.first).toEqual({ ended: 3 });
      expect(second.errors()).toContain(`another stack (pid ${process.pid})`);
      expect(second.errors()).toContain(`kill ${process.pid}`);
      expect(await query(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
    } finally {
      await server.stop();
    }
    expect(existsSync(`${dataDir}.lock`)).toBe(false);
  });

  test.each([
    ["a process that is gone", { pid: 2 ** 22 + 1, started: "1" }],
    ["a process whose id another has by now", { pid: process.pid, started: "1" }],
    ["nobody knows whom", "{"],
  ])("is taken over from %s", async (_, owner) => {
    writeFileSync(`${dataDir}.lock`, typeof owner === "string" ? owner : JSON.stringify(owner));
    const server = await startServer({ dataDir });
    expect(readLock(dataDir)).toEqual({ pid: process.pid, started: processStart(process.pid) });
    await server.stop();
  });

  test("goes to exactly one of many that find a dead owner", async () => {
    writeFileSync(`${dataDir}.lock`, JSON.stringify({ pid: 2 ** 22 + 1, started: "1" }));
    const all = await Promise.all([1, 2, 3].map(() => runScript<Held | { ended: number }>(hold, [dataDir])));
    const winners = all.filter((script) => "url" in script.first);
    const losers = all.filter((script) => "ended" in script.first);
    try {
      expect(winners).toHaveLength(1);
      for (const loser of losers) expect(loser.errors()).toContain(`another stack (pid ${winners[0]!.pid})`);
      expect(await query((winners[0]!.first as Held).url, "select 1 as one")).toEqual([{ one: 1 }]);
    } finally {
      for (const script of all) script.child.kill("SIGKILL");
      await Promise.all(all.map((script) => script.ended));
    }
  });

  test("is recovered after stack and guard were killed and only the server is left", async () => {
    const held = await runScript<Held>(hold, [dataDir]);
    await query(held.first.url, "create table survivors as select 7 as seven");
    // The guards first: whoever is left then has nobody to end it.
    const guards = family(held.pid).filter(
      (pid) => pid !== held.pid && !family(held.first.pid).includes(pid),
    );
    expect(guards.length).toBeGreaterThanOrEqual(2);
    killAll([...guards, held.pid]);
    await held.ended;
    expect(alive(held.first.pid)).toBe(true);
    const server = await startServer({ dataDir });
    try {
      expect(alive(held.first.pid)).toBe(false);
      expect(await query(server.url, "select seven from survivors")).toEqual([{ seven: 7 }]);
    } finally {
      await server.stop();
    }
  });
});

describe("the user it runs as", () => {
  test.runIf(isRoot)("is not root when root starts it", async () => {
    const server = await startServer({ dataDir });
    try {
      expect(userOf(server.pid!)).not.toBe(0);
    } finally {
      await server.stop();
    }
  });

  test("is an ordinary user, who needs nothing but a folder", async () => {
    const own = openFolder();
    const ids = isRoot
      ? {
          uid: Number(execFileSync("id", ["-u", "nobody"])),
          gid: Number(execFileSync("id", ["-g", "nobody"])),
        }
      : {};
    if (isRoot) execFileSync("chown", [`${ids.uid}:${ids.gid}`, own]);
    const held = await runScript<Held>(hold, [join(own, "data")], {
      ...ids,
      env: { HOME: own, TMPDIR: own },
    });
    try {
      expect(held.first.uid).toBe(ids.uid ?? process.getuid?.());
      expect(held.first.uid).not.toBe(0);
      expect(userOf(held.first.pid)).toBe(held.first.uid);
      expect(await query(held.first.url, "select 1 as one")).toEqual([{ one: 1 }]);
    } finally {
      held.child.kill("SIGTERM");
      await held.ended;
    }
    await expect.poll(() => alive(held.first.pid), { timeout: 5_000 }).toBe(false);
    rmSync(own, { recursive: true, force: true });
  });

  test.runIf(isRoot)("has its data elsewhere when it cannot enter the checkout", async () => {
    const closed = openFolder();
    const copy = join(closed, "closed", "checkout");
    mkdirSync(copy, { recursive: true });
    for (const name of ["scripts", "tests/stack", "package.json"]) {
      cpSync(join(checkout, name), join(copy, name), { recursive: true });
    }
    symlinkSync(join(checkout, "node_modules"), join(copy, "node_modules"));
    execFileSync("chmod", ["700", join(closed, "closed")]);
    const held = await runScript<Held>(join(copy, "tests/stack/fixtures/hold.ts"), [], { cwd: copy });
    try {
      expect(held.first.dataDir).not.toContain(closed);
      expect(held.errors()).toContain(`data is kept in ${held.first.dataDir}`);
      expect(await query(held.first.url, "select 1 as one")).toEqual([{ one: 1 }]);
    } finally {
      held.child.kill("SIGTERM");
      await held.ended;
    }
    await expect.poll(() => alive(held.first.pid), { timeout: 5_000 }).toBe(false);
    rmSync(closed, { recursive: true, force: true });
    rmSync(join(held.first.dataDir, ".."), { recursive: true, force: true });
  });
});

describe("the server of DATABASE_URL", () => {
  test("is used as it is, and nothing is started or stopped", async () => {
    const given = await startServer({ dataDir });
    try {
      const url = new URL(given.url);
      url.pathname = "/of_the_user";
      process.env.DATABASE_URL = url.href;
      const used = await startServer({ dataDir });
      expect(used).toMatchObject({
        url: given.url,
        port: given.port,
        pid: null,
        dataDir: null,
        embedded: false,
        database: "of_the_user",
      });
      await used.stop();
      expect(await query(given.url, "select 1 as one")).toEqual([{ one: 1 }]);
      process.env.DATABASE_URL = "somewhere";
      await expect(startServer()).rejects.toThrow("DATABASE_URL is not a URL");
    } finally {
      delete process.env.DATABASE_URL;
      await given.stop();
    }
    process.env.DATABASE_URL = given.url;
    try {
      await expect(startServer()).rejects.toThrow(/ECONNREFUSED.*unset DATABASE_URL/s);
    } finally {
      delete process.env.DATABASE_URL;
    }
  });
});
