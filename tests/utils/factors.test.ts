import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";
import { awkward } from "./json.ts";

let database: TestDatabase;
beforeAll(async () => {
  console.log(`factors: seed ${inject("seed")}`);
  database = await freshDatabase();
});
afterAll(async () => {
  await database.drop();
});

const types = [
  ...["volume", "boolean", "option", "time", "place", "frequency", "reason", "entity", "similarity"],
];
const operators = [
  ...["equals", "not_equals", "greater_than", "greater_equal", "less_than", "less_equal", "contains"],
  ...[
    "not_contains",
    "starts_with",
    "ends_with",
    "in",
    "not_in",
    "between",
    "is_null",
    "is_not_null",
    "like",
  ],
  ...["ilike", "regex", "not_regex"],
];
const valueTypes = ["text", "number", "boolean", "date", "timestamp", "list", "json"];

/** Anything PostgreSQL takes for a text. */
const anyText = fc
  .oneof(
    fc.constantFrom(
      ...awkward,
      "\u202f",
      "\u00a0\u3000",
      "1 and 2",
      "-5..5",
      "[1, 2]",
      '["a"',
      "2020-02-30",
      "9999-12-31",
      "is_",
      "_date",
      "(",
      "\\",
    ),
    fc.string({ unit: "grapheme", maxLength: 40 }),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc
      .array(fc.constantFrom("is", "has", "date", "of", "reason", "update", "s", "_", " ", "and"), {
        maxLength: 6,
      })
      .map((parts) => parts.join("_")),
  )
  .map((text) => text.replaceAll("\u0000", ""));

/** What SQL makes of many cases at once: one value for each. */
async function each(expression: string, cases: unknown[]): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    `select to_jsonb(${expression}) as result from jsonb_array_elements($1::jsonb) with ordinality as a (a, n) order by n`,
    [JSON.stringify(cases)],
  );
  return rows.map((row) => row.result);
}

