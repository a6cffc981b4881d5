/** The README's example, run as it is written: its server, its command, its SQL, and what it says is printed. */
import { spawn, type ChildProcess } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const children: ChildProcess[] = [];
let dataDir: string | undefined;

/** The fenced blocks of a language, in their order. */
async function blocks(file: string, language: string): Promise<string[]> {
  const text = await readFile(join(root, file), "utf8");
  return [...text.matchAll(new RegExp("^```" + language + "\n([\\s\\S]*?)^```$", "gm"))].map(
    (match) => match[1]!,
  );
}

/** Starts a shell command and gathers its standard output by lines. */
function run(command: string, env: Record<string, string>) {
  const child = spawn("bash", ["-c", `exec ${command}`], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const seen: string[] = [];
  const waiting: { match: RegExp; resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  let rest = "";
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += chunk));
  child.stdout.on("data", (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      seen.push(line);
      for (const waiter of waiting) if (waiter.match.test(line)) waiter.resolve(line);
    }
  });
  child.on("exit", (code) => {
    for (const waiter of waiting) waiter.reject(new Error(`${command} ended with ${code}: ${errors}`));
  });
  return {
    line: (match: RegExp) =>
      new Promise<string>((resolve, reject) => {
        const line = seen.find((one) => match.test(one));
        if (line !== undefined) resolve(line);
        else waiting.push({ match, resolve, reject });
      }),
  };
}

afterAll(async () => {
  await Promise.all(
    children.map(
      (child) =>
        new Promise<void>((resolve) => {
          if (child.exitCode !== null || child.signalCode !== null) return resolve();
          child.once("exit", () => resolve());
          child.kill("SIGTERM");
        }),
    ),
  );
  if (dataDir) await rm(dataDir, { recursive: true, force: true });
});

describe("README", () => {
  test("the example goes from insert to webhook", { timeout: 60_000 }, async () => {
    const [server] = await blocks("README.md", "js");
    const start = (await blocks("README.md", "sh")).find((block) => block.includes("npm start"))!;
    const [setup, request, history] = await blocks("README.md", "sql");
    const printed = (await readFile(join(root, "README.md"), "utf8")).match(
      /^activity_request\.done .*$/m,
    )![0];

    // In the project, as the README says: it imports what the project has installed.
    await mkdir(join(root, ".millrace"), { recursive: true });
    const example = join(root, ".millrace/example.mjs");
    await writeFile(example, server!);
    const client = run(`node ${example}`, {});

    dataDir = await mkdtemp(join(tmpdir(), "millrace-readme-"));
    // PostgreSQL may run as another user than the tests.
    await chmod(dataDir, 0o755);
    const stack = run(`env ${start.trim()}`, { MILLRACE_DATA_DIR: join(dataDir, "data"), DATABASE_URL: "" });
    const url = (await stack.line(/^DATABASE_URL=/)).slice("DATABASE_URL=".length);

    const database = new pg.Client({ connectionString: url });
    await database.connect();
    try {
      await database.query(setup!);
      const { rows } = await database.query<{ id: string }>(request!);
      expect(rows).toHaveLength(1);
      expect(await client.line(/./)).toBe(printed);

      const steps = (await database.query<{ entity: string; to_state: string }>(history!)).rows;
      const of = (entity: string) =>
        steps.filter((step) => step.entity === entity).map((step) => step.to_state);
      expect(of("workflow_request").slice(0, 4)).toEqual(["new", "valid", "ready", "in_progress"]);
      expect(of("run_request")).toEqual(["new", "valid", "ready", "in_progress", "done"]);
    } finally {
      await database.end();
    }
  });

  test("the files it names are there", async () => {
    const text = await readFile(join(root, "README.md"), "utf8");
    const named = [...text.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1]!);
    expect(named.length).toBeGreaterThan(3);
    for (const file of named) await readFile(join(root, file), "utf8");
  });
});
