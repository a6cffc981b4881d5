/** `npm run secrets`: sets, rotates, revokes and lists the secrets that the edge functions use. */
import { userInfo } from "node:os";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { parseArgs } from "node:util";
import { createPgClient } from "../supabase/functions/_shared/client-pg.ts";
import type { SecretInfo } from "../supabase/functions/_shared/client.ts";
import {
  ManageError,
  manageSecrets,
  secretCommand,
  type Managed,
  type SecretCommand,
} from "../supabase/functions/_shared/manage.ts";
import { readKeys, SealError } from "../supabase/functions/_shared/seal.ts";
import { command, UsageError } from "./lib/ask.ts";
import { dim } from "./lib/console.ts";
import { DeployError, readTarget } from "./lib/deploy.ts";
import { localSecretKey } from "./lib/secret-key.ts";

const help = `npm run secrets -- <what> [NAME] [options]

  list                what there is, without the values
  set NAME            adds a secret; its value is read from standard input, never from the command line
  rotate NAME         replaces it; the old value goes on signing messages for a day, placeholders take the new one at once
  revoke NAME         throws its value away, all versions or one; functions that hold it forget it within 5 seconds
  rekey               seals everything anew under the first key of ETL_SECRET_KEY

--scope ID     an org's id, for its own sources and its messages; "shared" (sources without an org) when not given
--generate     set, rotate: makes a value up that can sign messages (whsec_…), and prints it, once
--keep TIME    rotate: how long the old value goes on signing: 90s, 30m, 24h, 7d; 0: it is gone at once
--version N    revoke: this version only
--url URL      asks the edge function under this address (https://<ref>.supabase.co/functions/v1) with ETL_MANAGE_KEY or
               ETL_FUNCTION_KEY, instead of working on the database of DATABASE_URL with ETL_SECRET_KEY
--json         prints one JSON object

On this machine's own database ETL_SECRET_KEY need not be set: the key of the local stack is used.

Exit codes: 0 done · 1 refused or failed, as told · 2 wrong arguments`;

const units: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400, "": 1 };

interface Options {
  order: Record<string, unknown>;
  readsValue: boolean;
  url?: string;
  json: boolean;
}

function readOptions(): Options | null {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        scope: { type: "string" },
        generate: { type: "boolean", default: false },
        keep: { type: "string" },
        version: { type: "string" },
        url: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.help) return null;
  const [action, name, ...rest] = positionals;
  if (action === undefined) throw new UsageError("What shall be done: list, set, rotate, revoke or rekey?");
  // The rest may be a value that somebody typed here.
  if (rest.length > 0)
    throw new UsageError("A value is read from standard input, not from the command line.");
  const writes = action === "set" || action === "rotate";
  if (values.generate && !writes) throw new UsageError("--generate goes with set and rotate.");
  const order: Record<string, unknown> = { action };
  if (name !== undefined) order.name = name;
  if (values.scope !== undefined) order.scope = values.scope;
  if (values.version !== undefined) order.version = Number(values.version);
  if (values.keep !== undefined) {
    const [, amount, unit] = /^(\d+)([smhd]?)$/.exec(values.keep) ?? [];
    if (amount === undefined) throw new UsageError("--keep is a time such as 90s, 30m, 24h or 7d.");
    order.keep_seconds = Number(amount) * units[unit!]!;
  }
  if (writes || action === "revoke") order.by = userInfo().username;
  check(order);
  return { order, readsValue: writes && !values.generate, url: values.url, json: values.json };
}

function check(order: Record<string, unknown>): SecretCommand {
  const parsed = secretCommand.safeParse(order);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const what = issue!.path.join(".");
  if (what === "action") throw new UsageError("There are list, set, rotate, revoke and rekey.");
  if (what === "name" && order.name === undefined) throw new UsageError("Which secret? Its name is missing.");
  const unknown = issue!.code === "unrecognized_keys" ? issue!.keys.join(", ") : undefined;
  throw new UsageError(unknown ? `That does not go with ${unknown}.` : `${what}: ${issue!.message}.`);
}

