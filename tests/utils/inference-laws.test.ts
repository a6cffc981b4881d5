/** Laws of inference and coercion, on JSON that nobody would write by hand. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";
import { awkward, json, text, type Json } from "./json.ts";

const types = [
  ...["text", "number", "date", "email", "phone", "select", "multiselect", "textarea", "url", "boolean"],
] as const;
const formats = [
  ...[
    null,
    {},
    { order: "dmy" },
    { order: "mdy" },
    { decimal: "," },
    { separator: "," },
    { separator: "]^-\\" },
  ],
  ...[{ json: true }, { epoch: "s" }, { precision: "year" }, [], "x", { order: 1, decimal: {} }],
];
const optionLists = [null, ["a", "b"], [" A ", "a"], [], {}, "a", [1, null, ["a"]]];

/** Texts of which each is nearly something. */
const figures = fc.oneof(
  fc.constantFrom(
    ...[
      "1,234",
      "１２３",
      "12%",
      "€5m",
      "(5)",
      "▲5",
      "1億2000万",
      "150名",
      "1.234",
      "1,5",
      "1e9",
      "1e99",
      "007",
      "-0",
      "5m",
    ],
    ...[
      "2024-03-05",
      "2024年3月5日",
      "令和6年3月5日",
      "03/04/2024",
      "13/04/24",
      "Mar 5 2024",
      "1998",
      "20240305",
      "2012-03",
    ],
    ...[
      "2024-03-05T10:00:00+09:00",
      "2024-03-05T10:00:00+00:00",
      "2024-02-30",
      "0000-01-01",
      "May 2024",
      "5-Mar-24 1 pm",
    ],
    ...[
      "+81 3-1234-5678",
      "03-1234-5678",
      "(415) 555-2671",
      "01-2-2024",
      "a@b.co",
      "a@b.c1",
      "x y@z.de",
      "www.a.co",
      "a.co/b",
    ],
    ...[
      "https://a.b",
      "http://",
      "非公開",
      "N/A",
      "はい",
      "○",
      "なし",
      "",
      " ",
      "　",
      "\u00a0",
      "a;b|c",
      "[1,2]",
      "[",
      "[[1]]",
    ],
    ...[
      "two\nlines",
      "ＡＢ",
      "ａ@b.co",
      "a".repeat(300),
      "9".repeat(70),
      "A",
      " a ",
      "１２％",
      "1.",
      ".",
      "ﾊﾝｶｸ",
      "ﷺ",
    ],
  ),
  fc.stringMatching(/^[0-9０-９年月日元.,:/+%$€¥()万億TZ -]{0,14}$/),
  fc.string({ unit: "grapheme", maxLength: 20 }).map((s) => s.replaceAll("\u0000", "")),
);
const numbers = fc.oneof(
  fc.integer({ min: -3, max: 3000 }),
  fc.constantFrom(20240305, 20240231, 1700000000, 1700000000123, 1e30, 0.1, -1.5, 123456789012345),
);
const value: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: figures },
  { weight: 2, arbitrary: numbers },
  { weight: 1, arbitrary: json(awkward) },
  { weight: 1, arbitrary: fc.array(fc.oneof(figures, numbers, fc.constant(null)), { maxLength: 4 }) },
);

interface Coerced {
  coerced: unknown;
  fits: boolean;
  warning: string | null;
  original: unknown;
  again: unknown;
  known: boolean;
}

let database: TestDatabase;
beforeAll(async () => {
  console.log(`inference laws: seed ${inject("seed")}`);
  database = await freshDatabase();
});
afterAll(async () => {
  await database.drop();
});

