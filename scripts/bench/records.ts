/**
 * Generated records into a table, in one call, against one plain `insert … select` of the same rows into a table with the
 * same columns and indexes. Ours also infers and checks every value and keeps what was generated, with its sources.
 */
import type { Bench, Figure } from "./bench.ts";
import { connect, timed } from "./engine.ts";

/** Twenty fields of a company. */
const company = `select 'Company ' || i as company_name, 'u' || i || '@example.test' as email, i as employees,
    (i * 1000)::text as revenue, 'A text of some words about number ' || i as about, (date '1990-01-01' + i % 9000)::text as founded,
    (array['IT', 'Food', 'Steel', 'Bank'])[1 + i % 4] as industry, (array['Japan', 'France'])[1 + i % 2] as country, i % 2 = 0 as active,
    i * 0.37 as score, i || ' Main Street' as street, 'City ' || i % 300 as city, i % 90 + 0.5 as lat, i % 180 - 0.25 as lng,
    '+81 3-1234-' || lpad((i % 10000)::text, 4, '0') as phone, 'https://example' || i || '.test/' as website, i % 7 as level,
    'x' || i % 17 as tag, i % 1000 as rank, 'note ' || i % 5000 as note`;

const listed = `jsonb_build_object('name', s.company_name, 'fields', (
  select jsonb_agg(jsonb_build_object('name', f.key, 'value', f.value, 'confidence', 0.9, 'source', 'knowledge', 'sourceUrl', 'https://x.test'))
  from jsonb_each(to_jsonb(s)) as f))`;

export const records: Bench = {
  name: "records",
  about: "generated records of twenty fields in one call, against a plain insert … select of the same rows",
  n: 100_000,
  async run({ url, n, rounds, progress }) {
    await using client = await connect(url);
    const one = async <T>(sql: string, values: unknown[] = []): Promise<T> =>
      Object.values((await client.query<Record<string, T>>(sql, values)).rows[0]!)[0] as T;
    const org = await one<string>(
      "insert into public.org (name, slug) values ('Bench', 'records-' || gen_random_uuid()) returning id",
    );
    const ours: Record<"flat" | "listed" | "few", number[]> = { flat: [], listed: [], few: [] };
    const plain: number[] = [];
    for (let round = 0; round < rounds; round++) {
      // Each round begins with empty tables on both sides: an index that grows makes both slower.
      await client.query(
        `truncate public.records, public.ai_generated_records;
         drop table if exists public.bench_records;
         create table public.bench_records (like public.records including all);
         drop table if exists bench_source;
         create temporary table bench_source as ${company} from generate_series(1, ${n}) as i;
         analyze bench_source`,
      );
      const table = await one<string>(
        "insert into public.tables (organization_id, name) values ($1, $2) returning id",
        [org, `round ${round}`],
      );
      const insert = async (input: string, from: string): Promise<number> => {
        const job = await one<string>("select etl_api.start_generation($1) as id", [table]);
        await client.query(
          `drop table if exists bench_input; create temporary table bench_input as select jsonb_agg(${input}) as records from ${from} as s`,
        );
        let result: { success: number } | undefined;
        const seconds = await timed(async () => {
          result = await one(
            "select etl_api.insert_generated_records($1, (select records from bench_input), $2) - 'inserted_records'",
            [job, table],
          );
        });
        if (result!.success === 0) throw new Error("nothing was inserted");
        return seconds;
      };
      const takeOurs = async () => void ours.flat.push(n / (await insert("to_jsonb(s)", "bench_source")));
      const takePlain = async () =>
        void plain.push(
          n /
            (await timed(() =>
              client.query(
                `insert into public.bench_records (table_id, organization_id, name, email, company, status, data, is_ai_generated, ai_generation_job_id)
                 select $1, $2, s.company_name, s.email, s.company_name, 'New', to_jsonb(s) - '{company_name,email}'::text[], true, $1
                 from bench_source as s`,
                [table, org],
              ),
            )),
        );
      for (const take of round % 2 === 0 ? [takeOurs, takePlain] : [takePlain, takeOurs]) await take();
      progress(`round ${round + 1} of ${rounds}: ${n.toLocaleString("en")} records`);
      await client.query("truncate public.records, public.ai_generated_records");
      // A value of jsonb holds 256 MB, and these are large.
      const part = Math.ceil(n / 4);
      ours.listed.push(part / (await insert(listed, `(select * from bench_source limit ${part})`)));
      ours.few.push((await insert(listed, "(select * from bench_source limit 20)")) * 1000);
      progress(`round ${round + 1} of ${rounds}: with their sources`);
    }
    const figures: Figure[] = [
      {
        name: "flat records, one call",
        unit: "records/s",
        values: ours.flat,
        against: "a plain insert … select",
        baseline: plain,
        must: 0.5,
      },
      {
        name: "with source and confidence of each field",
        unit: "records/s",
        values: ours.listed,
        against: "a plain insert … select of the values alone",
        baseline: plain,
      },
      { name: "20 records with their sources", unit: "ms", values: ours.few },
    ];
    return figures;
  },
};
