/** Under what conditions figures came about: said beside them, so that nobody takes them for more than they are. */
import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { projectRoot } from "./sources.ts";
import { withClient } from "./migrate.ts";

/** What figures depend on. */
export interface Conditions {
  /** Day of the run, UTC. */
  date: string;
  commit: string;
  cores: number;
  processor: string;
  memoryGigabytes: number;
  node: string;
  postgres: string;
  /** Settings of the server, as it shows them. */
  settings: Record<string, string>;
}

const told = ["shared_buffers", "max_wal_size", "fsync", "synchronous_commit", "full_page_writes", "jit"];

function git(...args: string[]): string {
  try {
    return execFileSync("git", args, {
      cwd: projectRoot,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return "";
  }
}

/** The commit that is measured; changes that are in no commit are owned up to. */
export function commit(): string {
  const id = git("rev-parse", "--short", "HEAD").trim() || "unknown";
  const changed = git(
    "status",
    "--porcelain",
    "--",
    "sql",
    "supabase",
    "scripts",
    "package-lock.json",
  ).trim();
  return changed === "" ? id : `${id}, with changes that are in no commit`;
}

/** Looks at the machine, the checkout and a server. */
export async function conditions(serverUrl: string): Promise<Conditions> {
  const settings = await withClient(serverUrl, async (client) => {
    const { rows } = await client.query<{ name: string; value: string }>(
      "select name, current_setting(name) as value from pg_settings where name = any ($1) order by array_position($1, name)",
      [["server_version", ...told]],
    );
    return new Map(rows.map(({ name, value }) => [name, value]));
  });
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    cores: cpus().length,
    processor: (cpus()[0]?.model ?? "unknown processor").trim(),
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    postgres: settings.get("server_version")!.split(" ")[0]!,
    settings: Object.fromEntries(told.map((name) => [name, settings.get(name)!])),
  };
}

/** Whether what is committed outlives a crash. */
export function durable({ settings }: Conditions): boolean {
  return ["fsync", "synchronous_commit", "full_page_writes"].every((name) => settings[name] === "on");
}

/** The machine and the server in one sentence. */
export function describeMachine(is: Conditions): string {
  const settings = Object.entries(is.settings).map(([name, value]) => `\`${name} = ${value}\``);
  return (
    `${is.date}, commit ${is.commit}. ${is.cores} cores (${is.processor}), ${is.memoryGigabytes} GB; ` +
    `PostgreSQL ${is.postgres} with ${settings.join(", ")}; Node ${is.node}`
  );
}

/** The conditions in one paragraph. */
export function describe(is: Conditions, n: number, rounds: number): string {
  return (
    `${describeMachine(is)}; ` +
    `n = ${n.toLocaleString("en")}, ${rounds} ${rounds === 1 ? "round" : "rounds"}.`
  );
}
