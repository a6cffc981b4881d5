/** Runs the test files that hold the promises. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { template } from "../lib/database.ts";
import { projectRoot, readTests } from "../lib/sources.ts";
import { runTapFiles } from "../lib/tap.ts";
import { testServer } from "../lib/testserver.ts";
import { printLine, runVitest } from "../lib/vitest.ts";

/** What a test file came to. */
export interface TestFile {
  path: string;
  passed: number;
  failed: number;
  failures: string[];
}

/** Test files that are named but not there. */
export const missingFiles = (paths: string[], root = projectRoot): string[] =>
  paths.filter((path) => !existsSync(join(root, path)));

/** Runs test files, pgTAP and vitest, each once; returns what each came to, by path. */
export async function runTestFiles(paths: string[]): Promise<Map<string, TestFile>> {
  const wanted = new Set(paths);
  const ofKind = (kind: (path: string) => boolean) => [...wanted].filter(kind);
  const results: TestFile[] = [];
  const server = await testServer();
  const before = process.env.MILLRACE_TEST_SERVER;
  process.env.MILLRACE_TEST_SERVER = server.url;
  try {
    const sql = readTests().filter(({ path }) => wanted.has(path));
    if (sql.length > 0) {
      const { name } = await template(server.url);
      results.push(...(await runTapFiles(server.url, name, sql, { connections: 4, onResult: printLine })));
    }
    const e2e = ofKind((path) => path.startsWith("tests/e2e/"));
    const ts = ofKind((path) => path.startsWith("tests/") && !path.startsWith("tests/e2e/"));
    if (ts.length > 0) results.push(...(await runVitest("ts", ts)));
    if (e2e.length > 0) results.push(...(await runVitest("e2e", e2e)));
  } finally {
    if (before === undefined) delete process.env.MILLRACE_TEST_SERVER;
    else process.env.MILLRACE_TEST_SERVER = before;
    await server.stop();
  }
  return new Map(results.map((result) => [result.path, result]));
}
