import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { processStart } from "../../scripts/lib/lock.ts";
import { projectRoot } from "../../scripts/lib/sources.ts";
import { page } from "../../scripts/prove/page.ts";

const start = (args: string[], entry = "tests/prove/promises.ts") =>
  spawnSync(process.execPath, ["--import", "tsx", entry, ...args], { cwd: projectRoot, encoding: "utf8" });

it("refuses what it does not know, and shows its help", () => {
  const { status, stdout, stderr } = start(["--only", "server-killed,nonsense"], "scripts/prove.ts");
  expect(status).toBe(2);
  expect(stderr).toContain("--only nonsense: there is no such promise");
  expect(stderr).toContain("--only NAME[,NAME]");
  expect(stdout).toBe("");
});

it("ends with 1 when a promise is broken, says which and why, and with 0 when all are kept", () => {
  const before = readFileSync(join(projectRoot, page), "utf8");
  const both = start(["--only", "kept,broken", "--no-report", "--sources"]);
  expect(both.status, both.stderr).toBe(1);
  expect(both.stdout).toMatch(/^It is kept +kept +2,000 +1 +0 +0/m);
  expect(both.stdout).toMatch(/^It is broken +BROKEN +2,000 +1 +3 +0/m);
  expect(both.stdout).toContain("BROKEN broken: 3 lost, where none may be");
  const { status, stdout } = start(["--only", "kept", "--json", "--seed", "7", "--sources"]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    seed: 7,
    verdicts: [{ name: "kept", verdict: "kept", figures: { load: 2_000, lost: 0 } }],
  });
  expect(readFileSync(join(projectRoot, page), "utf8")).toBe(before);
});

it("takes everything down when it is interrupted", async () => {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "tests/prove/promises.ts", "--only", "endless", "--no-report", "--sources"],
    { cwd: projectRoot, stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  child.stdout.on("data", (text) => (said += text));
  const runs = await new Promise<RegExpExecArray>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const found = /runs (\d+) on (\S+)/.exec(said);
      if (found) resolve(found);
    });
    child.on("exit", () => reject(new Error(said)));
  });
  const [, pid, folder] = runs;
  expect(processStart(Number(pid))).not.toBeNull();
  const over = new Promise((resolve) => child.on("exit", resolve));
  child.kill("SIGINT");
  expect(await over, said).toBe(130);
  expect(processStart(Number(pid))).toBeNull();
  expect(existsSync(dirname(dirname(folder!)))).toBe(false);
  // Nothing is proven, one way or the other.
  expect(said).not.toContain("verdict");
});
