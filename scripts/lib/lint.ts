import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { withEmptyDatabase } from "./database.ts";
import { loadProject, migrationsFolder, readMigrations, withClient, withLoopbackTls } from "./migrate.ts";
import { definitionsByName, describeProblem, projectRoot, readSources } from "./sources.ts";

/** What a check came to: complaints, or why it was not made. */
export type Findings = { complaints: string[]; skipped?: undefined } | { complaints: []; skipped: string };

function output(command: string, args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
    const child = spawn(join(projectRoot, "node_modules/.bin", command), args, {
      cwd: projectRoot,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += chunk));
    child.stderr.on("data", (chunk) => (stderr += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}

async function tool(command: string, args: string[], noise = /^$/): Promise<Findings> {
  const { code, stdout, stderr } = await output(command, args);
  if (code === 0) return { complaints: [] };
  const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "" && !noise.test(line));
  return { complaints: lines.length > 0 ? lines : [`${command} exited with ${code}`] };
}

/** Types of everything that runs on Node. */
export const checkTypes = (): Promise<Findings> => tool("tsc", ["--noEmit"]);

/** Format of everything prettier knows. */
export const checkFormat = (): Promise<Findings> =>
  tool("prettier", ["--check", "--log-level", "warn", "."], /Run Prettier with --write/);

/** Types of what runs on Deno, with the packages in node_modules and nothing fetched. */
export async function checkDeno(): Promise<Findings> {
  const functions = join(projectRoot, "supabase/functions");
  const entries = existsSync(functions)
    ? readdirSync(functions)
        .map((name) => join(functions, name, "index.ts"))
        .filter((path) => existsSync(path))
    : [];
  const server = join(projectRoot, "scripts/lib/functions-server.ts");
  const files = existsSync(server) ? [server, ...entries] : entries;
  if (files.length === 0) return { complaints: [], skipped: "there are no edge functions" };
  return tool("deno", ["check", "--quiet", "--cached-only", ...files]);
}

/** Names the file and line of a subject such as `function etl_api.retry`. */
type Where = (subject: string) => string;

function whereabouts(root = projectRoot): Where {
  const migrations = readMigrations(root)
    .filter((migration) => !migration.generated)
    .map(({ file, up }) => ({ path: `${migrationsFolder}/${file}`, text: up }));
  const home = definitionsByName([...migrations, ...readSources(root)]);
  return (subject) => {
    const found = home.get(subject);
    return found ? `${found.path}:${found.line}: ${subject}` : subject;
  };
}

/** Builds the project on a server and hands the database over; what does not load is the only finding then. */
export async function onProjectDatabase(
  serverUrl: string,
  work: (url: string, client: pg.Client, where: Where) => Promise<Findings[]>,
  root = projectRoot,
): Promise<Findings[]> {
  return withEmptyDatabase(serverUrl, "lint", (url) =>
    withClient(url, async (client) => {
      const { problems } = await loadProject(client, { root, tolerant: true });
      const loading = { complaints: problems.map(describeProblem) };
      return [loading, ...(await work(url, client, whereabouts(root)))];
    }),
  );
}

interface Advice {
  name: string;
  level: string;
  detail: string;
  metadata?: { schema?: string; name?: string; type?: string; fkey_name?: string };
}

/** Foreign keys without an index, by name, and why. */
export const WITHOUT_INDEX: Record<string, string> = {
  advance_queue_activity_request_id_org_id_fkey: "the table is empty but for moments",
  guardrail_refusal_datapoint_id_fkey:
    "only deleting configuration would read it, and every refusal would pay",
  guardrail_refusal_factor_id_fkey: "only deleting configuration would read it, and every refusal would pay",
  guardrail_refusal_source_id_fkey: "only deleting configuration would read it, and every refusal would pay",
};

// A key that carries the tenant beside an id is looked up by the id: an index that begins with it serves, and one that
// leaves out rows without it, too. What has no primary key has a unique one with nulls, which are part of its meaning.
const SERVED = `
select f.conname as name
from pg_catalog.pg_constraint f
join pg_catalog.pg_index i on i.indrelid = f.conrelid and i.indkey[0] = f.conkey[1]
where f.contype = 'f' and cardinality(f.conkey) > 1
  and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', (
    select a.attname from pg_catalog.pg_attribute a where a.attrelid = f.conrelid and a.attnum = f.conkey[1])))
union all
select i.indrelid::regclass::text
from pg_catalog.pg_index i
where i.indisunique and i.indnullsnotdistinct and i.indpred is null`;

/** What an advisor says that is so on purpose. */
async function isMeant(url: string): Promise<(advice: Advice) => boolean> {
  const served = new Set(
    await withClient(url, async (client) =>
      (await client.query<{ name: string }>(SERVED)).rows.map(({ name }) => name),
    ),
  );
  return ({ name, metadata }) => {
    const key = metadata?.fkey_name ?? "";
    switch (name) {
      // The database was made a moment ago: nothing was asked of it yet.
      case "unused_index":
        return true;
      case "unindexed_foreign_keys":
        return served.has(key) || key in WITHOUT_INDEX;
      case "no_primary_key":
        return served.has(`${metadata?.schema}.${metadata?.name}`);
      default:
        return false;
    }
  };
}

/** Supabase's advisors; everything they say counts, but what is so on purpose. */
export async function checkAdvisors(url: string, where: Where): Promise<Findings> {
  const args = ["db", "advisors", `--remote=${withLoopbackTls(url)}`, "--level", "info", "--fail-on", "info"];
  const { code, stdout, stderr } = await output("supabase", [...args, "--output-format", "json"]);
  const json = /^\{.*\}$/m.exec(stdout)?.[0];
  if (!json)
    return { complaints: [`supabase db advisors exited with ${code}: ${stderr.trim() || stdout.trim()}`] };
  const report = JSON.parse(json) as { results?: Advice[]; error?: { message?: string } };
  const meant = await isMeant(url);
  const advice = (report.results ?? []).filter((said) => !meant(said));
  const complaints = advice.map(({ name, level, detail, metadata }) => {
    const subject = `${metadata?.type ?? "?"} ${metadata?.schema}.${metadata?.name}`;
    return `${where(subject)}: ${level.toLowerCase()} ${name}: ${detail}`;
  });
  if (code !== 0 && !report.results?.length)
    complaints.push(`exited with ${code}: ${report.error?.message ?? json}`);
  return { complaints };
}

// Every schema that is ours: not the system's, not what Supabase brings, not what a check brings.
const OUR_SCHEMAS = `
  select oid, nspname
  from pg_catalog.pg_namespace
  where nspname !~ '^pg_'
    and nspname not in ('information_schema', 'auth', 'extensions', 'vault', 'net', 'cron', 'realtime', 'plpgsql_check', 'tap')`;

// What only Supabase has, as far as the engine calls it, so that those calls are checked too.
const STAND_INS = `
create schema vault;
create table vault.secrets (
  id uuid, name text, description text, secret text, key_id uuid, nonce bytea, created_at timestamptz, updated_at timestamptz
);
create table vault.decrypted_secrets (
  id uuid, name text, description text, secret text, decrypted_secret text, key_id uuid, nonce bytea,
  created_at timestamptz, updated_at timestamptz
);
create function vault.create_secret(
  new_secret text, new_name text default null, new_description text default '', new_key_id uuid default null
) returns uuid language sql as 'select null::uuid';
create function vault.update_secret(
  secret_id uuid, new_secret text default null, new_name text default null, new_description text default null,
  new_key_id uuid default null
) returns void language sql as 'select null::void';
create schema net;
create function net.http_post(
  url text, body jsonb default '{}', params jsonb default '{}', headers jsonb default '{}',
  timeout_milliseconds int default 5000
) returns bigint language sql as 'select 1::bigint';
create schema cron;
create function cron.schedule(job_name text, schedule text, command text) returns bigint
language sql as 'select 1::bigint';
create function cron.unschedule(job_name text) returns boolean language sql as 'select true';
create schema realtime;
create function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void
language sql as 'select null::void'`;

// A trigger function is looked at once for every trigger, with its table and transition tables. A function without a
// trigger cannot be checked, which is a finding of its own.
const PLPGSQL_CHECK = `
with our as (${OUR_SCHEMAS}),
-- One function may serve several triggers of a table and ask by tg_op which transition table it has.
called as (
  select t.tgfoid, t.tgrelid, max(t.tgoldtable) as old_table, max(t.tgnewtable) as new_table
  from pg_catalog.pg_trigger t
  where not t.tgisinternal and t.tgparentid = 0
  group by t.tgfoid, t.tgrelid
)
select 'function ' || n.nspname || '.' || p.proname as subject,
  c.lineno, c.level, c.message, c.detail, c.hint, t.tgrelid::regclass::text as relation
from pg_catalog.pg_proc p
join our n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
left join called t on t.tgfoid = p.oid
cross join lateral (
  select k.lineno, k.level, k.message, k.detail, k.hint
  from plpgsql_check.plpgsql_check_function_tb(
    p.oid, coalesce(t.tgrelid, 0),
    fatal_errors := false, other_warnings := true, extra_warnings := true,
    performance_warnings := false, security_warnings := true,
    oldtable := t.old_table, newtable := t.new_table) k
  where p.prorettype <> 'trigger'::regtype or t.tgfoid is not null
  union all
  select 1, 'warning', 'no trigger calls this function', null, null
  where p.prorettype = 'trigger'::regtype and t.tgfoid is null
) c
where not exists (select from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e')
order by 1, c.lineno`;

/** plpgsql_check over every function. */
export async function checkBodies(client: pg.Client, where: Where): Promise<Findings> {
  const { rows: available } = await client.query(
    "select 1 from pg_catalog.pg_available_extensions where name = 'plpgsql_check'",
  );
  if (available.length === 0) return { complaints: [], skipped: "the server does not have it" };
  await client.query(STAND_INS);
  await client.query("create schema plpgsql_check; create extension plpgsql_check schema plpgsql_check");
  const { rows } = await client.query<Record<string, string | number | null>>(PLPGSQL_CHECK);
  const complaints = rows.map((row) => {
    const rest = [row.detail, row.hint].filter(Boolean).map((text) => `; ${text}`);
    const on = row.relation ? ` (as trigger on ${row.relation})` : "";
    return `${where(String(row.subject))}, line ${row.lineno} of its body${on}: ${row.level}: ${row.message}${rest.join("")}`;
  });
  return { complaints };
}

const HOUSE_RULES = `
with nsp as (${OUR_SCHEMAS}),
func as (
  select p.*, 'function ' || n.nspname || '.' || p.proname as subject
  from pg_catalog.pg_proc p
  join nsp n on n.oid = p.pronamespace
  where not exists (select from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e')
),
rel as (
  select c.*, case when c.relkind = 'v' then 'view ' else 'table ' end || n.nspname || '.' || c.relname as subject
  from pg_catalog.pg_class c
  join nsp n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm')
    and (n.nspname, c.relname) <> ('public', 'schema_migrations')
    and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e')
)
select subject, 'does not say set search_path = ''''' as complaint
from func
where prokind in ('f', 'p') and not coalesce('search_path=""' = any (proconfig), false)
union all
select subject, 'has no comment'
from func
where obj_description(oid, 'pg_proc') is null
union all
select subject, 'may be executed by everyone: revoke execute … from public'
from func
where exists (select from aclexplode(coalesce(proacl, acldefault('f', proowner))) a where a.grantee = 0)
union all
select subject, 'has row-level security off'
from rel
where relkind in ('r', 'p') and not relrowsecurity
union all
select subject, 'has no comment'
from rel
where not relispartition and obj_description(oid, 'pg_class') is null
union all
select subject, format('column %I has no comment', a.attname)
from rel
join pg_catalog.pg_attribute a on a.attrelid = rel.oid and a.attnum > 0 and not a.attisdropped
where relkind in ('r', 'p') and not relispartition and col_description(rel.oid, a.attnum) is null
union all
select 'type ' || n.nspname || '.' || t.typname, 'has no comment'
from pg_catalog.pg_type t
join nsp n on n.oid = t.typnamespace
where t.typtype in ('e', 'd', 'r') and obj_description(t.oid, 'pg_type') is null
  and not exists (select from pg_catalog.pg_depend d where d.objid = t.oid and d.deptype = 'e')
union all
select 'schema ' || nspname, 'has no comment'
from nsp
where obj_description(oid, 'pg_namespace') is null
order by 1, 2`;

/** The rules of this house that no tool knows. */
export async function checkHouseRules(client: pg.Client, where: Where): Promise<Findings> {
  const { rows } = await client.query<{ subject: string; complaint: string }>(HOUSE_RULES);
  return { complaints: rows.map(({ subject, complaint }) => `${where(subject)}: ${complaint}`) };
}
