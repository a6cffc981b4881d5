import { relative } from "node:path";
import type { TestCase, TestModule, Reporter, SerializedError } from "vitest/node";
import { startVitest } from "vitest/node";
import { dim, duration, green, indent, red, uncoloured } from "./console.ts";
import { projectRoot } from "./sources.ts";

/** What one TypeScript test file came to. */
export interface ModuleResult {
  path: string;
  passed: number;
  failed: number;
  skipped: number;
  milliseconds: number;
  failures: string[];
}

function describeError(error: SerializedError): string {
  const frame = error.stacks?.find((stack) => !stack.file.includes("node_modules"));
  const at = frame ? `\nat ${relative(projectRoot, frame.file)}:${frame.line}:${frame.column}` : "";
  const diff = typeof error.diff === "string" ? `\n${error.diff}` : "";
  return uncoloured(`${error.name ? `${error.name}: ` : ""}${error.message}${diff}${at}`);
}

function resultOf(module: TestModule): ModuleResult {
  const tests = [...module.children.allTests()];
  const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
  const failuresOf = (test: TestCase): string[] =>
    (test.result().errors ?? []).map((error) => `${test.fullName}\n${indent(describeError(error))}`);
  const errors = module.errors().map(describeError);
  for (const suite of module.children.allSuites()) errors.push(...suite.errors().map(describeError));
  if (tests.length === 0 && errors.length === 0) errors.push("no test was found in this file");
  return {
    path: module.relativeModuleId,
    passed: count("passed"),
    failed: count("failed") + errors.length,
    skipped: count("skipped"),
    milliseconds: module.diagnostic().duration,
    failures: [...errors, ...tests.flatMap(failuresOf)],
  };
}

/** One line per file as it ends; what failed is told at the end, with everything else. */
class LineReporter implements Reporter {
  readonly results: ModuleResult[] = [];

  onTestModuleEnd(module: TestModule): void {
    const result = resultOf(module);
    this.results.push(result);
    printLine(result);
  }

  onTestRunEnd(_modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    if (errors.length === 0) return;
    const failures = errors.map(describeError);
    this.results.push({
      path: "vitest",
      passed: 0,
      failed: errors.length,
      skipped: 0,
      milliseconds: 0,
      failures,
    });
  }

  onUserConsoleLog(log: { content: string }): void {
    process.stdout.write(dim(indent(log.content)));
  }
}

/** Prints how a file fared. */
export function printLine(result: Omit<ModuleResult, "failures">): void {
  const { path, passed, failed, skipped, milliseconds } = result;
  const mark = failed > 0 ? red("✗") : green("✓");
  const counts = [`${passed} passed`];
  if (failed > 0) counts.push(red(`${failed} failed`));
  if (skipped > 0) counts.push(`${skipped} skipped`);
  console.log(`${mark} ${path} ${dim(`${counts.join(", ")}, ${duration(milliseconds)}`)}`);
}

/** Runs TypeScript tests of one kind whose path contains one of the filters. */
export async function runVitest(project: "ts" | "e2e", filters: string[]): Promise<ModuleResult[]> {
  const reporter = new LineReporter();
  const before = process.exitCode;
  const vitest = await startVitest("test", filters, {
    root: projectRoot,
    project,
    watch: false,
    run: true,
    reporters: [reporter],
    passWithNoTests: true,
  });
  await vitest.close();
  // vitest sets the exit code by itself; here one place decides.
  process.exitCode = before;
  return reporter.results;
}
