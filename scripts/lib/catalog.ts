import pg from "pg";
import { inTransaction } from "./sources.ts";

/** Rights by grantee; a right that may be passed on ends with `*`. */
export type Privileges = Record<string, string[]>;

/** What the catalogs say of one thing. */
export interface CatalogEntry {
  /** As `drop` and `comment on` name it: `function etl_api.retry(uuid)`, `trigger guard on public.run_queue`. */
  subject: string;
  kind: string;
  /** The table a column, constraint, index, trigger or policy belongs to, as `table public.org`. */
  parent: string | null;
  /** Grows with creation, so that dropping in falling order meets dependents first. */
  oid: number;
  definition: string;
  comment: string | null;
  owner: string | null;
  privileges: Privileges | null;
  /** Row-level security of a table: `off`, `enabled`, `forced`. */
  rls: string | null;
}

/** Everything a database defines, by subject. */
export type Catalog = Map<string, CatalogEntry>;

// Left out: the system's own, what extensions bring, what belongs to tests and to the tools that migrate.
const SNAPSHOT = `
with nsp as (
  select n.oid, n.nspname, n.nspowner, n.nspacl
  from pg_catalog.pg_namespace n
  where n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'tap', 'supabase_migrations')
    and not exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e')
),
extension_member as (
  select d.classid, d.objid from pg_catalog.pg_depend d where d.deptype = 'e'
),
rel as (
  select c.*, n.nspname,
    format('%I.%I', n.nspname, c.relname) as name,
    case c.relkind
      when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
      when 'c' then 'type' when 'f' then 'foreign table' else 'table'
    end as kind
  from pg_catalog.pg_class c
  join nsp n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c')
    and (n.nspname, c.relname) <> ('public', 'schema_migrations')
    and not exists (
      select from extension_member e where e.classid = 'pg_catalog.pg_class'::regclass and e.objid = c.oid)
),
entry as (
  select 'schema' as kind, format('schema %I', nspname) as subject, null as parent, oid,
    '' as definition, obj_description(oid, 'pg_namespace') as comment, nspowner as owner,
    coalesce(nspacl, acldefault('n', nspowner)) as acl, null as rls
  from nsp
  union all
  select 'extension', format('extension %I', e.extname), null, e.oid,
    format('schema %s', e.extnamespace::regnamespace), null, null, null, null
  from pg_catalog.pg_extension e
  where e.extname not in ('pgtap', 'plpgsql', 'plpgsql_check')
  union all
  select case t.typtype when 'd' then 'domain' else 'type' end,
    format('%s %I.%I', case t.typtype when 'd' then 'domain' else 'type' end, n.nspname, t.typname), null, t.oid,
    concat_ws(E'\\n',
      (select string_agg(quote_literal(l.enumlabel), ', ' order by l.enumsortorder)
       from pg_catalog.pg_enum l where l.enumtypid = t.oid),
      case when t.typtype = 'd' then
        concat_ws(' ', format_type(t.typbasetype, t.typtypmod), case when t.typnotnull then 'not null' end,
          'default ' || t.typdefault)
      end,
      (select string_agg(c.conname || ' ' || pg_get_constraintdef(c.oid), E'\\n' order by c.conname)
       from pg_catalog.pg_constraint c where c.contypid = t.oid)),
    obj_description(t.oid, 'pg_type'), t.typowner, coalesce(t.typacl, acldefault('T', t.typowner)), null
  from pg_catalog.pg_type t
  join nsp n on n.oid = t.typnamespace
  where t.typtype in ('e', 'd', 'r')
    and not exists (
      select from extension_member e where e.classid = 'pg_catalog.pg_type'::regclass and e.objid = t.oid)
  union all
  select r.kind, r.kind || ' ' || r.name,
    (select format('table %s', d.refobjid::regclass)
     from pg_catalog.pg_depend d
     where (r.relkind = 'S' or r.relispartition) and d.objid = r.oid and d.deptype in ('a', 'i')
       and d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass),
    r.oid,
    concat_ws(E'\\n',
      format('kind %s, persistence %s', r.relkind, r.relpersistence),
      'options ' || (select string_agg(o, ', ' order by o) from unnest(r.reloptions) o),
      'replica identity ' || nullif(r.relreplident::text, case when r.relkind in ('r', 'p') then 'd' else 'n' end),
      'partition by ' || pg_get_partkeydef(r.oid),
      'partition ' || pg_get_expr(r.relpartbound, r.oid),
      'inherits ' || (select string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno)
                      from pg_catalog.pg_inherits i where i.inhrelid = r.oid),
      case when r.relkind in ('v', 'm') then pg_get_viewdef(r.oid) end,
      (select format('as %s start %s increment %s min %s max %s cache %s cycle %s', s.seqtypid::regtype,
         s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
       from pg_catalog.pg_sequence s where s.seqrelid = r.oid)),
    obj_description(r.oid, 'pg_class'), r.relowner,
    coalesce(r.relacl, acldefault(case r.relkind when 'S' then 's' else 'r' end::"char", r.relowner)),
    case when r.relkind in ('r', 'p') then
      case when r.relforcerowsecurity then 'forced' when r.relrowsecurity then 'enabled' else 'off' end
    end
  from rel r
  union all
  select 'column', format('column %s.%I', r.name, a.attname), r.kind || ' ' || r.name, r.oid,
    concat_ws(' ',
      row_number() over (partition by r.oid order by a.attnum) || ':',
      format_type(a.atttypid, a.atttypmod),
      case when a.attcollation <> (select t.typcollation from pg_catalog.pg_type t where t.oid = a.atttypid)
        then 'collate ' || a.attcollation::regcollation end,
      case when a.attnotnull then 'not null' end,
      case when a.attgenerated = '' then 'default' else 'generated' end || ' ' || pg_get_expr(d.adbin, d.adrelid),
      -- A partition takes it from its parent, which servers before 17 do not repeat.
      case when not r.relispartition then 'identity ' || nullif(a.attidentity::text, '') end,
      'storage ' || a.attstorage::text,
      -- pg_attver is nobody's option: PostgreSQL 15.20 keeps a number of its own in it for every column.
      'options ' || (select string_agg(o, ', ') from unnest(a.attoptions) o where o not like 'pg_attver=%')),
    col_description(r.oid, a.attnum), null, a.attacl, null
  from rel r
  join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  left join pg_catalog.pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
  where r.relkind <> 'S'
  union all
  select 'constraint', format('constraint %I on %s', c.conname, r.name), r.kind || ' ' || r.name, c.oid,
    pg_get_constraintdef(c.oid) || case when c.convalidated then '' else ' (not validated)' end,
    obj_description(c.oid, 'pg_constraint'), null, null, null
  from rel r
  join pg_catalog.pg_constraint c on c.conrelid = r.oid
  where c.contype <> 'n' and c.contype <> 't'
  union all
  select 'index', format('index %I.%I', r.nspname, i.relname), r.kind || ' ' || r.name, i.oid,
    pg_get_indexdef(i.oid) || case when x.indisclustered then ' (clustered)' else '' end
      || case when x.indisvalid then '' else ' (invalid)' end,
    obj_description(i.oid, 'pg_class'), null, null, null
  from rel r
  join pg_catalog.pg_index x on x.indrelid = r.oid
  join pg_catalog.pg_class i on i.oid = x.indexrelid
  where not exists (select from pg_catalog.pg_constraint c where c.conindid = i.oid and c.conrelid = r.oid)
  union all
  select 'statistics', format('statistics %I.%I', s.stxnamespace::regnamespace, s.stxname),
    r.kind || ' ' || r.name, s.oid,
    pg_get_statisticsobjdef(s.oid), obj_description(s.oid, 'pg_statistic_ext'), null, null, null
  from rel r
  join pg_catalog.pg_statistic_ext s on s.stxrelid = r.oid
  union all
  select 'trigger', format('trigger %I on %s', t.tgname, r.name), r.kind || ' ' || r.name, t.oid,
    pg_get_triggerdef(t.oid) || case t.tgenabled when 'O' then '' else format(' (%s)', t.tgenabled) end,
    obj_description(t.oid, 'pg_trigger'), null, null, null
  from rel r
  join pg_catalog.pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal and t.tgparentid = 0
  union all
  select 'rule', format('rule %I on %s', w.rulename, r.name), r.kind || ' ' || r.name, w.oid,
    pg_get_ruledef(w.oid), obj_description(w.oid, 'pg_rewrite'), null, null, null
  from rel r
  join pg_catalog.pg_rewrite w on w.ev_class = r.oid and w.rulename <> '_RETURN'
  union all
  select 'policy', format('policy %I on %s', p.polname, r.name), r.kind || ' ' || r.name, p.oid,
    concat_ws(E'\\n',
      case when p.polpermissive then 'permissive' else 'restrictive' end || ' for '
        || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
                         when 'd' then 'delete' else 'all' end,
      'to ' || (select string_agg(case when o = 0 then 'public' else o::regrole::text end, ', '
                                  order by case when o = 0 then 'public' else o::regrole::text end)
                from unnest(p.polroles) o),
      'using ' || pg_get_expr(p.polqual, p.polrelid),
      'with check ' || pg_get_expr(p.polwithcheck, p.polrelid)),
    obj_description(p.oid, 'pg_policy'), null, null, null
  from rel r
  join pg_catalog.pg_policy p on p.polrelid = r.oid
  union all
  select f.kind, f.kind || ' ' || p.oid::regprocedure, null, p.oid,
    case when p.prokind = 'a'
      then (select concat_ws(' ', a.aggtransfn::regprocedure, a.aggfinalfn::regprocedure,
              a.aggtranstype::regtype, a.agginitval, p.proparallel)
            from pg_catalog.pg_aggregate a where a.aggfnoid = p.oid)
      else pg_get_functiondef(p.oid)
    end,
    obj_description(p.oid, 'pg_proc'), p.proowner, coalesce(p.proacl, acldefault('f', p.proowner)), null
  from pg_catalog.pg_proc p
  join nsp n on n.oid = p.pronamespace
  cross join lateral (
    select case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end as kind) f
  where not exists (
    select from extension_member e where e.classid = 'pg_catalog.pg_proc'::regclass and e.objid = p.oid)
  union all
  select 'operator', 'operator ' || o.oid::regoperator, null, o.oid,
    concat_ws(' ', o.oprresult::regtype, o.oprcode, o.oprcom::regoperator, o.oprnegate::regoperator),
    obj_description(o.oid, 'pg_operator'), o.oprowner, null, null
  from pg_catalog.pg_operator o
  join nsp n on n.oid = o.oprnamespace
  where not exists (
    select from extension_member e where e.classid = 'pg_catalog.pg_operator'::regclass and e.objid = o.oid)
  union all
  select 'event trigger', format('event trigger %I', t.evtname), null, t.oid,
    concat_ws(' ', t.evtevent, t.evtfoid::regprocedure, t.evtenabled, array_to_string(t.evttags, ', ')),
    obj_description(t.oid, 'pg_event_trigger'), t.evtowner, null, null
  from pg_catalog.pg_event_trigger t
  where not exists (
    select from extension_member e where e.classid = 'pg_catalog.pg_event_trigger'::regclass and e.objid = t.oid)
  union all
  select 'publication', format('publication %I', p.pubname), null, p.oid,
    concat_ws(' ', p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
      (select string_agg(t.prrelid::regclass::text, ', ' order by t.prrelid::regclass::text)
       from pg_catalog.pg_publication_rel t where t.prpubid = p.oid)),
    obj_description(p.oid, 'pg_publication'), p.pubowner, null, null
  from pg_catalog.pg_publication p
  union all
  select 'default privileges',
    format('default privileges for role %s in schema %s on %s', d.defaclrole::regrole,
      nullif(d.defaclnamespace, 0)::regnamespace, d.defaclobjtype),
    null, d.oid, d.defaclacl::text, null, null, null, null
  from pg_catalog.pg_default_acl d
)
select e.kind, e.subject, e.parent, e.oid::bigint::float8 as oid, coalesce(e.definition, '') as definition,
  e.comment, e.owner::regrole::text as owner, e.rls,
  case when e.acl is not null then coalesce(
    (select jsonb_object_agg(g.grantee, g.rights)
     from (
       select case when a.grantee = 0 then 'public' else a.grantee::regrole::text end as grantee,
         jsonb_agg(lower(a.privilege_type) || case when a.is_grantable then '*' else '' end
                   order by a.privilege_type) as rights
       from aclexplode(e.acl) a
       where a.grantee is distinct from e.owner
       group by 1) g), '{}') end as privileges
from entry e`;

