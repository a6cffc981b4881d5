/**
 * The engine under load, with an outside world that can hold its answers: so that a fault meets a known number of
 * requests in flight, and so that afterwards every one of them can be accounted for.
 */
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { configure, type Tenant } from "../../bench/engine.ts";
import { startDoorbell, type Doorbell } from "../../lib/doorbell.ts";
import { startFunctions, type Functions } from "../../lib/functions.ts";
import { startPart, type Part } from "../../lib/part.ts";
import type { Server } from "../../lib/server.ts";
import { NotProven, type Figures, type ProofContext } from "../proof.ts";
import { startProxy, type Proxy } from "./proxy.ts";
import { random } from "./random.ts";
import type { Manners, Now, Seen } from "./world.ts";

/** The key clients check messages with. */
export const secret = `whsec_${Buffer.from("a key for the proofs only").toString("base64")}`;

/** How many HTTP requests are in flight when a fault comes, at least. */
export const inFlight = ({ short }: ProofContext): number => (short ? 300 : 2_000);

/** How to set the load up. */
export interface LoadOptions {
  /** A server that is there already; one of the proof's own otherwise. */
  server?: Server;
  /** Settings of the proof's own server. */
  settings?: Record<string, string>;
  /** Puts a proxy between functions and database. */
  cutDatabase?: boolean;
  /** Puts a proxy between functions and the outside world. */
  cutWorld?: boolean;
  /** Seconds the third party may take. */
  timeoutSeconds?: number;
}

/** The engine, its tenant and its world. */
export interface Load {
  context: ProofContext;
  server: Server;
  functions: Functions;
  tenant: Tenant;
  /** The database, past every proxy. */
  databaseUrl: string;
  /** Between functions and database, and between functions and world, where asked for. */
  proxies: { database: Proxy | null; world: Proxy | null };
  /** Random numbers of this proof. */
  next: () => number;
  /** Runs a query on the database, again and again while the server is away. */
  query<T extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<T[]>;
  /** Changes how the world behaves. */
  manner(change: Partial<Manners>): Promise<Now>;
  now(): Promise<Now>;
  /** Hands in so many requests. */
  handIn(count: number): Promise<void>;
  /**
   * Hands requests in and holds the third party's answers until so many HTTP requests are in flight; returns how many
   * are. They stay there until `manner({ holdAsks: false })`, or until their time is over.
   */
  fill(target?: number): Promise<number>;
  /** Hands one request in, once; whether it was accepted. */
  tryToHandIn(): Promise<boolean>;
  /** Requests and messages that have not come to their end. */
  countOpen(): Promise<number>;
  /** Waits until nothing is open any more; returns how many requests and messages stayed open. */
  settle(seconds?: number): Promise<number>;
  /** Accounts for everything that was handed in. */
  account(figures: Pick<Figures, "load" | "faults">): Promise<Figures>;
}

/** Starts everything. */
export async function openLoad(context: ProofContext, options: LoadOptions = {}): Promise<Load> {
  const server = options.server ?? (await context.server({ settings: options.settings }));
  const { url: databaseUrl } = await context.database(server);
  const world = context.own(
    await startPart([
      process.execPath,
      "--import",
      "tsx",
      fileURLToPath(new URL("./world.ts", import.meta.url)),
      secret,
    ]),
    (part) => part[Symbol.asyncDispose](),
  );
  const proxyTo = async (
    wanted: boolean | undefined,
    url: string,
  ): Promise<{ proxy: Proxy | null; url: string }> => {
    if (!wanted) return { proxy: null, url };
    const there = new URL(url);
    const proxy = context.own(await startProxy(Number(there.port)), (one) => one.stop());
    there.port = String(proxy.port);
    return { proxy, url: there.href.replace(/\/$/, "") };
  };
  const database = await proxyTo(options.cutDatabase, databaseUrl);
  const outside = await proxyTo(options.cutWorld, world.url);

  const pool = context.own(
    new pg.Pool({ connectionString: databaseUrl, max: 4, connectionTimeoutMillis: 5_000 }),
    (one) => one.end(),
  );
  pool.on("error", () => {});
  const tenant = await setUp(databaseUrl, outside.url, options.timeoutSeconds ?? (context.short ? 3 : 15));

  const functions = context.own(
    await startFunctions({
      databaseUrl: database.url,
      env: {
        ETL_SECRETS: JSON.stringify({ [tenant.org]: { webhook: secret } }),
        // So many places that a call or two fills the load.
        ETL_CONCURRENCY: "200",
        // And few that are claimed ahead: they would wait behind answers that are held.
        ETL_BATCH: "50",
        ETL_LOG_LEVEL: "error",
      },
      // What a broken line makes them say is what is tried here.
      onLog: () => {},
    }),
    (one) => one.stop(),
  );
  context.own(await bell(database.url, functions), (one) => one.stop());
  return makeLoad({
    context,
    server,
    functions,
    tenant,
    databaseUrl,
    pool,
    world,
    outsideUrl: outside.url,
    proxies: { database: database.proxy, world: outside.proxy },
  });
}

