/**
 * Rows of clients into their tables, against a plain `insert … select` of the same rows into a table with the same columns
 * and indexes, and a whole CSV file against `copy` of it. Ours also finds new fields, makes and checks every value, keeps
 * what it was, counts, and remembers how far a file has come.
 */
import { chmodSync, createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPgPort } from "../../supabase/functions/_shared/client-pg.ts";
import { ClientStore, sendRows } from "../../supabase/functions/_shared/clients.ts";
import { readRows } from "../../supabase/functions/_shared/rows.ts";
import type { Bench } from "./bench.ts";
import { connect, timed } from "./engine.ts";

/** Rows in one call: as many as npm run ingest sends. */
const part = 5_000;

/** Ten fields of an order, as a program knows them and as a file has them. */
const typed = `jsonb_build_object('order_no', 'O-' || i, 'placed_at', (date '2020-01-01' + i % 2000)::text, 'email', 'u' || i % 5000 || '@client.example',
  'product', 'Product ' || i % 900, 'category', (array['toys', 'books', 'garden'])[1 + i % 3], 'price', i % 10000 / 100.0, 'quantity', i % 9,
  'country', (array['DE', 'FR', 'JP'])[1 + i % 3], 'note', 'a note of some words', 'paid', i % 2 = 0)`;
const texts = `jsonb_build_object('order_no', 'O-' || i, 'placed_at', to_char(date '2020-01-01' + i % 2000, 'YYYY/MM/DD'), 'email', 'u' || i % 5000 || '@client.example',
  'product', 'Product ' || i % 900, 'category', (array['toys', 'books', 'garden'])[1 + i % 3], 'price', '€' || i % 10000 / 100.0, 'quantity', (i % 9)::text,
  'country', (array['DE', 'FR', 'JP'])[1 + i % 3], 'note', 'a note of some words', 'paid', case when i % 2 = 0 then 'yes' else 'no' end)`;

const names = "order_no,placed_at,email,product,category,price,quantity,country,note,paid";
const line = (i: number): string =>
  `O-${i},2024-0${1 + (i % 9)}-1${i % 10},u${i % 5000}@client.example,Product ${i % 900},toys,${(i % 10000) / 100},${i % 9},DE,"a note, of some words",${i % 2 === 0 ? "yes" : "no"}`;