/** Reads what a database defines. */
export async function readCatalog(client: pg.Client): Promise<Catalog> {
  return inTransaction(client, async () => {
    // With an empty path every name comes out qualified.
    await client.query("set local search_path = ''");
    const { rows } = await client.query<CatalogEntry>(SNAPSHOT);
    return new Map(rows.map((row) => [row.subject, row]));
  });
}

const ASPECTS = ["definition", "rls", "privileges", "owner", "comment"] as const;

/** One thing in which two databases differ; a side that lacks the whole thing is null. */
export interface Difference {
  subject: string;
  aspect: "existence" | (typeof ASPECTS)[number];
  left: CatalogEntry | null;
  right: CatalogEntry | null;
}

// What others lean on is told first.
const RANK = ["schema", "extension", "type", "domain", "table", "column", "constraint", "index", "function"];
const rank = (kind: string): number => (RANK.indexOf(kind) + RANK.length + 1) % (RANK.length + 1);

/** Every difference; what is missing with its table is told with the table only. */
export function compareCatalogs(left: Catalog, right: Catalog): Difference[] {
  const differences: Difference[] = [];
  for (const subject of new Set([...left.keys(), ...right.keys()])) {
    const a = left.get(subject) ?? null;
    const b = right.get(subject) ?? null;
    if (a && b) {
      for (const aspect of ASPECTS) {
        if (JSON.stringify(comparable(a, aspect)) !== JSON.stringify(comparable(b, aspect))) {
          differences.push({ subject, aspect, left: a, right: b });
        }
      }
    } else {
      const parent = (a ?? b)!.parent;
      const parentThere = !parent || (left.has(parent) && right.has(parent));
      if (parentThere) differences.push({ subject, aspect: "existence", left: a, right: b });
    }
  }
  const kindOf = ({ left, right }: Difference): string => (left ?? right)!.kind;
  return differences.sort((x, y) => rank(kindOf(x)) - rank(kindOf(y)) || (x.subject < y.subject ? -1 : 1));
}

