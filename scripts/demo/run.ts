/** One run of the demo, from an empty database to the last message. */
import type { WriteStream } from "node:tty";
import pg from "pg";
import { createPgClient } from "../../supabase/functions/_shared/client-pg.ts";
import { manageSecrets, secretCommand } from "../../supabase/functions/_shared/manage.ts";
import { readKeys } from "../../supabase/functions/_shared/seal.ts";
import { bold, dim, duration, green, red } from "../lib/console.ts";
import { localSecretKey } from "../lib/secret-key.ts";
import { startServer } from "../lib/server.ts";
import { startStack, stopOnSignal, type Stack } from "../lib/stack.ts";
import { startClient, type Client } from "./client.ts";
import { readCompanies } from "./facts.ts";
import { follow } from "./follow.ts";
import { amount, companyTable, joinCompanies, messageTable, originTable, retryTable } from "./report.ts";
import { insertRequest, insertSetup, secretNames } from "./setup.ts";
import { table } from "./text.ts";
import { startThirdParty, type Api, type ThirdParty } from "./third-party.ts";
import { readOrigins, readProgress, readRetries, readSources, readTotals, readTrouble } from "./watch.ts";

/** How to run the demo. */
export interface DemoOptions {
  /** Where people read. */
  out: WriteStream;
  /** Identity of the tenant that is made. */
  orgId: string;
  /** Secret that signs the messages, `whsec_<base64>`. */
  signingSecret: string;
  /** Database on the server; made where it is missing. */
  databaseName: string;
}

/** What became of it, in figures; every one is read from the database or the client. */
export interface DemoSummary {
  /** State of the workflow. */
  state: string;
  activities: {
    key: string;
    type: string;
    phase: number;
    state: string;
    substate: string | null;
    objects: number;
  }[];
  /** Objects stored. */
  objects: number;
  /** Objects stored, by type. */
  objects_by_type: Record<string, number>;
  /** Values stored. */
  values: number;
  /** Messages that reached the client with a good signature and are delivered. */
  deliveries: number;
  messages: { id: string; type: string; attempts: number[]; verified: boolean; state: string }[];
  /** Attempts that failed and were made again, requests and messages. */
  retries: number;
  failures: { what: string; reason: string; state: string }[];
  /** HTTP requests that each API of the third party got. */
  requests: Record<string, number>;
  /** How often facts were handed out that had been handed out before. */
  asked_twice: number;
  /** What is wrong; empty when all is well. */
  trouble: string[];
  seconds: number;
}

/** How a run ended. */
export interface DemoOutcome {
  ok: boolean;
  summary: DemoSummary;
}

/** Companies of these countries are looked for: 62 of them. */
const countries = ["France", "Germany", "Japan", "United States"];

/** Runs the demo and stops everything it has started, also when it fails or is interrupted. */
export async function runDemo(options: DemoOptions): Promise<DemoOutcome> {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const part of started.splice(0).reverse()) await part.stop();
  };
  let interrupted = false;
  stopOnSignal(() => {
    interrupted = true;
    return stop();
  });
  try {
    return await play(options, (part) => {
      started.push(part);
      return part;
    });
  } catch (error) {
    // What was stopped under its feet complains; the signal ends this process, and says why by its exit code.
    if (interrupted) await new Promise(() => {});
    throw error;
  } finally {
    await stop();
  }
}

type Keep = <T extends { stop(): Promise<void> }>(part: T) => T;

