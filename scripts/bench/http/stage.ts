/** What the benchmarks over real HTTP play on: the outside world, the engine's processes, the bare loop. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { startDoorbell, type Doorbell } from "../../lib/doorbell.ts";
import { denoCommand, startFunctions } from "../../lib/functions.ts";
import { startPart, type Part } from "../../lib/part.ts";
import { callsAtOnce } from "../../lib/stack.ts";
import { configure, insertSize, type Tenant } from "../engine.ts";
import type { Counts } from "./answers.ts";

/** The key clients check messages with. */
export const secret = `whsec_${Buffer.from("the key of the benchmark").toString("base64")}`;

/** Third party and client. */
export interface World extends Part {
  counts(): Promise<Counts>;
}

/** Starts third party and client. */
export async function startWorld(): Promise<World> {
  const file = fileURLToPath(new URL("./answers.ts", import.meta.url));
  const part = await startPart([process.execPath, "--import", "tsx", file, secret]);
  const counts = async () => (await (await fetch(`${part.url}/counts`)).json()) as Counts;
  return Object.assign(part, { counts });
}

/** The bare loop. */
export interface Bare extends Part {
  /** Does workflows, so many at once; returns how many seconds they took. */
  run(count: number, concurrency: number): Promise<number>;
}

/** Starts the bare loop; it sends messages like the given one. */
export async function startBare(world: World, message: string): Promise<Bare> {
  const file = fileURLToPath(new URL("./bare.ts", import.meta.url));
  const part = await startPart([...denoCommand(), "--allow-net", file, world.url, secret, message]);
  return Object.assign(part, {
    async run(count: number, concurrency: number) {
      const response = await fetch(`${part.url}/${count}/${concurrency}`);
      if (!response.ok) throw new Error(`the bare loop failed: ${await response.text()}`);
      return ((await response.json()) as { seconds: number }).seconds;
    },
  });
}

/** A process of edge functions, with bell and clock, as `npm start` runs them. */
export interface Worker extends AsyncDisposable {
  pid: number;
  /** Starts bell and clock. */
  listen(): Promise<void>;
  /** Stops bell and clock, when the calls under way have ended. */
  rest(): Promise<void>;
  /** HTTP requests and messages it has sent and reported. */
  sent(): number;
  /** What it complained of. */
  troubles: string[];
}

/** Starts a process of edge functions; nothing wakes it yet. */
export async function startWorker(
  databaseUrl: string,
  tenant: Tenant,
  env: Record<string, string> = {},
): Promise<Worker> {
  let sent = 0;
  const troubles: string[] = [];
  const functions = await startFunctions({
    databaseUrl,
    env: { ETL_SECRETS: JSON.stringify({ [tenant.org]: { webhook: secret } }), ...env },
    onLog(line) {
      const event = parse(line);
      if (event?.level === "info") sent += event.completed ?? 0;
      else troubles.push(line);
    },
  });
  let doorbell: Doorbell | undefined;
  return {
    pid: functions.pid,
    async listen() {
      doorbell = await startDoorbell({
        databaseUrl,
        functionsUrl: functions.url,
        key: functions.key,
        running: callsAtOnce,
        onError: (message) => troubles.push(message),
      });
    },
    async rest() {
      await doorbell?.stop();
      doorbell = undefined;
    },
    sent: () => sent,
    troubles,
    async [Symbol.asyncDispose]() {
      await doorbell?.stop();
      await functions.stop();
    },
  };
}

function parse(line: string): { level?: string; completed?: number } | null {
  try {
    return JSON.parse(line) as { level?: string; completed?: number };
  } catch {
    return null;
  }
}

/** A tenant whose source is the third party. */
export async function configureFor(client: pg.Client, world: World, label: string): Promise<Tenant> {
  const tenant = await configure(client, label);
  await client.query(
    `update public.source
     set run_request_template = jsonb_set(run_request_template, '{url}', to_jsonb($2 || '/companies'))
     where org_id = $1`,
    [tenant.org, world.url],
  );
  return tenant;
}

/** Hands requests in, in statements of a thousand; each has a company of its own. Returns the last statement's ids. */
export async function insertFor(
  client: pg.Client,
  { org, activity }: Tenant,
  world: World,
  count: number,
  first = 0,
): Promise<string[]> {
  let ids: string[] = [];
  for (let done = first; done < first + count; done += insertSize) {
    const { rows } = await client.query<{ id: string }>({
      name: "hand in",
      text: `insert into public.workflow_request (org_id, data)
       select $1, jsonb_build_object(
         'input', jsonb_build_object('companies', jsonb_build_array(jsonb_build_object('domain', 'd' || n || '.test'))),
         'data', jsonb_build_object('enrich', jsonb_build_object('id', $2::uuid,
           'destination', jsonb_build_object('webhook', jsonb_build_object('url', $6::text)))))
       from generate_series($3::int + 1, least($3::int + $4::int, $5::int)) as n
       returning id`,
      values: [org, activity, done, insertSize, first + count, `${world.url}/hook`],
    });
    ids = rows.map(({ id }) => id);
  }
  return ids;
}

/** Seconds of CPU time a process has used. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  // User and system time, in hundredths.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Megabytes of memory a process holds. */
export function residentMegabytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
}
