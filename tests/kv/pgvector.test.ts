/** Typed tables with pgvector. The embedded server has no such extension; the one of PGlite, a Postgres of WebAssembly, has. */
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { projectRoot } from "../../scripts/lib/sources.ts";

interface Lite {
  exec(sql: string): Promise<unknown>;
  query<T>(sql: string, values?: unknown[]): Promise<{ rows: T[] }>;
  close(): Promise<void>;
}

/** It comes with the stand-in for PostgREST. */
async function startLite(): Promise<Lite> {
  const lite = createRequire(join(projectRoot, "node_modules/@supabase/lite/package.json"));
  const load = async (name: string): Promise<Record<string, unknown>> =>
    (await import(pathToFileURL(lite.resolve(name)).href.replace(/\.cjs$/, ".js"))) as Record<
      string,
      unknown
    >;
  const { PGlite } = (await load("@electric-sql/pglite")) as {
    PGlite: { create(options: object): Promise<Lite> };
  };
  const { vector } = await load("@electric-sql/pglite/vector");
  return PGlite.create({ extensions: { vector } });
}

async function textsOf(folder: string): Promise<string[]> {
  const names = (await readdir(join(projectRoot, folder))).filter((name) => name.endsWith(".sql")).sort();
  return Promise.all(names.map((name) => readFile(join(projectRoot, folder, name), "utf8")));
}

test(
  "embeddings are vectors where the extension is, searched by distance, and come back as they were",
  { timeout: 120_000 },
  async () => {
    const lite = await startLite();
    try {
      await lite.exec(await readFile(join(projectRoot, "scripts/lib/bootstrap.sql"), "utf8"));
      // As on Supabase: not where unqualified names are looked for.
      await lite.exec("create schema if not exists extensions; create extension vector schema extensions");
      for (const text of await textsOf("supabase/migrations"))
        await lite.exec(text.split("-- migrate:down")[0]!);
      // As they are on disk, which may be newer.
      await lite.exec("set check_function_bodies = off");
      for (const text of [...(await textsOf("sql/utils")), ...(await textsOf("sql/etl_api/kv"))])
        await lite.exec(text);

      const { rows } = await lite.query<{ id: string }>(
        "insert into public.org (name, slug) values ('Acme', 'acme') returning id",
      );
      const org = rows[0]!.id;
      const set = (entries: object) =>
        lite.query("select etl_api.kv_set_many($1, $2)", [org, JSON.stringify(entries)]);
      const report = async (sql: string) =>
        (await lite.query<{ r: object }>(`select ${sql} - 'examples' as r`)).rows[0]!.r;
      await set({
        "embedding:near": { content: "A quiet street", embedding: [0.5, 0.25, -1] },
        "embedding:far": { embedding: [0.1, 0.30000000000000004, 1e-50] },
        "embedding:short": { embedding: [1, 2] },
        "embedding:large": { embedding: [1e39, 0, 0] },
      });
      expect(await report("etl_api.kv_migrate('embeddings')")).toMatchObject({ inserted: 4, misfits: 2 });
      await set({ "embedding:far": { embedding: [9, 9, 9] } });
      expect(await report("etl_api.kv_migrate('embeddings')")).toMatchObject({ inserted: 0, updated: 1 });
      await lite.query("select etl_api.kv_follow('embeddings')");
      await set({ "embedding:next": { embedding: [0.5, 0.25, -0.5] } });

      const found = await lite.query(
        `select id, format_type(atttypid, atttypmod) as type
       from public.embeddings join pg_attribute on attrelid = 'public.embeddings'::regclass and attname = 'embedding'
       order by embedding operator(extensions.<->) '[0.5,0.25,-1]' nulls last, id`,
      );
      const type = "extensions.vector(3)";
      expect(found.rows).toEqual(["near", "next", "far", "large", "short"].map((id) => ({ id, type })));
      const back = await lite.query(
        `select count(*)::int as all, bool_and(s.value = v.value) as same
       from etl_api.kv_values('embeddings') as v join public.kv_store as s using (org_id, key)`,
      );
      expect(back.rows).toEqual([{ all: 5, same: true }]);
    } finally {
      await lite.close();
    }
  },
);