function bell(databaseUrl: string, functions: Functions): Promise<Doorbell> {
  return startDoorbell({
    databaseUrl,
    functionsUrl: functions.url,
    key: functions.key,
    running: 16,
    clockInterval: 250,
    onError: () => {},
  });
}

/** The tenant; retries come soon and do not run out, so that a fault costs time and nothing else. */
async function setUp(databaseUrl: string, worldUrl: string, timeoutSeconds: number): Promise<Tenant> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const tenant = await configure(client, "prove");
    await client.query(
      `update public.source
       set run_request_template = run_request_template
           -- No question that may be asked twice for once.
           || jsonb_build_object('url', $2 || '/companies', 'method', 'POST'),
         timeout_seconds = $3,
         retry_policy = '{"max_attempts": 100, "base_seconds": 0.2, "factor": 1.5, "max_seconds": 1}'
       where org_id = $1`,
      [tenant.org, worldUrl, timeoutSeconds],
    );
    await client.query(
      `update etl_api.setting as s
       set value = n.value
       from (values ('lease_seconds', '1'::jsonb), ('delivery_timeout_seconds', '5'), ('delivery_schedule_seconds', $1::jsonb))
         as n (name, value)
       where s.name = n.name`,
      [JSON.stringify(Array.from({ length: 60 }, () => 1))],
    );
    return tenant;
  } finally {
    await client.end();
  }
}

/** Whether a query failed for the server was away or had no room, not for what it asked. */
function isAway(error: unknown): boolean {
  const code = String((error as { code?: unknown }).code ?? "");
  return code.length !== 5 || /^(08|53|55|57|58)/.test(code);
}