async function play(options: DemoOptions, keep: Keep): Promise<DemoOutcome> {
  const { out, orgId } = options;
  const begun = Date.now();
  const say = (text = "") => out.write(`${text}\n`);

  say(bold("Millrace") + " — one row goes in, signed messages come out.\n");
  await lockDatabase(options.databaseName, keep);
  const thirdParty = keep(await startThirdParty({ companies: readCompanies() }));
  const receiver = keep(await startClient({ secret: options.signingSecret }));
  const log: string[] = [];
  const stack = keep(
    await startStack({
      databaseName: options.databaseName,
      // Kept for the case that something goes wrong that the database does not know of.
      onLog: (from, line) => {
        if (!line.includes('"level":"info"')) log.push(`${from}: ${line}`);
        if (log.length > 10) log.shift();
      },
    }),
  );
  const database = await connect(stack.databaseUrl, keep);
  await endEarlierRuns(database);
  introduce(stack, thirdParty, receiver, begun, say);

  const setup = await insertSetup(database, {
    orgId,
    thirdPartyUrl: thirdParty.url,
    clientUrl: receiver.url,
    countries,
  });
  await putSecrets(stack.databaseUrl, options, thirdParty);
  const inserted = Date.now();
  const workflowId = await insertRequest(database, setup);
  say(`${bold("insert into workflow_request")} (org_id, data) values (…) → ${workflowId}`);
  say(dim(`three activities in two phases; companies of ${countries.join(", ")}\n`));

  await follow(database, workflowId, inserted, out);
  const outcome = await judge(database, options, workflowId, thirdParty, receiver, begun);
  if (!outcome.ok) outcome.summary.trouble.push(...log);
  await report(database, options, receiver, inserted, outcome, say);
  return outcome;
}

/** Gives the functions the keys of the third party and what signs the messages: sealed, by way of the database. */
async function putSecrets(databaseUrl: string, options: DemoOptions, thirdParty: ThirdParty): Promise<void> {
  const secrets: Record<string, string> = { webhook: options.signingSecret };
  for (const [api, key] of Object.entries(thirdParty.keys)) secrets[secretNames[api as Api]] = key;
  const client = createPgClient(databaseUrl);
  try {
    for (const [name, value] of Object.entries(secrets)) {
      const order = secretCommand.parse({ action: "set", scope: options.orgId, name, value, by: "demo" });
      await manageSecrets(client, readKeys(localSecretKey()), order);
    }
  } finally {
    await client.close();
  }
}

async function connect(url: string, keep: Keep): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: "millrace demo" });
  client.on("error", () => {});
  await client.connect();
  keep({ stop: () => client.end().catch(() => {}) });
  return client;
}

/**
 * Refuses a second demo in the same database of a server that is not ours: the functions of one would take up the
 * work of the other without having its secrets. An embedded server has but one stack anyway.
 */
async function lockDatabase(databaseName: string, keep: Keep): Promise<void> {
  if (!process.env.DATABASE_URL) return;
  const client = await connect((await startServer()).url, keep);
  const { rows } = await client.query<{ free: boolean }>(
    "select pg_try_advisory_lock(hashtext('millrace demo'), hashtext($1)) as free",
    [databaseName],
  );
  if (rows[0]!.free) return;
  throw new Error(
    `Another demo is running in database ${databaseName} of this server. ` +
      "Wait until it has ended, or give this one another with --database.",
  );
}

/** An interrupted demo leaves work for a third party and messages for a client that are gone. */
async function endEarlierRuns(database: pg.Client): Promise<void> {
  // The messages last: a cancelled workflow sends some too.
  for (const table of ["workflow_request", "delivery"]) {
    await database.query(
      `select etl_api.cancel(w.id)
       from public.${table} as w
       join public.org as o on o.id = w.org_id
       where o.slug like 'demo-%'
         and w.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')`,
    );
  }
}

function introduce(
  stack: Stack,
  thirdParty: ThirdParty,
  receiver: Client,
  begun: number,
  say: (text?: string) => void,
): void {
  const server = stack.server.embedded ? "embedded" : "of DATABASE_URL";
  for (const line of table(
    [{ title: "" }, { title: "" }, { title: "" }],
    [
      [
        "PostgreSQL",
        `port ${stack.server.port}`,
        dim(`${server}, database ${new URL(stack.databaseUrl).pathname.slice(1)}`),
      ],
      ["edge functions", stack.functionsUrl ?? "", dim(stack.functions?.names.join(", ") ?? "")],
      ["third party", thirdParty.url, dim("directory: a search in cursor pages")],
      ["", "", dim("firmographics: asked first; sometimes 429, 500 or broken JSON; has gaps")],
      ["", "", dim("registry: asked for what is still missing; asynchronous")],
      ["", "", dim("people: one company at a time; slow")],
      ["client", receiver.url, dim("verifies every signature; says 500 to the first message")],
    ],
  ).slice(1)) {
    say(line);
  }
  say(dim(`ready after ${duration(Date.now() - begun)}\n`));
}

