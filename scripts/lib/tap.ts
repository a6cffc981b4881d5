import pg from "pg";
import { Parser, type FinalResults, type Result, type TapError } from "tap-parser";
import { cloneDatabase, tapSchema } from "./database.ts";
import { describeProblem, LoadError, runScript, type SourceFile } from "./sources.ts";

/** The search path test files start with. */
export const testSearchPath = `public, ${tapSchema}, extensions`;

/** What one pgTAP file came to. */
export interface TapFileResult {
  path: string;
  ok: boolean;
  passed: number;
  failed: number;
  skipped: number;
  milliseconds: number;
  /** For people: one entry per failed assertion, and one for what is wrong with the file as a whole. */
  failures: string[];
  /** What the server had to say while it ran; shown when the file failed. */
  notices: string[];
}

const TEXT = 25;

/** The TAP lines among the results of a script: values of results with one column of type text. */
function tapLines(results: pg.QueryResult[]): string {
  return results
    .filter((result) => result.fields?.length === 1 && result.fields[0]!.dataTypeID === TEXT)
    .flatMap((result) => result.rows.map((row) => Object.values(row)[0]))
    .filter((value): value is string => typeof value === "string")
    .map((value) => `${value}\n`)
    .join("");
}

/** Judges TAP text: every assertion, and whether the plan was kept. */
export function judgeTap(tap: string): Omit<TapFileResult, "path" | "milliseconds" | "notices"> {
  const failures: string[] = [];
  let passed = 0;
  let skipped = 0;
  let explained = false;
  const parser = new Parser();
  parser.on("assert", (result: Result) => {
    explained = false;
    if (result.skip || result.todo) skipped++;
    else if (result.ok && !result.tapError) passed++;
    else {
      // pgTAP explains a failure in the comments that follow it.
      explained = true;
      failures.push(`not ok ${result.id} - ${result.name}${result.tapError ? ` (${result.tapError})` : ""}`);
    }
  });
  parser.on("comment", (comment: string) => {
    if (explained) failures[failures.length - 1] += `\n${comment.trimEnd()}`;
  });
  parser.end(tap);
  const results = parser.results;
  if (!results || (results.count === 0 && !/^1\.\.0/m.test(tap))) failures.push("no assertion was run");
  if (results?.bailout) failures.push(`bailed out: ${results.bailout}`);
  for (const failure of results?.failures ?? []) {
    if (!("id" in failure) && failure.tapError) failures.push(describePlan(failure, results!));
  }
  if (results && !results.ok && failures.length === 0) failures.push("the TAP is not valid");
  return { ok: failures.length === 0, passed, failed: failures.length, skipped, failures };
}

function describePlan(failure: TapError, { plan, count }: FinalResults): string {
  return plan.end === null
    ? `${failure.tapError}: ${count} assertions were run`
    : `${failure.tapError}: planned ${plan.end}, ran ${count}`;
}

/** Runs one pgTAP file on a database that is thrown away afterwards, as one multi-statement query. */
export async function runTapFile(databaseUrl: string, file: SourceFile): Promise<TapFileResult> {
  const started = performance.now();
  const notices: string[] = [];
  const client = new pg.Client({
    connectionString: databaseUrl,
    options: `-c search_path=${testSearchPath.replace(/ /g, "")} -c client_min_messages=notice`,
    application_name: file.path.slice(-63),
  });
  client.on("notice", (notice) => notices.push(`${notice.severity}: ${notice.message}`));
  client.on("error", () => {});
  await client.connect();
  const outcome = await runScript(client, file.path, file.text)
    .then((results) => judgeTap(tapLines(results)))
    .catch((error: unknown) => {
      if (!(error instanceof LoadError)) throw error;
      const thrown = error.problems.map(describeProblem);
      const before = judgeTap(tapLines(error.results));
      const lost = before.failures.filter((failure) => failure.startsWith("not ok"));
      const failures = [...lost, ...thrown];
      return { ...before, ok: false, failed: failures.length, failures };
    })
    .finally(() => client.end());
  return { path: file.path, ...outcome, milliseconds: performance.now() - started, notices };
}

/** Runs files side by side, each in a database of its own copied from the template; results arrive as they come. */
export async function runTapFiles(
  serverUrl: string,
  templateName: string,
  files: SourceFile[],
  { connections = 4, onResult }: { connections?: number; onResult?: (result: TapFileResult) => void } = {},
): Promise<TapFileResult[]> {
  const results: TapFileResult[] = [];
  const waiting = [...files];
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      const clone = await cloneDatabase(serverUrl, templateName, "tap");
      try {
        const result = await runTapFile(clone.url, file);
        results.push(result);
        onResult?.(result);
      } finally {
        await clone.drop();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(connections, files.length) }, work));
  return results.sort((a, b) => (a.path < b.path ? -1 : 1));
}