/** From standard input; typed unseen where somebody sits there. */
async function readValue(signal: AbortSignal): Promise<string> {
  if (!process.stdin.isTTY) {
    const parts: Buffer[] = [];
    for await (const part of process.stdin) parts.push(part as Buffer);
    // `echo` ends with the end of a line, which is no part of it.
    return Buffer.concat(parts)
      .toString("utf8")
      .replace(/\r?\n$/, "");
  }
  process.stderr.write("Value (not shown): ");
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const asking = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      asking.once("line", resolve);
      asking.once("close", () => reject(new Error("no value was given")));
      signal.addEventListener("abort", () => asking.close());
    });
  } finally {
    asking.close();
    process.stderr.write("\n");
  }
}

async function overHttp(url: string, order: SecretCommand): Promise<Managed> {
  const key = process.env.ETL_MANAGE_KEY ?? process.env.ETL_FUNCTION_KEY;
  if (!key) throw new UsageError("--url needs ETL_MANAGE_KEY, or ETL_FUNCTION_KEY, in the environment.");
  const response = await fetch(`${url.replace(/\/+$/, "")}/manage-secrets`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(order),
    redirect: "error",
  });
  const answer = (await response.json().catch(() => ({}))) as Managed & { error?: string };
  if (response.ok) return answer;
  throw new DeployError(
    `The function said ${response.status}: ${answer.error ?? "nothing more"}.`,
    response.status === 401
      ? "Show it the key it was given as ETL_MANAGE_KEY, or as ETL_FUNCTION_KEY."
      : "Its log may say more.",
  );
}

async function onDatabase(order: SecretCommand): Promise<Managed> {
  if (!process.env.DATABASE_URL) throw new UsageError("Which database? DATABASE_URL says it; or give --url.");
  const target = readTarget(process.env.DATABASE_URL);
  const isLocal = /^(127\.0\.0\.1|localhost|\[::1\])$/.test(new URL(target.url).hostname);
  const client = createPgClient(target.url);
  try {
    return await manageSecrets(
      client,
      readKeys(process.env.ETL_SECRET_KEY ?? (isLocal ? localSecretKey() : "")),
      order,
    );
  } catch (error) {
    if (error instanceof ManageError)
      throw new DeployError(`${error.message}.`, "Set ETL_SECRET_KEY to the functions' key, or use --url.");
    if (error instanceof SealError) throw new UsageError(`ETL_SECRET_KEY: ${error.message}.`);
    throw new Error(target.redact((error as Error).message));
  } finally {
    await client.close();
  }
}

function table(secrets: readonly SecretInfo[]): string[] {
  if (secrets.length === 0) return ["There are none."];
  const short = (time: string | null) => (time === null ? "never" : time.replace("T", " ").slice(0, 16));
  const rows = secrets.map((secret) => [
    secret.scope,
    secret.name,
    `v${secret.version}`,
    secret.state === "retiring" ? `retiring until ${short(secret.expires_at)}` : secret.state,
    secret.storage === "vault" ? "vault" : `key ${secret.key_id}`,
    `${short(secret.created_at)} by ${secret.created_by}`,
    `used ${short(secret.last_used_at)}`,
  ]);
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join("  ")
      .trimEnd(),
  );
}

function show(managed: Managed, order: SecretCommand): void {
  if (managed.secrets !== undefined) return console.log(table(managed.secrets).join("\n"));
  if (managed.value !== undefined) {
    console.error(dim("This is the only time it is shown:"));
    console.log(managed.value);
  }
  if (managed.version !== undefined && "name" in order)
    console.error(`${order.name} in the scope ${order.scope} is at version ${managed.version}.`);
  if (managed.revoked !== undefined) console.error(`${managed.revoked} revoked.`);
  if (managed.rekeyed !== undefined) console.error(`${managed.rekeyed} sealed anew.`);
  for (const left of managed.left ?? []) console.error(`Not sealed anew: ${left}.`);
}

await command(help, async (signal) => {
  const options = readOptions();
  if (options === null) {
    console.log(help);
    return 0;
  }
  const order = check(
    options.readsValue ? { ...options.order, value: await readValue(signal) } : options.order,
  );
  const managed = options.url === undefined ? await onDatabase(order) : await overHttp(options.url, order);
  if (options.json) console.log(JSON.stringify(managed));
  else show(managed, order);
  return managed.left !== undefined && managed.left.length > 0 ? 1 : 0;
});