// A name that a column of a view has by itself is written out once the view was dumped and restored. What the columns of
// the whole are called is compared by itself.
const COLUMN_ALIAS = / AS (?:"[^"]+"|[\w$]+)(?=,?$)/gm;

/**
 * `((a OR b) OR c)` as `(a OR b OR c)`: rows that are compared as a whole are kept as the first, and read anew from what
 * the server writes of them as the second.
 */
function flatOrs(text: string): string {
  // What stands in parentheses, innermost first, is taken out and kept under a number.
  const kept: string[] = [];
  const place = (inner: string): string => {
    const isOr = (part: string): boolean => part.includes(" OR ") && !part.includes(" AND ");
    const flat = isOr(inner)
      ? inner.replace(/(?<=^| OR )\u0001(\d+)\u0002(?=$| OR )/g, (whole, at: string) =>
          isOr(kept[Number(at)]!) ? kept[Number(at)]! : whole,
        )
      : inner;
    return `\u0001${kept.push(flat) - 1}\u0002`;
  };
  let rest = text;
  for (let before = ""; before !== rest;) {
    before = rest;
    rest = rest.replace(/\(([^()]*)\)/g, (_, inner: string) => place(inner));
  }
  const open = (part: string): string =>
    part.replace(/\u0001(\d+)\u0002/g, (_, at: string) => `(${open(kept[Number(at)]!)})`);
  return open(rest);
}

