import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import pg from "pg";
import { bootstrapDatabase } from "./bootstrap.ts";
import { DeployError, type Target } from "./deploy.ts";
import { withClient } from "./migrate.ts";
import { inTransaction, loadInPasses, LoadError, readSqlFolder } from "./sources.ts";

/** The views that are gathered from all partitions: those a person reads. */
export const gatheredViews = [
  "state_overview",
  "workflow_progress",
  "stuck",
  "source_health",
  "delivery_health",
  "state_durations",
  "org_usage_monthly",
  "queue_depth",
];

/** A database to spread tenants over. */
export interface Partition {
  name: string;
  target: Target;
}

/** What a partition is asked by: a login of its own that may do nothing but knock. */
const login = "millrace_coordinator";
/** Who the coordinator's functions run as. */
const router = "millrace_router";
/** What PL/Proxy calls the partitions together. */
const cluster = "millrace";

const literal = pg.escapeLiteral;
const name = pg.escapeIdentifier;

/** Connects; what is wrong with the way there is told with the database's name. */
export async function onDatabase<T>(
  target: Target,
  what: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  let connected = false;
  try {
    return await withClient(
      target.url,
      (client) => {
        connected = true;
        return work(client);
      },
      { connectionTimeoutMillis: 15_000, application_name: "millrace partitions" },
    );
  } catch (error) {
    if (connected) throw error;
    const { code, message } = error as { code?: string; message: string };
    throw new DeployError(
      `No connection to ${what}, ${target.name}: ${target.redact(message || code || "no answer")}.`,
      "Check host, port, user, password and database of its URL, and whether the server lets this address in.",
    );
  }
}

async function loadFolder(client: pg.Client, folder: string): Promise<void> {
  const { problems } = await loadInPasses(client, readSqlFolder(folder));
  if (problems.length > 0) throw new LoadError(problems);
}

/* ------------------------------------------------------------------ partitions */

/**
 * What a server keeps of a password (RFC 5803): it can check the password by this, nobody can log in with it. Sent in
 * place of the password, so that no log of the server holds that.
 */
