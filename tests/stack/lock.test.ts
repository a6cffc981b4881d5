import { rmSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, expect, test } from "vitest";
import { checkout, openFolder } from "./processes.ts";

const folder = openFolder();
// Node 20 does not take a loader for a thread from its options.
const load = `import("tsx/esm/api").then(({ register }) => {
  register();
  return import(${JSON.stringify(join(checkout, "tests/stack/fixtures/contend.ts"))});
})`;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("of many that find a dead owner at the same moment exactly one gets the lock, every time", async () => {
  const rounds = 60;
  const threads = 4;
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const workerData = { path: join(folder, "lock"), rounds, threads, shared };
  const results = await Promise.all(
    Array.from({ length: threads }, () => {
      const worker = new Worker(load, { eval: true, workerData });
      return new Promise<boolean[]>((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", reject);
      });
    }),
  );
  const winners = Array.from({ length: rounds }, (_, round) => results.filter((wins) => wins[round]).length);
  expect(winners).toEqual(Array.from({ length: rounds }, () => 1));
});