function comparable(entry: CatalogEntry, aspect: (typeof ASPECTS)[number]): unknown {
  const value = entry[aspect];
  if (aspect === "definition" && entry.kind.endsWith("view"))
    return entry.definition.replace(COLUMN_ALIAS, "");
  if (aspect === "definition" && entry.kind === "trigger") return flatOrs(entry.definition);
  return value && typeof value === "object"
    ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    : value;
}

/** The statement that takes a thing away. */
export function dropStatement({ kind, subject, parent }: CatalogEntry): string {
  const name = subject.slice(kind.length + 1);
  const table = parent?.replace(/^(foreign )?table /, "");
  if (kind === "column") return `alter table ${table} drop column ${name.slice(table!.length + 1)};`;
  if (kind === "constraint") return `alter table ${table} drop constraint ${name.replace(/ on .*/, "")};`;
  return `drop ${subject};`;
}

const GRANTABLE = new Set(["schema", "table", "view", "sequence", "function", "procedure", "type", "domain"]);

function privilegeTarget({
  kind,
  subject,
  parent,
}: CatalogEntry): { columns: string; target: string } | null {
  if (kind === "column") {
    const table = parent!.replace(/^\w+ /, "");
    return { columns: ` (${subject.slice(`column ${table}.`.length)})`, target: `table ${table}` };
  }
  if (!GRANTABLE.has(kind)) return null;
  return { columns: "", target: subject.replace(/^view /, "table ") };
}