export function scramVerifier(password: string, salt = randomBytes(16), rounds = 4096): string {
  const salted = pbkdf2Sync(password, salt, rounds, 32, "sha256");
  const key = (word: string): Buffer => createHmac("sha256", salted).update(word).digest();
  const stored = createHash("sha256").update(key("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${rounds}:${salt.toString("base64")}$${stored}:${key("Server Key").toString("base64")}`;
}

async function preparePartition(
  client: pg.Client,
  partition: Partition,
  number: number,
  password: string,
): Promise<void> {
  const known = await client.query<{ name: string }>("select name from etl_partition.this").catch(() => null);
  if (known?.rows[0] && known.rows[0].name !== partition.name) {
    throw new DeployError(
      `${partition.target.name} is partition ${known.rows[0].name}, not ${partition.name}.`,
      "Give each partition the name it was set up with.",
    );
  }
  await inTransaction(client, async () => {
    await client.query(`
      do $$ begin
        if pg_catalog.to_regrole('${login}') is null then create role ${login} login noinherit; end if;
      exception when duplicate_object or unique_violation then null;
      end $$;
      alter role ${login} login noinherit nocreatedb nocreaterole password ${literal(scramVerifier(password))};
      comment on role ${login} is 'The login of the coordinator: may call the functions of etl_partition.';
      grant authenticated, service_role to ${login}`);
    await loadFolder(client, "scripts/partitions/partition");
    await client.query(
      `insert into etl_partition.this (partition_no, name) values ($1, $2)
       on conflict (only_one) do update set partition_no = excluded.partition_no, name = excluded.name`,
      [number, partition.name],
    );
  });
}

/** A column of a view. */
interface Column {
  name: string;
  type: string;
  comment: string | null;
}

/** A view as a partition has it, with the types of its own it uses. */
interface View {
  name: string;
  comment: string | null;
  columns: Column[];
}

/** The views and enums of a partition. */
export interface Shapes {
  views: View[];
  enums: { name: string; labels: string[] }[];
}

async function readShapes(client: pg.Client): Promise<Shapes> {
  await client.query("set search_path = ''");
  const views = await client.query<View>(
    `select c.relname as name, pg_catalog.obj_description(c.oid, 'pg_class') as comment,
       pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', a.attname,
         'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
         'comment', pg_catalog.col_description(c.oid, a.attnum)) order by a.attnum) as columns
     from pg_catalog.pg_class as c
     join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'etl_api'::regnamespace and c.relname = any ($1)
     group by c.oid, c.relname
     order by pg_catalog.array_position($1, c.relname::text)`,
    [gatheredViews],
  );
  const enums = await client.query<Shapes["enums"][number]>(
    `select pg_catalog.format_type(t.oid, null) as name,
       pg_catalog.array_agg(e.enumlabel::text order by e.enumsortorder) as labels
     from pg_catalog.pg_type as t
     join pg_catalog.pg_enum as e on e.enumtypid = t.oid
     where t.oid in (
       select a.atttypid from pg_catalog.pg_attribute as a
       join pg_catalog.pg_class as c on c.oid = a.attrelid
       where c.relnamespace = 'etl_api'::regnamespace and c.relname = any ($1))
     group by t.oid
     order by 1`,
    [gatheredViews],
  );
  await client.query("reset search_path");
  return { views: views.rows, enums: enums.rows };
}

/* ------------------------------------------------------------------ the coordinator's views */

// Rows of a view that several partitions may have of the same thing, by what makes it the same. All other views have
// rows of one tenant each, which are on one partition.
const sameRow: Record<string, string[]> = {
  state_overview: ["entity", "state", "state_substate"],
  source_health: ["source_id", "source", "org_id"],
  state_durations: ["entity", "state"],
  queue_depth: ["queue", "source_id", "source"],
};

// How the rest becomes one: what is counted adds up. Percentiles do not; told is the slowest partition's.
function merged({ name: column, type }: Column): string {
  const it = name(column);
  if (column === "failure_rate") return "pg_catalog.round(sum(failures) / nullif(sum(answers), 0), 4)";
  if (column === "last_error")
    return `(pg_catalog.array_agg(${it} order by last_failure_at desc nulls last))[1]`;
  if (column === "rate_limit") return "etl_route.add_limits(rate_limit)";
  if (/^p\d+/.test(column)) return `pg_catalog.max(${it})`;
  if (/^oldest_.*at$/.test(column)) return `pg_catalog.min(${it})`;
  if (["bigint", "integer", "numeric"].includes(type)) return `pg_catalog.sum(${it})::${type}`;
  if (type === "boolean") return `pg_catalog.bool_or(${it})`;
  if (type === "interval" || type.startsWith("timestamp")) return `pg_catalog.max(${it})`;
  return `(pg_catalog.array_agg(${it}))[1]`;
}

const isEnum = (enums: Shapes["enums"], type: string): boolean => enums.some((one) => one.name === type);

// Enums travel as text: to name their types the coordinator's login would need rights in their schemas.
const sentAs = (columns: Column[], enums: Shapes["enums"]): string =>
  columns
    .map(({ name: column, type }) => `${name(column)} ${isEnum(enums, type) ? "text" : type}`)
    .join(", ");

// Only of this view a part may be asked for: it has a row for every request there ever was.
const inParts = (view: string): boolean => view === "workflow_progress";

/** The SQL that makes the door of a partition by which one of its views is read. */
export function readSql({ name: view, columns }: View, enums: Shapes["enums"]): string {
  const list = columns
    .map(({ name: column, type }) => `v.${name(column)}${isEnum(enums, type) ? "::text" : ""}`)
    .join(", ");
  const select = (rest = ""): string => `return query\n  select ${list}\n  from etl_api.${view} as v${rest};`;
  const body = inParts(view)
    ? `if one is not null then
  ${select("\n  where v.workflow_request_id = one")}
  elsif newest is not null then
  ${select("\n  order by v.created_at desc\n  limit newest")}
  else
  ${select()}
  end if;`
    : select();
  const signature = `etl_partition.read_${view}(jsonb${inParts(view) ? ", uuid, int" : ""})`;
  return `
drop function if exists ${signature};
create function etl_partition.read_${view}(caller jsonb${inParts(view) ? ", one uuid, newest int" : ""})
returns table (${sentAs(columns, enums)})
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  perform etl_partition.become(caller);
  ${body}
end
$$;
comment on function ${signature} is 'What etl_api.${view} shows the caller.';
revoke execute on function ${signature} from public, anon, authenticated, service_role;
grant execute on function ${signature} to ${login};
`;
}

/** The SQL that makes one gathered view: the way to the partitions, what it says when one is missing, the view. */
export function gatherSql({ name: view, comment, columns }: View): string {
  const definitions = columns.map((column) => `${name(column.name)} ${column.type}`).join(", ");
  const list = columns.map((column) => name(column.name)).join(", ");
  const keys = sameRow[view];
  const shown = columns.map((column) =>
    keys && !keys.includes(column.name) ? `${merged(column)} as ${name(column.name)}` : name(column.name),
  );
  const said = `${comment ?? view} Gathered from all partitions${keys ? "; what is counted adds up, percentiles are those of the slowest" : ""}.`;
  const [remote, local] = inParts(view)
    ? [`remote_${view}(int[], jsonb, uuid, int)`, `${view}(uuid, int)`]
    : [`remote_${view}(int[], jsonb)`, `${view}()`];
  const [more, passed] = inParts(view) ? [", one uuid, newest int", ", one, newest"] : ["", ""];
  return `
drop view if exists etl_api.${view};
drop function if exists etl_route.${local};
drop function if exists etl_route.${remote};

create function etl_route.remote_${view}(partitions int[], caller jsonb${more})
returns table (${definitions})
language plproxy
set search_path = ''
as $$
  cluster '${cluster}';
  run on pg_catalog.unnest(partitions);
  select ${list} from etl_partition.read_${view}(caller${passed}) as v;
$$;
comment on function etl_route.${remote} is 'etl_api.${view} of some partitions.';
revoke execute on function etl_route.${remote} from public;
grant execute on function etl_route.${remote} to ${router};

create function etl_route.${view}(${inParts(view) ? "one uuid default null, newest int default null" : ""})
returns table (${definitions})
language plpgsql security definer
set search_path = ''
as $$
declare
  who constant jsonb := etl_route.caller();
  said text;
  why text;
begin
  return query select r.* from etl_route.remote_${view}(etl_route.all_partitions(), who${passed}) as r;
exception when others then
  get stacked diagnostics said = pg_exception_detail, why = pg_exception_hint;
  if not etl_route.is_out_of_reach(sqlstate, sqlerrm) then
    perform etl_route.fail('', sqlstate, sqlerrm, said, why);
  end if;
  -- One that answered when it was looked for may be gone when it is read.
  begin
    return query
    select r.*
    from etl_route.remote_${view}(etl_route.present('etl_api.${view}'), who${passed}) as r;
  exception when others then
    get stacked diagnostics said = pg_exception_detail, why = pg_exception_hint;
    perform etl_route.fail('of etl_api.${view}', sqlstate, sqlerrm, said, why);
  end;
end
$$;
alter function etl_route.${local} owner to ${router};
comment on function etl_route.${local} is
  'The rows of etl_api.${view} of all partitions, as the caller may see them${inParts(view) ? "; of one request, or the newest of each partition" : ""}.';
revoke execute on function etl_route.${local} from public;
grant execute on function etl_route.${local} to authenticated, service_role;

create view etl_api.${view} as
  select ${shown.join(", ")}
  from etl_route.${view}()${keys ? `\n  group by ${keys.map(name).join(", ")}` : ""};
comment on view etl_api.${view} is ${literal(said)};
${columns
  .filter((column) => column.comment)
  .map((column) => `comment on column etl_api.${view}.${name(column.name)} is ${literal(column.comment!)};`)
  .join("\n")}
revoke all on etl_api.${view} from public;
grant select on etl_api.${view} to authenticated, service_role;
`;
}

/* ------------------------------------------------------------------ the coordinator */

/** What PL/Proxy connects to; user and password come from the user mapping. */
export function connectionString({ url }: Target): string {
  const { hostname, port, pathname, searchParams } = new URL(url);
  const words: Record<string, string> = {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port || "5432",
    dbname: decodeURIComponent(pathname.slice(1)) || "postgres",
    application_name: "millrace coordinator",
    // A server that falls silent is noticed in ten seconds, an idle connection to it in a minute, not in hours.
    tcp_user_timeout: "10000",
    keepalives_idle: "30",
    keepalives_interval: "10",
    keepalives_count: "3",
  };
  for (const word of ["sslmode", "sslrootcert"]) {
    const value = searchParams.get(word);
    if (value) words[word] = value;
  }
  return Object.entries(words)
    .map(([word, value]) => `${word}='${value.replace(/['\\]/g, "\\$&")}'`)
    .join(" ");
}

/** `host:port/database`, without the user. */
const addressOf = ({ name: shown }: Target): string => shown.replace(/ as .*$/, "");

/** What the coordinator knows of a partition. */
export interface Known {
  partition_no: number;
  name: string;
  address: string;
}

/** The partitions a coordinator knows; none when it has not been set up. */
export async function knownPartitions(client: pg.Client): Promise<Known[]> {
  const { rows } = await client.query(
    "select pg_catalog.to_regclass('etl_route.partition') is not null as yes",
  );
  if (!rows[0].yes) return [];
  return (
    await client.query<Known>(
      "select partition_no, name, address from etl_route.partition order by partition_no",
    )
  ).rows;
}

/** The password the coordinator logs in with; null when it has none yet. */
async function knownPassword(client: pg.Client): Promise<string | null> {
  const { rows } = await client.query<{ password: string | null }>(
    `select (select o.option_value from pg_catalog.pg_options_to_table(m.umoptions) as o where o.option_name = 'password') as password
     from pg_catalog.pg_user_mappings as m
     where m.srvname = $1 and m.usename = $2`,
    [cluster, router],
  );
  return rows[0]?.password ?? null;
}

async function checkCoordinator(client: pg.Client, target: Target): Promise<void> {
  const { rows } = await client.query<{ superuser: boolean; plproxy: boolean; engine: boolean }>(
    `select current_setting('is_superuser')::boolean as superuser,
       exists (select from pg_catalog.pg_available_extensions where name = 'plproxy') as plproxy,
       pg_catalog.to_regclass('public.workflow_request') is not null as engine`,
  );
  const { superuser, plproxy, engine } = rows[0]!;
  if (engine) {
    throw new DeployError(
      `The coordinator's database, ${target.name}, has the engine in it.`,
      "Give the coordinator a database of its own; that one can be a partition.",
    );
  }
  if (!plproxy) {
    throw new DeployError(
      `The coordinator's server, ${target.name}, does not have PL/Proxy.`,
      "On Debian with PostgreSQL 15: apt-get install postgresql-15-plproxy",
    );
  }
  if (!superuser) {
    throw new DeployError(
      `To set up the coordinator takes a superuser; ${target.name} is none.`,
      "Use the superuser of that server: PL/Proxy is a language that only superusers write functions in.",
    );
  }
}

/** Runs statements that hold a password, and keeps the server from writing them down. */
async function unlogged(client: pg.Client, statements: string): Promise<void> {
  const { rows } = await client.query<{ name: string; value: string }>(
    `select s.name, v.value
     from (values ('log_statement', 'none'), ('log_min_duration_statement', '-1'), ('log_min_duration_sample', '-1'),
       ('log_transaction_sample_rate', '0'), ('log_min_error_statement', 'panic'), ('log_duration', 'off'),
       ('pg_stat_statements.track', 'none'), ('pg_stat_statements.track_utility', 'off'),
       ('pgaudit.log', 'none')) as v (name, value)
     join pg_catalog.pg_settings as s on s.name = v.name`,
  );
  for (const { name: setting, value } of rows) await client.query(`set local ${setting} = ${literal(value)}`);
  await client.query(statements);
}

async function prepareCoordinator(
  client: pg.Client,
  partitions: (Partition & { number: number })[],
  password: string,
  { views, enums }: Shapes,
): Promise<void> {
  await inTransaction(client, async () => {
    // Two that set up the same coordinator take turns.
    await client.query("select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('millrace partitions'))");
    await client.query(`
      do $$ begin
        if pg_catalog.to_regrole('${router}') is null then create role ${router} nologin; end if;
      end $$;
      comment on role ${router} is 'Owns the functions of the coordinator; nobody logs in as it.';
      create extension if not exists plproxy;
      grant usage on schema auth to ${router}`);
    await loadFolder(client, "scripts/partitions/coordinator");
    for (const { number, name: partition, target } of partitions) {
      await client.query(
        `insert into etl_route.partition (partition_no, name, address) values ($1, $2, $3)
         on conflict (partition_no) do update set name = excluded.name, address = excluded.address`,
        [number, partition, addressOf(target)],
      );
    }

    const { rows } = await client.query<{ options: string[] | null }>(
      "select srvoptions as options from pg_catalog.pg_foreign_server where srvname = $1",
      [cluster],
    );
    const wanted: Record<string, string> = { modular_mapping: "1", connection_lifetime: "1800" };
    for (const { number, target } of partitions) wanted[`p${number}`] = connectionString(target);
    if (!rows[0])
      await client.query(`create server ${cluster} foreign data wrapper plproxy options (p0 'host=none')`);
    const there = rows[0] ? (rows[0].options ?? []).map((option) => option.split("=")[0]!) : ["p0"];
    const changes = Object.entries(wanted).map(
      ([option, value]) => `${there.includes(option) ? "set" : "add"} ${option} ${literal(value)}`,
    );
    await client.query(`alter server ${cluster} options (${changes.join(", ")})`);
    await client.query(
      `revoke all on foreign server ${cluster} from public; grant usage on foreign server ${cluster} to ${router}`,
    );
    const mapping = `user ${literal(login)}, password ${literal(password)}`;
    await unlogged(
      client,
      `drop user mapping if exists for ${router} server ${cluster};
       create user mapping for ${router} server ${cluster} options (${mapping})`,
    );

    for (const { name: type, labels } of enums) {
      const exists = await client.query("select pg_catalog.to_regtype($1) is not null as yes", [type]);
      if (!exists.rows[0].yes) {
        await client.query(`create type ${type} as enum (${labels.map(literal).join(", ")})`);
        await client.query(`comment on type ${type} is 'As on the partitions.'`);
      }
    }
    for (const view of views) await client.query(gatherSql(view));
  });
  // A new label cannot be used in the transaction that adds it; nothing here does.
  for (const { name: type, labels } of enums)
    for (const label of labels)
      await client.query(`alter type ${type} add value if not exists ${literal(label)}`);
}

/* ------------------------------------------------------------------ which tenant is where */

/** Where tenants are found, against where the coordinator looks for them. */
export interface Placement {
  /** Tenants that got a row with the coordinator. */
  recorded: number;
  /** Tenants by partition. */
  orgs: Map<string, string[]>;
}

/** Records every tenant where it lies. Throws when one lies on two partitions, or elsewhere than recorded. */
export async function recordOrgs(
  coordinator: pg.Client,
  partitions: (Partition & { number: number })[],
): Promise<Placement> {
  const orgs = new Map<string, string[]>();
  const home = new Map<string, Partition & { number: number }>();
  const { rows: known } = await coordinator.query<{
    org_id: string;
    partition_no: number;
    moving_to: number | null;
  }>("select org_id, partition_no, moving_to from etl_route.org_partition");
  const recorded = new Map(known.map((row) => [row.org_id, row]));
  for (const partition of partitions) {
    const here = await onDatabase(partition.target, `partition ${partition.name}`, async (client) =>
      (await client.query<{ id: string }>("select id from public.org order by id")).rows.map(({ id }) => id),
    );
    orgs.set(partition.name, here);
    for (const id of here) {
      const other = home.get(id);
      // A move that was interrupted; the same move, begun again, ends it.
      if (recorded.get(id)?.moving_to != null) continue;
      if (other) {
        throw new DeployError(
          `Org ${id} lies on partition ${other.name} and on ${partition.name}.`,
          "Look which of the two is the right one, and delete the other; nothing routes to it before.",
        );
      }
      home.set(id, partition);
    }
  }
  const nameOf = new Map(partitions.map(({ number, name: partition }) => [number, partition]));
  const astray = [...home].find(([id, { number }]) => (recorded.get(id)?.partition_no ?? number) !== number);
  if (astray) {
    const [id, { name: partition }] = astray;
    const elsewhere = nameOf.get(recorded.get(id)!.partition_no);
    throw new DeployError(
      `Org ${id} lies on partition ${partition}, and the coordinator looks for it on ${elsewhere}.`,
      `If it was moved by hand: update etl_route.org_partition set partition_no = … where org_id = '${id}', at the coordinator.`,
    );
  }
  const fresh = [...home].filter(([id]) => !recorded.has(id));
  if (fresh.length > 0) {
    await coordinator.query(
      `insert into etl_route.org_partition (org_id, partition_no)
       select * from unnest($1::uuid[], $2::int[])
       on conflict do nothing`,
      [fresh.map(([id]) => id), fresh.map(([, { number }]) => number)],
    );
  }
  return { recorded: fresh.length, orgs };
}

/* ------------------------------------------------------------------ set-up */

/** How to set up a coordinator. */
export interface SetUp {
  coordinator: Target;
  partitions: Partition[];
  /** Brings one partition up to date with this checkout. */
  deploy: (partition: Partition) => Promise<void>;
  /** Makes the roles and the schema that Supabase would bring, where a server lacks them. */
  bootstrap?: boolean;
  /** Gives the coordinator a new password at the partitions. */
  newPassword?: boolean;
  say: (what: string, text: string) => void;
}

async function checkApart(partitions: Partition[]): Promise<void> {
  const seen = new Map<string, string>();
  for (const { name: partition, target } of partitions) {
    const key = await onDatabase(target, `partition ${partition}`, async (client) => {
      const { rows } = await client.query<{ key: string }>(
        `select c.system_identifier || '/' || d.oid as key
         from pg_catalog.pg_control_system() as c, pg_catalog.pg_database as d
         where d.datname = current_database()`,
      );
      return rows[0]!.key;
    });
    const other = seen.get(key);
    if (other) {
      throw new DeployError(
        `Partitions ${other} and ${partition} are the same database, ${target.name}.`,
        "Give each partition a database of its own, best on a server of its own.",
      );
    }
    seen.set(key, partition);
  }
}

/** Gives each partition its number: those that are known keep theirs. */
export function numberPartitions(
  partitions: Partition[],
  known: Known[],
): (Partition & { number: number })[] {
  const missing = known.find((one) => !partitions.some((partition) => partition.name === one.name));
  if (missing) {
    throw new DeployError(
      `The coordinator knows partition ${missing.name} (${missing.address}), which is not given.`,
      "Give all partitions, those it has and those to be added. A partition is never taken away, only emptied.",
    );
  }
  let next = known.length;
  return partitions
    .map((partition) => ({
      ...partition,
      number: known.find((one) => one.name === partition.name)?.partition_no ?? next++,
    }))
    .sort((a, b) => a.number - b.number);
}

/** Sets up a coordinator and its partitions, or brings them up to date; safe to say again. */
export async function setUp({
  coordinator,
  partitions,
  deploy,
  bootstrap,
  newPassword,
  say,
}: SetUp): Promise<void> {
  say("Coordinator", coordinator.name);
  const { known, password: before } = await onDatabase(coordinator, "the coordinator", async (client) => {
    await checkCoordinator(client, coordinator);
    return { known: await knownPartitions(client), password: await knownPassword(client) };
  });
  const numbered = numberPartitions(partitions, known);
  await checkApart(numbered);
  const password = (newPassword ? null : before) ?? randomBytes(32).toString("base64url");

  // Before a partition is added, every tenant gets a row of its own where it lies: the hash over more partitions is
  // another one.
  let recorded = 0;
  if (known.length > 0) {
    const old = numbered.filter(({ number }) => number < known.length);
    recorded = await onDatabase(
      coordinator,
      "the coordinator",
      async (client) => (await recordOrgs(client, old)).recorded,
    );
  }
  let shapes: Shapes | undefined;
  for (const partition of numbered) {
    if (bootstrap) await bootstrapDatabase(partition.target.url);
    await deploy(partition);
    const found = await onDatabase(partition.target, `partition ${partition.name}`, async (client) => {
      await preparePartition(client, partition, partition.number, password);
      const read = await readShapes(client);
      await inTransaction(client, async () => {
        for (const view of read.views) await client.query(readSql(view, read.enums));
      });
      return read;
    });
    shapes ??= found;
    const plain = ({ views, enums }: Shapes): string =>
      JSON.stringify([
        views.map((view) => [view.name, view.columns.map((one) => [one.name, one.type])]),
        enums,
      ]);
    if (plain(shapes) !== plain(found)) {
      throw new DeployError(
        `Partition ${partition.name} has other views than partition ${numbered[0]!.name}.`,
        "Bring all partitions to the same version: leave out --no-deploy.",
      );
    }
    say("Partition", `${partition.name} (${addressOf(partition.target)}) is ready`);
  }
  await bootstrapDatabase(coordinator.url);
  await onDatabase(coordinator, "the coordinator", async (client) => {
    await prepareCoordinator(client, numbered, password, shapes!);
    const placement = await recordOrgs(client, numbered);
    recorded += placement.recorded;
    say(
      "Orgs",
      `${[...placement.orgs].map(([partition, ids]) => `${ids.length} on ${partition}`).join(", ")}${recorded > 0 ? `; ${recorded} recorded` : ""}`,
    );
  });
  // On a connection of its own: what PL/Proxy has in mind of the cluster is a session's.
  for (const row of await status(coordinator)) {
    if (row.said) {
      throw new DeployError(
        `The coordinator does not get through to partition ${row.name} (${row.address}): ${row.said}`,
        `It connects from the coordinator's server, as ${login} with a password: see pg_hba.conf, firewall and address there.`,
      );
    }
  }
  say("Ready", `${numbered.length} partitions answer the coordinator`);
}

/** One partition as the coordinator finds it. */
export interface Status extends Known {
  reachable: boolean;
  orgs: string | null;
  said: string | null;
}

/** Asks each partition through the coordinator. */
export async function status(coordinator: Target): Promise<Status[]> {
  return onDatabase(coordinator, "the coordinator", async (client) => {
    await requireSetUp(client, coordinator);
    return (await client.query<Status>("select * from etl_route.status()")).rows;
  });
}

/** Throws when a database is no coordinator. */
export async function requireSetUp(client: pg.Client, { name: shown }: Target): Promise<void> {
  if ((await knownPartitions(client)).length > 0) return;
  throw new DeployError(`${shown} is no coordinator.`, "npm run partitions -- setup makes it one.");
}