function makeLoad(
  parts: Omit<
    Load,
    | "next"
    | "query"
    | "manner"
    | "now"
    | "handIn"
    | "tryToHandIn"
    | "countOpen"
    | "fill"
    | "settle"
    | "account"
  > & {
    pool: pg.Pool;
    world: Part;
    outsideUrl: string;
  },
): Load {
  const { context, pool, world, tenant, functions, outsideUrl } = parts;
  let handedIn = 0;

  async function query<T extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<T[]> {
    const end = Date.now() + 60_000;
    for (;;) {
      try {
        return (await pool.query<T>(sql, values)).rows;
      } catch (error) {
        if (!isAway(error) || Date.now() > end || context.signal.aborted) throw error;
        await delay(100);
      }
    }
  }

  async function manner(change: Partial<Manners>): Promise<Now> {
    const response = await fetch(`${world.url}/control`, { method: "POST", body: JSON.stringify(change) });
    return (await response.json()) as Now;
  }

  const now = async () => (await (await fetch(`${world.url}/now`)).json()) as Now;

  const insert = `insert into public.workflow_request (org_id, idempotency_key, data)
    select $1, 'n ' || n, jsonb_build_object(
      'input', jsonb_build_object('companies', jsonb_build_array(jsonb_build_object('domain', 'd' || n || '.test'))),
      'data', jsonb_build_object('enrich', jsonb_build_object('id', $2::uuid,
        'destination', jsonb_build_object('webhook', jsonb_build_object('url', $5::text)))))
    from generate_series($3::int, $4::int) as n`;
  const values = (first: number, last: number) => [
    tenant.org,
    tenant.activity,
    first,
    last,
    `${outsideUrl}/hook`,
  ];

  async function handIn(count: number): Promise<void> {
    const last = handedIn + count;
    while (handedIn < last) {
      const upTo = Math.min(handedIn + 500, last);
      // What is sent again because its answer got lost was under its key: it starts nothing twice.
      await query(insert, values(handedIn + 1, upTo));
      handedIn = upTo;
    }
  }

  async function tryToHandIn(): Promise<boolean> {
    try {
      await pool.query(insert, values(handedIn + 1, handedIn + 1));
    } catch (error) {
      if (!isAway(error)) throw error;
      return false;
    }
    handedIn++;
    return true;
  }

  /** Wakes further calls, as more doorbells would: one call has but 200 places. */
  function wake(name: string): void {
    fetch(`${functions.url}/${name}`, {
      method: "POST",
      headers: { authorization: `Bearer ${functions.key}` },
    })
      .then((response) => response.arrayBuffer())
      .catch(() => {});
  }

  async function fill(target = inFlight(context)): Promise<number> {
    await manner({ holdAsks: true });
    await handIn(Math.ceil(target * 1.4));
    const end = Date.now() + 60_000;
    let most = 0;
    for (;;) {
      const { asksOpen } = await now();
      most = Math.max(most, asksOpen);
      if (asksOpen >= target) return asksOpen;
      if (Date.now() > end || context.signal.aborted)
        throw new NotProven(`this machine brought only ${most} of ${target} requests in flight at once`);
      wake("execute-runs");
      await delay(100);
    }
  }

  async function countOpen(): Promise<number> {
    const [row] = await query<{ open: number }>(
      `select (select count(*) from public.workflow_request where org_id = $1 and is_open)::int
         + (select count(*) from public.delivery where org_id = $1
            and state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))::int as open`,
      [tenant.org],
    );
    return row!.open;
  }

  async function settle(seconds = context.short ? 60 : 240): Promise<number> {
    const end = Date.now() + seconds * 1_000;
    for (let looks = 1; ; looks++) {
      const open = await countOpen();
      if (open === 0) return 0;
      if (Date.now() > end || context.signal.aborted) {
        await explain();
        return open;
      }
      if (looks % 40 === 0) context.progress(`${open} still open`);
      await delay(250);
    }
  }

  async function explain(): Promise<void> {
    const rows = await query<{
      what: string;
      state: string;
      state_substate: string | null;
      count: number;
      one: string;
    }>(
      `select 'workflow_request' as what, state::text, state_substate, count(*)::int, min(id::text) as one
       from public.workflow_request where org_id = $1 group by 2, 3
       union all
       select 'run_request', state::text, state_substate, count(*)::int, min(id::text)
       from public.run_request where org_id = $1 group by 2, 3
       union all
       select 'delivery', state::text, state_substate, count(*)::int, min(id::text)
       from public.delivery where org_id = $1 group by 2, 3`,
      [tenant.org],
    );
    for (const { what, state, state_substate, count, one } of rows)
      context.progress(`${what}: ${count} ${state} (${state_substate ?? "no substate"}), such as ${one}`);
  }

  async function account({ load, faults }: Pick<Figures, "load" | "faults">): Promise<Figures> {
    const { accountFor } = await import("./account.ts");
    const response = await fetch(`${world.url}/seen`);
    const seen = (await response.json()) as Seen;
    const found = await accountFor({ context, query, org: tenant.org, handedIn, seen });
    return { load, faults, ...found };
  }

  return {
    ...parts,
    next: random(context.seed),
    query,
    manner,
    now,
    handIn,
    tryToHandIn,
    countOpen,
    fill,
    settle,
    account,
  };
}