/** Reads the figures and says whether all went as it should. */
async function judge(
  database: pg.Client,
  { orgId }: DemoOptions,
  workflowId: string,
  thirdParty: ThirdParty,
  receiver: Client,
  begun: number,
): Promise<DemoOutcome> {
  const progress = await readProgress(database, workflowId);
  const apis = Object.keys(thirdParty.keys) as Api[];
  const totals = await readTotals(database, orgId);
  const retries = await readRetries(database, orgId);
  const trouble = [
    ...(await readTrouble(database, orgId)),
    ...receiver.rejected.map((reason) => `the client refused a message: ${reason}`),
    ...totals.deliveries
      .filter(({ webhook_id }) => !receiver.messages.has(webhook_id))
      .map(({ webhook_id, event_type }) => `message ${webhook_id} (${event_type}) never reached the client`),
    ...[...receiver.messages.values()]
      .filter(({ unchanged }) => !unchanged)
      .map(({ id }) => `message ${id} did not say the same on every attempt`),
  ];
  const messages = totals.deliveries.map(({ webhook_id, event_type, state }) => ({
    id: webhook_id,
    type: event_type,
    attempts: receiver.messages.get(webhook_id)?.attempts.map(({ status }) => status) ?? [],
    verified: receiver.messages.has(webhook_id),
    state,
  }));
  const ok =
    progress.state === "delivered" &&
    progress.activities.length > 0 &&
    progress.activities.every(({ state }) => state === "delivered") &&
    messages.length > 0 &&
    messages.every(({ verified, state }) => verified && state === "delivered") &&
    receiver.rejected.length === 0;
  return {
    ok,
    summary: {
      state: progress.state,
      activities: progress.activities.map(({ key, type, phase, state, substate, objects }) => ({
        key,
        type,
        phase,
        state,
        substate,
        objects,
      })),
      objects: Object.values(totals.objects).reduce((sum, number) => sum + number, 0),
      objects_by_type: totals.objects,
      values: totals.values,
      deliveries: messages.filter(({ verified, state }) => verified && state === "delivered").length,
      messages,
      retries: retries.length,
      failures: retries.map(({ what, reason, state }) => ({ what, reason, state })),
      requests: Object.fromEntries(
        apis.map((api) => [api, thirdParty.calls.filter((call) => call.api === api).length]),
      ),
      asked_twice: apis
        .flatMap((api) => [...thirdParty.answered(api).values()])
        .reduce((sum, number) => sum + number - 1, 0),
      trouble,
      seconds: Math.round((Date.now() - begun) / 100) / 10,
    },
  };
}

async function report(
  database: pg.Client,
  { orgId, out }: DemoOptions,
  receiver: Client,
  inserted: number,
  { ok, summary }: DemoOutcome,
  say: (text?: string) => void,
): Promise<void> {
  const sources = await readSources(database, orgId);
  const room = out.isTTY ? out.columns : Infinity;
  const section = (title: string, lines: string[]) => {
    say(`\n${bold(title)}`);
    for (const line of lines) say(line);
  };
  section("What the client was told", companyTable(joinCompanies(receiver), sources, room));
  section(
    "Where the values came from (confidence)",
    originTable(await readOrigins(database, orgId), sources),
  );
  section(
    "Who was asked",
    sources.map(
      ({ name, runs, requests }) => `${name}: ${amount(runs, "run")} in ${amount(requests, "request")}`,
    ),
  );
  const retries = await readRetries(database, orgId);
  if (retries.length > 0) section("What failed and was tried again", retryTable(retries, inserted));
  section("Messages", messageTable(await readTotals(database, orgId), receiver));
  if (!ok) section("What is wrong", summary.trouble.map(red));
  const objects = Object.entries(summary.objects_by_type).map(([type, number]) => amount(number, type));
  say(
    `\n${ok ? green("delivered") : red(`not delivered: ${summary.state}`)} · ${objects.join(" and ")} · ` +
      `${summary.values} values · ${summary.deliveries} messages verified · ${summary.retries} retries · ` +
      `${summary.seconds} s`,
  );
}