export const clients: Bench = {
  name: "clients",
  about: "rows of clients against a plain insert … select, and a CSV file against copy",
  n: 100_000,
  async run({ url, n, rounds, progress }) {
    await using client = await connect(url);
    const one = async <T>(sql: string, values: unknown[] = []): Promise<T> =>
      Object.values((await client.query<Record<string, T>>(sql, values)).rows[0]!)[0] as T;
    const shop = await one<string>(
      `with o as (insert into public.org (name, slug) values ('Bench', 'clients-' || gen_random_uuid()) returning id)
       insert into public.clients (organization_id, company_name) select o.id, 'Shop' from o returning client_id`,
    );
    const org = await one<string>("select organization_id from public.clients where client_id = $1", [shop]);
    const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
    // The server reads it as well.
    chmodSync(folder, 0o755);
    const file = join(folder, "orders.csv");
    writeFileSync(file, `${names}\n${Array.from({ length: n }, (_, i) => line(i)).join("\n")}\n`);
    const store = new ClientStore(createPgPort(url, 1));
    const rates = Object.fromEntries(
      ["typed", "plain typed", "texts", "plain texts", "file", "copy", "find", "count"].map((name) => [
        name,
        [],
      ]),
    ) as Record<string, number[]>;
    const starts = Array.from({ length: Math.ceil(n / part) }, (_, place) => place * part);
    const rowsOf = (row: string): string =>
      `(select jsonb_agg(${row} order by i) from generate_series($1::int, least($1 + ${part}, ${n}) - 1) as i)`;

    try {
      for (let round = 0; round < rounds; round++) {
        for (const [name, row] of [
          ["typed", typed],
          ["texts", texts],
        ] as const) {
          // Each side begins with an empty table: an index that grows makes both slower.
          await client.query(
            `truncate public.client_data; delete from public.client_schemas; delete from etl_api.client_count_delta;
             drop table if exists public.bench_data; create table public.bench_data (like public.client_data including all);
             drop table if exists bench_parts; create temporary table bench_parts (start int, rows jsonb)`,
          );
          for (const start of starts)
            await client.query(`insert into bench_parts select $1, ${rowsOf(row)}`, [start]);
          const ours = async (): Promise<void> => {
            for (const start of starts)
              await client.query(
                "select etl_api.ingest_client_data($1, 'orders', (select rows from bench_parts where start = $2)) ->> 'success'",
                [shop, start],
              );
          };
          const plain = async (): Promise<void> => {
            for (const start of starts)
              await client.query(
                `insert into public.bench_data (client_id, organization_id, table_name, data)
                 select $1, $2, 'orders', r from bench_parts, jsonb_array_elements(rows) as r where start = $3`,
                [shop, org, start],
              );
          };
          const sides = [
            [name, ours],
            [`plain ${name}`, plain],
          ] as const;
          for (const [side, work] of round % 2 === 0 ? sides : sides.toReversed())
            rates[side]!.push(n / (await timed(work)));
        }
        progress(`round ${round + 1} of ${rounds}: ${n.toLocaleString("en")} rows, as values and as texts`);

        await client.query(
          `truncate public.client_data; delete from public.client_schemas; delete from etl_api.client_count_delta;
           drop table if exists public.bench_copy; create table public.bench_copy (${names.replaceAll(",", " text, ")} text)`,
        );
        const ours = async (): Promise<void> => {
          const begun = await store.begin({
            ...{ clientId: shop, dataType: "orders", fileName: "orders.csv", fingerprint: `round ${round}` },
            ...{ ifBegun: "again", asUser: null },
          });
          const done = await sendRows(store, begun, readRows(createReadStream(file), "csv"));
          if (done.stored !== n) throw new Error(`${done.stored} of ${n} rows are in`);
        };
        const copy = async (): Promise<void> =>
          void (await client.query(`copy public.bench_copy from '${file}' with (format csv, header)`));
        const sides = [
          ["file", ours],
          ["copy", copy],
        ] as const;
        for (const [side, work] of round % 2 === 0 ? sides : sides.toReversed())
          rates[side]!.push(n / (await timed(work)));
        progress(`round ${round + 1} of ${rounds}: a file of them`);

        for (let at = 0; at < 20; at++) {
          const number = Math.floor((at * n) / 20);
          rates.find!.push(
            (await timed(() =>
              client.query("select data from public.get_client_data_filtered($1, null, 100, $2)", [
                shop,
                { order_no: `O-${number}` },
              ]),
            )) * 1000,
          );
          rates.count!.push(
            (await timed(() => client.query("select public.get_client_data_count($1)", [shop]))) * 1000,
          );
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
      await store.close();
      await client.query("drop table if exists public.bench_data, public.bench_copy");
    }
    const of = (name: string): { values: number[] } => ({ values: rates[name]! });
    const against = { against: "a plain insert … select", unit: "rows/s" };
    return [
      { name: "rows of ten fields", ...against, ...of("typed"), baseline: rates["plain typed"]! },
      {
        name: "the same as texts, each made a value",
        ...against,
        ...of("texts"),
        baseline: rates["plain texts"]!,
      },
      {
        name: "a CSV file, npm run ingest",
        unit: "rows/s",
        ...of("file"),
        against: "copy into ten columns of text, no index",
        baseline: rates.copy!,
      },
      { name: "find a row by a field", unit: "ms", ...of("find") },
      { name: "count them", unit: "ms", ...of("count") },
    ];
  },
};