describe("coercion", () => {
  test("never raises, never loses, changes nothing the second time", { timeout: 120_000 }, async () => {
    const arbitrary = fc.array(
      fc.tuple(
        value,
        fc.constantFrom(...types),
        fc.constantFrom(...formats),
        fc.constantFrom(...optionLists),
      ),
      { minLength: 40, maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(arbitrary, async (cases) => {
        const { rows } = await database.pool.query<Coerced & { type: string; value: unknown }>(
          `select t.type, t.value, c.*, d.coerced as again,
             coalesce(c.original, c.coerced) = t.value as known
           from jsonb_to_recordset($1) as t (value jsonb, type text, format jsonb, options jsonb)
           cross join lateral utils.coerce_value(coalesce(t.value, 'null'), t.type, t.format, t.options) as c
           cross join lateral utils.coerce_value(c.coerced, t.type, t.format, t.options) as d`,
          [
            `[${cases.map(([v, type, format, options]) => `{"value":${text(v)},"type":"${type}","format":${JSON.stringify(format)},"options":${JSON.stringify(options)}}`)}]`,
          ],
        );
        expect(rows).toHaveLength(cases.length);
        for (const row of rows) {
          const label = JSON.stringify(row);
          if (row.value !== null) expect(row.known, `lost: ${label}`).toBe(true);
          expect(row.again, `not settled: ${label}`).toEqual(row.coerced);
          if (!row.fits) expect(row.warning, `silent: ${label}`).toBeTruthy();
          if (row.fits && row.type === "number" && row.coerced !== null)
            expect(typeof row.coerced, label).toBe("number");
          if (row.fits && row.type === "boolean" && row.coerced !== null)
            expect(typeof row.coerced, label).toBe("boolean");
          if (row.fits && row.type === "date" && row.coerced !== null)
            expect(Number.isNaN(Date.parse(String(row.coerced))), label).toBe(false);
        }
      }),
      { seed: inject("seed"), numRuns: 40 },
    );
  });

  test("of rows at once is that of each value alone", { timeout: 120_000 }, async () => {
    const row = fc.record({ a: value, b: value, c: value }, { requiredKeys: [] });
    const column = fc.record({
      type: fc.constantFrom(...types, "number", "date", "date", "email", "url", "phone"),
      format: fc.constantFrom(...formats),
      options: fc.constantFrom(...optionLists),
    });
    const arbitrary = fc.tuple(fc.array(row, { minLength: 20, maxLength: 40 }), column, column);
    await fc.assert(
      fc.asyncProperty(arbitrary, async ([objects, a, b]) => {
        const columns = [
          { name: "a", ...a },
          { name: "b", ...b },
        ];
        const rows = `[${objects.map((o) => `{${Object.entries(o).map(([k, v]) => `"${k}":${text(v as Json)}`)}}`)}]`;
        const { rows: wrong } = await database.pool.query(
          `with alone as (
             select r.n, f.key, v.*, f.value
             from jsonb_array_elements($1) with ordinality as r (value, n)
             cross join lateral jsonb_each(r.value) as f
             left join jsonb_to_recordset($2) as c (name text, type text, format jsonb, options jsonb) on c.name = f.key
             cross join lateral utils.coerce_value(f.value, coalesce(c.type, 'text'),
               case when c.name is null then '{"json": true}' else c.format end, c.options) as v
           )
           select a.*, l.data, l.warnings, l.originals
           from alone as a
           join utils.coerce_values($1, $2) as l on l.n = a.n
           where case when a.key = 'c' then l.data -> a.key <> a.value else
             l.data -> a.key is distinct from a.coerced
             or (a.warning is not null) <> coalesce(l.warnings @> jsonb_build_array(jsonb_build_object('field', a.key, 'warning', a.warning)), false)
             or coalesce(l.originals -> a.key, a.original, a.coerced) is distinct from a.value
             or l.originals -> a.key is null and coalesce(a.coerced #>> '{}', '') <> a.value #>> '{}' end`,
          [rows, JSON.stringify(columns)],
        );
        expect(wrong).toEqual([]);
      }),
      { seed: inject("seed"), numRuns: 40 },
    );
  });
});

describe("inference", () => {
  const row = fc.record({ a: value, 電話: value, founded: value, tags: value }, { requiredKeys: [] });
  const literal = (objects: object[]) =>
    `[${objects.map((o) => `{${Object.entries(o).map(([k, v]) => `"${k}":${text(v as Json)}`)}}`)}]`;

  test("does not depend on the order of the rows", { timeout: 120_000 }, async () => {
    const arbitrary = fc
      .array(row, { maxLength: 30 })
      .chain((rows) => fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })));
    await fc.assert(
      fc.asyncProperty(arbitrary, async ([rows, shuffled]) => {
        const infer = async (objects: object[]) =>
          (await database.pool.query("select * from utils.infer_schema($1)", [literal(objects)])).rows;
        expect(await infer(shuffled)).toEqual(await infer(rows));
      }),
      { seed: inject("seed"), numRuns: 60 },
    );
  });

  test("says of how many values fit just what coercion says", { timeout: 120_000 }, async () => {
    const alike = fc
      .constantFrom(...[figures, numbers, value])
      .chain((v) => fc.array(v, { minLength: 1, maxLength: 6 }));
    const arbitrary = fc.tuple(
      fc.constantFrom("a", "電話", "founded", "created_at", "website", "is_x"),
      alike,
    );
    await fc.assert(
      fc.asyncProperty(arbitrary, async ([name, values]) => {
        const { rows } = await database.pool.query<{ type: string; fits: string; share: string }>(
          `select i.type, i.fits, i.format, s.share
           from utils.infer_column_type($1, $2) as i
           cross join lateral (
             select round(avg(v.fits::int), 6)
             from jsonb_array_elements($2) as e (value)
             cross join lateral utils.coerce_value(e.value, i.type, i.format) as v
             where e.value <> 'null'
               and not (jsonb_typeof(e.value) = 'string' and utils.narrow_text(e.value #>> '{}') = '')
           ) as s (share)
           where i.type not in ('text', 'textarea', 'select', 'multiselect')`,
          [name, literal([{ v: values }]).slice(6, -2)],
        );
        for (const { type, fits, share } of rows) expect(fits, type).toBe(share);
      }),
      { seed: inject("seed"), numRuns: 400 },
    );
  });
});
