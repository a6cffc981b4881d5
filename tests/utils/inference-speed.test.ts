/** Inference and coercion cost a few times what it costs to take the rows apart at all, whatever the machine. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const height = 10_000;
let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase("vitest", { max: 1 });
  await database.pool.query(`
    create table speed_rows as
    select jsonb_agg(jsonb_build_object(
      'company_name', '株式会社' || i, 'website', 'https://example' || i || '.test/', 'email', 'u' || i || '@example.test',
      'phone', '+81 3-1234-' || lpad((i % 10000)::text, 4, '0'), 'employees', i % 5000,
      'revenue', case when i % 50 = 0 then '非公開' else to_char(i * 1000, 'FM999,999,999') end,
      'founded', (date '1990-01-01' + i % 9000)::text, 'industry', (array['IT', 'Food', 'Steel', 'Bank'])[1 + i % 4],
      'country', (array['Japan', 'France'])[1 + i % 2], 'active', i % 2 = 0, 'score', i * 0.37, 'rank', i::text,
      'notes', 'A text of some words about number ' || i || ' that goes on for a while', 'street', i || ' Main Street',
      'city', 'City ' || i % 300, 'lat', i % 90 + 0.5, 'lng', i % 180 - 0.25, 'updated_at', '2024-03-05T10:00:00Z',
      'share', i % 100 || '%', 'tag', case when i % 3 > 0 then 'x' || i % 7 end)) as rows
    from generate_series(1, ${height}) as i;
    create table speed_field as
    select jsonb_agg(to_jsonb(s)) as columns
    from speed_rows
    cross join utils.infer_schema(speed_rows.rows) as s;
    create table speed_clean as
    select jsonb_agg(v.data) as rows
    from speed_rows
    cross join speed_field
    cross join utils.coerce_values(speed_rows.rows, speed_field.columns) as v`);
});
afterAll(async () => {
  await database.drop();
});

/** The least of three runs of each, taken in turns: what else the machine does only ever adds to them. */
async function milliseconds(statements: string[]): Promise<number[]> {
  const least = statements.map(() => Infinity);
  for (let run = 0; run < 3; run++)
    for (const [place, sql] of statements.entries()) {
      const start = performance.now();
      await database.pool.query(sql);
      least[place] = Math.min(least[place]!, performance.now() - start);
    }
  return least;
}

describe("ten thousand rows of twenty fields", () => {
  test(
    "are inferred and coerced in a few times the time it takes to read them",
    { timeout: 120_000 },
    async () => {
      const size = await database.pool.query<{ mb: string }>(
        "select length(rows::text) / 1e6 as mb from speed_rows",
      );
      const mb = Number(size.rows[0]?.mb);
      const [read = 0, infer = 0, coerce = 0, clean = 0] = await milliseconds([
        "select count(f.value) from speed_rows, jsonb_array_elements(rows) as r, jsonb_each(r) as f",
        "select count(s.type) from speed_rows, utils.infer_schema(rows) as s",
        "select count(v.data) from speed_rows, speed_field, utils.coerce_values(rows, columns) as v",
        "select count(v.data) from speed_clean, speed_field, utils.coerce_values(rows, columns) as v",
      ]);
      const figure = (ms: number) =>
        `${ms.toFixed(0)} ms (${(mb / (ms / 1000)).toFixed(1)} MB/s, ${(ms / read).toFixed(1)}×)`;
      console.log(
        `inference of ${height} × 20 fields, ${mb.toFixed(1)} MB: read ${figure(read)}, infer ${figure(infer)}, ` +
          `coerce ${figure(coerce)}, coerce what is of its type already ${figure(clean)}`,
      );
      expect(infer / read).toBeLessThan(40);
      expect(coerce / read).toBeLessThan(20);
      expect(clean / read).toBeLessThan(7);
    },
  );
});
