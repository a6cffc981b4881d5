/**
 * The second floor: the very rows that the engine writes, written again into plain tables with the engine's indexes and
 * foreign keys, in transactions of the same size, by as many connections, and nothing else: no triggers, no checks, no
 * decisions. What the engine needs beyond this is the price of thinking.
 */
import type pg from "pg";
import { connectAll, timed } from "../engine.ts";
import { keyOf, schema, type Images, type Recording } from "../images.ts";
import type { Peer } from "./peer.ts";

/** The plain copy of one of the engine's tables. */
export const copyOf = (table: string): string => `${schema}.copy_${table.replaceAll(/\W+/g, "_")}`;

/** Makes the plain copy of a table; the storage of a partitioned one is that of its largest partition. */
async function copyTable(client: pg.Client, table: string): Promise<void> {
  const { rows } = await client.query<{ options: string | null }>(
    `select pg_catalog.array_to_string(reloptions, ', ') as options
     from pg_catalog.pg_class
     where relkind = 'r'
       and (oid = $1::regclass or oid in (select relid from pg_catalog.pg_partition_tree($1::regclass)))
     order by relpages desc
     limit 1`,
    [table],
  );
  const options = rows[0]?.options ? `with (${rows[0].options})` : "";
  await client.query(
    `create table ${copyOf(table)} (like ${table} including generated including identity including indexes
       including storage including compression) ${options}`,
  );
}

/** Gives a copy the foreign keys of its original; those to other copied tables point to their copies. */
async function referTo(client: pg.Client, table: string, tables: Set<string>): Promise<string[]> {
  const { rows } = await client.query<{ target: string; definition: string }>(
    `select pg_catalog.format('%I.%I', n.nspname, t.relname) as target,
       pg_catalog.pg_get_constraintdef(c.oid) as definition
     from pg_catalog.pg_constraint as c
     join pg_catalog.pg_class as t on t.oid = c.confrelid
     join pg_catalog.pg_namespace as n on n.oid = t.relnamespace
     where c.conrelid = $1::regclass and c.contype = 'f' and c.conparentid = 0`,
    [table],
  );
  for (const { target, definition } of rows) {
    const to = tables.has(target) ? copyOf(target) : target;
    const text = definition.replace(/REFERENCES [^(]+\(/, () => `references ${to} (`);
    await client.query(`alter table ${copyOf(table)} add ${text}`);
  }
  return rows.map(({ target }) => target).filter((target) => tables.has(target) && target !== table);
}

/** Tables in an order in which each comes after those it refers to. */
function inOrder(references: Map<string, string[]>): string[] {
  const order = new Set<string>();
  const visit = (table: string, from: string[]): void => {
    if (order.has(table) || from.includes(table)) return;
    for (const target of references.get(table) ?? []) visit(target, [...from, table]);
    order.add(table);
  };
  for (const table of references.keys()) visit(table, []);
  return [...order];
}

/** The statements that write one phase's images of one table. */
async function statements(client: pg.Client, { table, stage, updated }: Images, chains: number) {
  const key = await keyOf(client, table);
  const { rows: columns } = await client.query<{ name: string }>(
    `select pg_catalog.quote_ident(attname) as name
     from pg_catalog.pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''
     order by attnum`,
    [table],
  );
  const names = columns.map(({ name }) => name);
  const others = names.filter((name) => !key.includes(name));
  const same = key.map((name) => `c.${name} = s.${name}`).join(" and ");
  const { rows } = await client.query<{ old: number }>(
    `select count(*)::int as old from ${stage} where not bench_new`,
  );
  // More versions of a row than one in a transaction leave but one image: the others write the same once more.
  const again = Math.round(updated - rows[0]!.old / chains);
  const insert = `insert into ${copyOf(table)} (${names.join(", ")}) overriding system value
    select ${names.map((name) => `s.${name}`).join(", ")} from ${stage} as s where s.bench_call = call and s.bench_new;`;
  const update = (rest: string) => `update ${copyOf(table)} as c
    set ${others.map((name) => `${name} = s.${name}`).join(", ")}
    from ${stage} as s where s.bench_call = call and ${same} ${rest};`;
  return {
    insert,
    update: [
      ...(rows[0]!.old > 0 ? [update("and not s.bench_new")] : []),
      ...Array.from({ length: again }, () => update("")),
    ].join("\n"),
  };
}

/** One function a phase, which writes what one call wrote. The order of rows is that of the engine's calls. */
async function makePlayers(client: pg.Client, { phases, chains }: Recording, order: string[]): Promise<void> {
  for (const { name, images } of phases) {
    const inserts: string[] = [];
    const updates: string[] = [];
    for (const table of order) {
      const found = images.find((image) => image.table === table);
      if (!found) continue;
      const { insert, update } = await statements(client, found, chains);
      inserts.push(insert);
      updates.push(update);
    }
    // The copies have no statistics while they fill: only the way by key is right at any size.
    await client.query(`
      create function ${schema}.play_${name}(call int) returns void language plpgsql
      set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan
      as $play$ begin ${[...inserts, ...updates].join("\n")} end $play$`);
  }
}

/** Plays all calls of a phase, on as many connections as there are. */
async function play(clients: pg.Client[], name: string, calls: number): Promise<void> {
  let next = 1;
  await Promise.all(
    clients.map(async (client) => {
      while (next <= calls)
        await client.query({ name, text: `select ${schema}.play_${name}($1)`, values: [next++] });
    }),
  );
}

/** Makes the contestant from what the engine was seen to write. */
export async function rowsFloor(setup: pg.Client, recording: Recording): Promise<Peer> {
  const tables = new Set(recording.phases.flatMap(({ images }) => images.map(({ table }) => table)));
  const references = new Map<string, string[]>();
  for (const table of tables) await copyTable(setup, table);
  for (const table of tables) references.set(table, await referTo(setup, table, tables));
  await makePlayers(setup, recording, inOrder(references));
  const [first, ...rest] = recording.phases;
  return {
    name: "rows floor",
    share: 1,
    async run(url) {
      await using clients = await connectAll(url);
      const one = clients[0]!;
      const empty = `truncate ${[...tables].map(copyOf).join(", ")}`;
      // What a session does once is not a chain's cost.
      for (const client of clients) {
        await client.query(empty);
        for (const { name } of recording.phases) await play([client], name, 1);
      }
      await one.query(empty);
      const accept = await timed(() => play([one], first!.name, first!.calls));
      const drain = await timed(async () => {
        for (const { name, calls } of rest) await play(clients, name, calls);
      });
      return { accept: recording.chains / accept, drain: recording.chains / drain };
    },
  };
}