/**
 * The statements that give a thing the comment, the rights and the row-level security it shall have; null when that
 * is not all there is to do.
 */
export function mendStatements({ aspect, left: is, right: shall }: Difference): string[] | null {
  if (!is || !shall) return null;
  if (aspect === "comment") {
    const text = shall.comment === null ? "null" : pg.escapeLiteral(shall.comment);
    return [`comment on ${shall.subject} is ${text};`];
  }
  if (aspect === "rls") {
    const enable = shall.rls === "off" ? "disable" : "enable";
    const force = shall.rls === "forced" ? "force" : "no force";
    return [
      `alter ${shall.subject} ${enable} row level security;`,
      `alter ${shall.subject} ${force} row level security;`,
    ];
  }
  const place = privilegeTarget(shall);
  if (aspect !== "privileges" || !place) return null;
  const statements: string[] = [];
  const roles = new Set([...Object.keys(is.privileges ?? {}), ...Object.keys(shall.privileges ?? {})]);
  for (const role of [...roles].sort()) {
    const wanted = shall.privileges?.[role] ?? [];
    if (JSON.stringify(is.privileges?.[role] ?? []) === JSON.stringify(wanted)) continue;
    if (is.privileges?.[role]) statements.push(`revoke all${place.columns} on ${place.target} from ${role};`);
    for (const [rights, option] of [
      [wanted.filter((right) => !right.endsWith("*")), ""],
      [
        wanted.filter((right) => right.endsWith("*")).map((right) => right.slice(0, -1)),
        " with grant option",
      ],
    ] as const) {
      if (rights.length === 0) continue;
      const list = rights.map((right) => `${right}${place.columns}`).join(", ");
      statements.push(`grant ${list} on ${place.target} to ${role}${option};`);
    }
  }
  return statements;
}