describe("sentences", () => {
  test("whatever the names and values are, a sentence comes of them", async () => {
    const factor = fc.tuple(
      fc.option(fc.constantFrom(...types)),
      fc.option(anyText),
      fc.option(anyText),
      fc.option(fc.constantFrom(...operators)),
      fc.option(anyText),
      fc.option(fc.boolean()),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(factor, { minLength: 20, maxLength: 60 }), async (factors) => {
        const sentences = await each(
          `generate_factor_description((a ->> 0)::factor_type_enum, a ->> 1, a ->> 2, (a ->> 3)::operator_enum, a ->> 4, (a ->> 5)::boolean)`,
          factors,
        );
        for (const [n, sentence] of sentences.entries()) {
          expect(sentence).toMatch(factors[n]![5] === false ? /^\S[^\n]*\S\?$/u : /^\S[^\n]*\S$/u);
          expect((sentence as string).length).toBeLessThan(1000);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("compare_value", () => {
  test("never raises, and decides nothing of what is not known", async () => {
    const comparison = fc.tuple(
      fc.oneof(
        fc.json({ maxDepth: 2 }).map((text) => JSON.parse(text.replaceAll("\\u0000", "")) as unknown),
        anyText,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
      ),
      fc.constantFrom(...operators),
      fc.option(anyText),
      fc.constantFrom(...valueTypes, "frequency", "place", "similarity"),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(comparison, { minLength: 20, maxLength: 60 }), async (comparisons) => {
        const met = await each(
          `utils.compare_value(a -> 0, (a ->> 1)::operator_enum, a ->> 2, a ->> 3)`,
          comparisons,
        );
        for (const [n, answer] of met.entries()) {
          const [value, operator] = comparisons[n]!;
          if (operator === "is_null" || operator === "is_not_null") expect(answer).toBeTypeOf("boolean");
          else if (value === null) expect(answer).toBeNull();
        }
      }),
      { numRuns: 60 },
    );
  });

  /** Compares what SQL says with a model, many cases a query. */
  async function agrees<T>(
    type: string,
    value: fc.Arbitrary<T>,
    model: Record<string, (value: T, operands: T[]) => boolean>,
    write: (operands: T[], operator: string) => string,
  ) {
    const comparison = fc.tuple(value, fc.constantFrom(...Object.keys(model)), fc.tuple(value, value));
    await fc.assert(
      fc.asyncProperty(fc.array(comparison, { minLength: 20, maxLength: 60 }), async (comparisons) => {
        const cases = comparisons.map(([v, operator, operands]) => [v, operator, write(operands, operator)]);
        const met = await each(
          `utils.compare_value(a -> 0, (a ->> 1)::operator_enum, a ->> 2, '${type}')`,
          cases,
        );
        expect(met.map((answer, n) => [...cases[n]!, answer])).toEqual(
          comparisons.map(([v, operator, operands], n) => [...cases[n]!, model[operator]!(v, operands)]),
        );
      }),
      { numRuns: 60 },
    );
  }

  /** For operators of one operand the first, for the others both. */
  const several = ["in", "not_in", "between"];

  test("agrees with a model for numbers", async () => {
    const number = fc.oneof(
      fc.integer({ min: -5, max: 5 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
    );
    await agrees(
      "number",
      number,
      {
        equals: (v, [a]) => v === a,
        not_equals: (v, [a]) => v !== a,
        greater_than: (v, [a]) => v > a!,
        greater_equal: (v, [a]) => v >= a!,
        less_than: (v, [a]) => v < a!,
        less_equal: (v, [a]) => v <= a!,
        in: (v, list) => list.includes(v),
        not_in: (v, list) => !list.includes(v),
        between: (v, [a, b]) => v >= Math.min(a!, b!) && v <= Math.max(a!, b!),
      },
      ([a, b], operator) =>
        operator === "between"
          ? [`${a} and ${b}`, `${a}..${b}`, `${a},${b}`, `[${a}, ${b}]`][Math.abs(Math.trunc(a!)) % 4]!
          : several.includes(operator)
            ? `${a}, ${b}`
            : String(a),
    );
  });

  test("agrees with a model for texts", async () => {
    const order = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    // Letters only: texts that are numbers, dates or frequencies are compared as such.
    const text = fc.string({
      unit: fc.constantFrom("a", "b", "A", "é", "𝒳", "%", "."),
      minLength: 1,
      maxLength: 4,
    });
    await agrees(
      "text",
      text,
      {
        equals: (v, [a]) => v === a,
        not_equals: (v, [a]) => v !== a,
        contains: (v, [a]) => v.includes(a!),
        not_contains: (v, [a]) => !v.includes(a!),
        starts_with: (v, [a]) => v.startsWith(a!),
        ends_with: (v, [a]) => v.endsWith(a!),
        greater_than: (v, [a]) => order(v, a!) > 0,
        greater_equal: (v, [a]) => order(v, a!) >= 0,
        less_than: (v, [a]) => order(v, a!) < 0,
        less_equal: (v, [a]) => order(v, a!) <= 0,
        in: (v, list) => list.includes(v),
        not_in: (v, list) => !list.includes(v),
        between: (v, list) => {
          const [first, last] = list.toSorted(order);
          return order(v, first!) >= 0 && order(v, last!) <= 0;
        },
        like: (v, [a]) => new RegExp(`^${a!.replaceAll(".", "\\.").replaceAll("%", ".*")}$`, "su").test(v),
        regex: (v, [a]) => new RegExp(a!, "su").test(v),
        not_regex: (v, [a]) => !new RegExp(a!, "su").test(v),
      },
      (operands, operator) => (several.includes(operator) ? JSON.stringify(operands) : operands[0]!),
    );
  });

  test("agrees with a model for lists", async () => {
    const list = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 3 });
    const same = (a: string[], b: string[]) => a.every((m) => b.includes(m)) && b.every((m) => a.includes(m));
    const meet = (a: string[], b: string[]) => a.some((m) => b.includes(m));
    await agrees(
      "list",
      list,
      {
        equals: (v, [a]) => same(v, a!),
        not_equals: (v, [a]) => !same(v, a!),
        contains: (v, [a]) => v.includes(a![0]!),
        not_contains: (v, [a]) => !v.includes(a![0]!),
        in: (v, [a]) => meet(v, a!),
        not_in: (v, [a]) => !meet(v, a!),
      },
      ([a], operator) => (operator.endsWith("contains") ? a![0]! : a!.join(", ")),
    );
  });
});

describe("patterns", () => {
  const long = Array.from({ length: 10_000 }, (_, n) => "ab"[(n * n * 7 + (n >> 3)) % 2]).join("");

  test("a pattern with back-references takes PostgreSQL past any limit, and is never tried", async () => {
    const pattern = "^([ab]+)([ab]+)([ab]+)([ab]+)\\1\\2\\3\\4$";
    const client = await database.pool.connect();
    try {
      await client.query("set statement_timeout = '300ms'");
      await expect(client.query("select $1::text ~ $2", [long, pattern])).rejects.toMatchObject({
        code: "57014",
      });
      await expect(client.query("select $1::text ~ $2", [long, "(?=.*(?=.*(?=.*x)))"])).rejects.toMatchObject(
        {
          code: "57014",
        },
      );
      for (const refused of [
        pattern,
        "(?=.*(?=.*(?=.*x)))",
        "(?<!a(?!b))c",
        "(((a{1,90}){1,90}){1,90}){1,90}",
      ]) {
        const { rows } = await client.query(
          "select utils.compare_value(to_jsonb($1::text), 'regex', $2, 'text') as met",
          [long, refused],
        );
        expect(rows).toEqual([{ met: null }]);
      }
    } finally {
      await client.query("reset statement_timeout");
      client.release();
    }
  });

  test("what is allowed ends soon, even where other engines do not", async () => {
    for (const [operator, pattern] of [
      ["regex", "(a+)+$"],
      ["regex", "^(([a-z])+.)+[A-Z]([a-z])+$"],
      ["regex", "(.*a.*b.*){1,9}c$"],
      ["regex", `(${"a?b?".repeat(20)})*${"[ab]".repeat(20)}cc`],
      ["regex", "((a|b){1,16}a(a|b){1,16})*cc"],
      ["not_regex", "(a|b)*a(a|b){200}cc"],
      ["like", "%a_".repeat(66) + "c"],
      ["ilike", "%A_".repeat(66) + "C"],
    ]) {
      const begin = performance.now();
      const { rows } = await database.pool.query(
        "select utils.compare_value(to_jsonb($1::text), $2, $3, 'text') as met",
        [long.slice(0, 9_999) + "c", operator, pattern],
      );
      expect(rows[0].met).toBeTypeOf("boolean");
      expect(performance.now() - begin).toBeLessThan(2_000);
    }
  });

  test("a text of over 10,000 characters is not held against a pattern", async () => {
    const { rows } = await database.pool.query(
      "select utils.compare_value(to_jsonb(repeat('a', n)), 'like', 'a%', 'text') as met from unnest('{10000,10001}'::int[]) as n",
    );
    expect(rows).toEqual([{ met: true }, { met: null }]);
  });
});

describe("two writers at once", () => {
  test("a factor and the change of its datapoint see each other", async () => {
    await database.pool.query(`
      select test_setup.setup_sourcing_test_data();
      delete from public.factor;
      insert into datapoint (id, object_type_id, name) values (test_setup.id('person.age'), test_setup.id('person'), 'age')`);
    const [one, two] = [await database.pool.connect(), await database.pool.connect()];
    const add = `insert into factor (activity_id, org_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail)
      values (test_setup.id('source people'), test_setup.id('org acme'), 'option', test_setup.id('person'), test_setup.id('person.age'), 'like', '4%', true)`;
    const retype = "update datapoint set value_type = 'number' where id = test_setup.id('person.age')";
    try {
      for (const [first, second] of [
        [add, retype],
        [retype, add],
      ]) {
        await one.query("begin");
        await one.query(first!);
        const outcome = two.query(second!).then(
          () => "written",
          (error: { code: string }) => error.code,
        );
        await Promise.race([outcome, waitsForLock()]);
        await one.query("commit");
        expect(await outcome).toBe("ETL07");
        await database.pool.query(
          "delete from factor; update datapoint set value_type = 'text' where id = test_setup.id('person.age')",
        );
      }
    } finally {
      one.release();
      two.release();
    }
  });

  async function waitsForLock(): Promise<void> {
    for (let looks = 0; looks < 5_000; looks++) {
      const { rows } = await database.pool.query(
        "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      if (rows.length > 0) return;
    }
  }
});

describe("docs/factors.md", () => {
  const guide = readFileSync(new URL("../../docs/factors.md", import.meta.url), "utf8");

  test("its SQL does what it says", async () => {
    await database.pool.query(`
      delete from public.factor;
      insert into object_type (id, name, key_datapoints) values (test_setup.id('guide'), 'company', '{domain}') on conflict do nothing;
      insert into datapoint (object_type_id, name, value_type)
      select t.id, d.name, d.value_type
      from object_type as t
      cross join (values ('employees', 'number'), ('industry', 'text'), ('founded_date', 'date'), ('public', 'boolean'),
        ('technologies', 'list')) as d (name, value_type)
      where t.name = 'company'
      on conflict do nothing;
      insert into activity (name, activity_type, object_type_id)
      select 'Find companies', 'sourcing', id from object_type where name = 'company'`);
    const blocks = [...guide.matchAll(/^```(sql|text)\n(.*?)^```$/gms)].map((match) => [
      match[1]!,
      match[2]!,
    ]);
    let answers = 0;
    let rows: unknown[][] = [];
    for (const [kind, text] of blocks) {
      if (kind === "sql") {
        const result = await database.pool.query<unknown[]>({ text: text!, rowMode: "array" });
        rows = result.rows;
      } else {
        const words = new Map<unknown, string>([
          [true, "t"],
          [false, "f"],
          [null, "null"],
        ]);
        expect(rows.map((row) => row.map((cell) => words.get(cell) ?? String(cell)).join(" | "))).toEqual(
          text!.trim().split("\n"),
        );
        answers++;
      }
    }
    expect(answers).toBe(2);
  });

  test("its table names the operators of each type", async () => {
    const { rows } = await database.pool.query(
      "select t.type, array(select o::text from unnest(utils.factor_operators(t.type)) as o) as operators from unnest($1::text[]) as t (type)",
      [valueTypes],
    );
    const told = new Map<string, string[]>();
    const words = (text: string) => [...text.matchAll(/`(\w+)`/g)].map((match) => match[1]!);
    for (const [, first, second] of guide.matchAll(/^\| (`.*?) +\| (.*?) +\|$/gm)) {
      for (const type of words(first!)) {
        if (type !== "value_type") told.set(type, second === "all of them" ? operators : words(second!));
      }
    }
    expect(new Map(rows.map((row) => [row.type, row.operators]))).toEqual(told);
  });
});
