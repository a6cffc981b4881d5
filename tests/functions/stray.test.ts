import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { denoCommand } from "../../scripts/lib/functions.ts";
import { manners, runStray, startStrayServers, type StrayServers } from "./support/stray.ts";

const pem = (name: string) => readFileSync(new URL(`support/tls/${name}`, import.meta.url), "utf8");

let servers: StrayServers;
beforeAll(async () => {
  servers = await startStrayServers({ key: pem("server.key"), cert: pem("server.pem"), ca: pem("ca.pem") });
});
afterAll(() => servers.close());

type Told = Awaited<ReturnType<typeof runStray>>;

async function inDeno(way: string): Promise<Told> {
  const script = fileURLToPath(new URL("support/stray.ts", import.meta.url));
  const [command, ...rest] = denoCommand();
  const rights = ["--allow-net", "--allow-env", "--allow-read"];
  const { stdout } = await promisify(execFile)(
    command!,
    [...rest, ...rights, script, way, JSON.stringify(servers.world)],
    {
      env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    },
  );
  return JSON.parse(stdout) as Told;
}

const runs = {
  node: (way: "http" | "fetch") => runStray(way, servers.world),
  deno: (way: "http" | "fetch") => inDeno(way),
};

describe.each(["node", "deno"] as const)("what a server says beyond its answer, in %s", (runtime) => {
  let told: Told;
  beforeAll(async () => {
    told = await runs[runtime]("http");
  }, 60_000);

  const clean = { wrong: [], reused: false };
  const kept = { wrong: [], reused: true };

  test.each(Object.keys(manners))("%s", (path) => {
    const wanted = path.startsWith("/stays") ? kept : clean;
    expect(told.told[path]).toEqual(wanted);
    expect(told.told[`tls ${path}`]).toEqual(wanted);
  });

  test("is no answer to a request that was sent meanwhile", () => {
    expect(told.race).toEqual(clean);
    expect(told.secureRace).toEqual(clean);
  });

  test("before it was asked goes to no later request", () => {
    const greeting = `"stray"`;
    expect(told.greeted).toEqual({ got: [greeting, greeting, greeting], open: 0 });
  });

  test("costs the server, and no other, that connections to it are used again", () => {
    const not = { stays: false, chunked: false, early: false };
    expect(told.apart).toEqual({ ...not, twice: true, half: true, later: true, laterChunked: true });
  });

  test("is waited for on 250 connections to a server at most", () => {
    expect(told.left).toBe(250);
  });

  test("finds no connection to stay on where each is used once", () => {
    expect(told.alone).toBe(true);
  });

  test("keeps no connection from being used again that has rested", () => {
    expect(told.rested).toEqual([true, true]);
  });

  test("makes connections rest less where nothing ever was, until something is", () => {
    expect(told.provenAfter).toBeGreaterThan(300);
    expect(told.provenAfter).toBeLessThan(5_000);
    expect(told.provenStrays).toBe(true);
  });
});

describe.each(["node", "deno"] as const)("the same by fetch, in %s", (runtime) => {
  test("is never an answer: no connection is used again", async () => {
    const { told, race, alone } = await runs[runtime]("fetch");
    expect(Object.entries(told).filter(([, { wrong, reused }]) => wrong.length > 0 || reused)).toEqual([]);
    expect(race).toEqual({ wrong: [], reused: false });
    expect(alone).toBe(true);
  }, 60_000);
});
