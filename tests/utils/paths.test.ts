import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";
import { awkward, isObject, json, member, object, parse, text, type Json } from "./json.ts";

type Step = string | number;
interface Node {
  location: string[];
  value: Json;
}

let database: TestDatabase;
beforeAll(async () => {
  console.log(`paths: seed ${inject("seed")}`);
  database = await freshDatabase();
});
afterAll(async () => {
  await database.drop();
});

/** Every node of a document, in document order. */
function* nodes(value: Json, location: string[] = []): Generator<Node> {
  yield { location, value };
  if (Array.isArray(value))
    for (const [n, part] of value.entries()) yield* nodes(part, [...location, String(n)]);
  else if (isObject(value)) for (const [name, part] of value.members) yield* nodes(part, [...location, name]);
}

/** The locations a path selects from a node, as the contract words it; nothing is said of their order. */
function select(value: Json, steps: Step[], location: string[], found: Set<string>): Set<string> {
  const [step, ...rest] = steps;
  const into = (key: string | number, part: Json | undefined, then = rest) => {
    if (part !== undefined) select(part, then, [...location, String(key)], found);
  };
  const children: [string | number, Json][] = Array.isArray(value)
    ? [...value.entries()]
    : isObject(value)
      ? value.members
      : [];
  if (step === undefined) found.add(JSON.stringify(location));
  else if (step === "*") for (const [key, part] of children) into(key, part);
  else if (step === "**") {
    select(value, rest, location, found);
    for (const [key, part] of children) if (Array.isArray(part) || isObject(part)) into(key, part, steps);
  } else if (typeof step === "number") {
    if (Array.isArray(value)) {
      const n = step < 0 ? value.length + step : step;
      if (n >= 0) into(n, value[n]);
    }
  } else if (Array.isArray(value)) {
    for (const [n, part] of value.entries()) {
      const inner = member(part, step);
      if (inner !== undefined) select(inner, rest, [...location, String(n), step], found);
    }
  } else into(step, member(value, step));
  return found;
}

function model(document: Json, steps: Step[]): Node[] {
  const found = select(document, steps, [], new Set());
  return [...nodes(document)].filter((node) => found.has(JSON.stringify(node.location)));
}

async function ask(sql: string, document: Json, path: unknown): Promise<Node[]> {
  const { rows } = await database.pool.query<{ value: string; path: string[] }>(
    `select r.value::text as value, r.path from ${sql} as r`,
    [text(document), JSON.stringify(path)],
  );
  return rows.map((row) => ({ location: row.path, value: parse(row.value) }));
}

const names = awkward.filter((name) => name !== "*" && name !== "**");
const few = ["a", "b", "name", "0", ""];
const step = (pool: string[]): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...pool) },
    { weight: 3, arbitrary: fc.constant("*") },
    { weight: 2, arbitrary: fc.constant("**") },
    { weight: 1, arbitrary: fc.integer({ min: -3, max: 3 }) },
  );
const path = (pool: string[]) => fc.array(step(pool), { maxLength: 4 });
const small = fc.oneof(fc.tuple(json(few), path(few)), fc.tuple(json(), path(names)));

/** Lists of some hundreds of things of few kinds, one of which may be rare: what large payloads look like. */
const large = fc
  .tuple(
    fc.array(json(few), { minLength: 1, maxLength: 3 }),
    json(few),
    fc.nat({ max: 399 }),
    fc.constantFrom("list", "members", "lists", "wrapped"),
    path(few),
  )
  .map(([kinds, rare, place, form, steps]): [Json, Step[]] => {
    const parts = Array.from({ length: 400 }, (_, n) => (n === place ? rare : kinds[n % kinds.length]!));
    const pad: [string, Json] = ["padding", "x".repeat(20_000)];
    if (form === "list") return [[...parts, object([pad])], steps];
    if (form === "members")
      return [object([pad, ...parts.map((part, n): [string, Json] => [`m${n % 300}`, part])]), steps];
    if (form === "lists")
      return [object([pad, ["a", [parts.slice(0, 200), parts.slice(200)]]]), ["a", ...steps]];
    return [object([pad, ["a", parts.map((part) => object([["b", part]]))]]), ["a", ...steps]];
  });

/** Paths that find nodes of several shapes. */
const branching = fc.tuple(
  json(few),
  fc.constantFrom<Step[]>(
    ["**"],
    ["**", "a"],
    ["**", "*"],
    ["*", "**"],
    ["*", "*"],
    ["*", "a"],
    ["**", "b", "a"],
    ["**", 0],
  ),
);

describe("utils.jsonb_resolve", () => {
  test("finds what the model finds, in document order", async () => {
    await fc.assert(
      fc.asyncProperty(small, async ([document, steps]) => {
        const found = await ask("utils.jsonb_resolve($1::jsonb, $2::jsonb)", document, steps);
        expect(found).toEqual(model(document, steps));
      }),
      { numRuns: 600 },
    );
  });

  test("finds the same in large documents, however they are read", async () => {
    await fc.assert(
      fc.asyncProperty(large, async ([document, steps]) => {
        const found = await ask("utils.jsonb_resolve($1::jsonb, $2::jsonb)", document, steps);
        expect(found).toEqual(model(document, steps));
      }),
      { numRuns: 120 },
    );
  }, 60_000);

  test("takes a bare string as an array of one", async () => {
    await fc.assert(
      fc.asyncProperty(json(), fc.constantFrom(...awkward), async (document, name) => {
        const found = await ask("utils.jsonb_resolve($1::jsonb, $2::jsonb)", document, name);
        expect(found).toEqual(model(document, [name]));
      }),
      { numRuns: 100 },
    );
  });

  test("gives locations that lead back to the values", async () => {
    await fc.assert(
      fc.asyncProperty(small, async ([document, steps]) => {
        const { rows } = await database.pool.query<{ right: boolean }>(
          "select r.value = $1::jsonb #> r.path as right from utils.jsonb_resolve($1, $2::jsonb) as r",
          [text(document), JSON.stringify(steps)],
        );
        expect(rows.every((row) => row.right)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

describe("shapes", () => {
  test("a plain shape gives all nodes, or there is none", async () => {
    let given = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(small, large), async ([document, steps]) => {
        const { rows } = await database.pool.query<{ shape: string[] | null }>(
          "select utils.jsonb_plain_shape($1, $2) as shape",
          [text(document), JSON.stringify(steps)],
        );
        if (rows[0]!.shape === null) return;
        given++;
        const found = await ask(
          "utils.jsonb_shape_nodes($1::jsonb, utils.jsonb_plain_shape($1::jsonb, $2::jsonb), true)",
          document,
          steps,
        );
        expect(found).toEqual(model(document, steps));
      }),
      { numRuns: 300 },
    );
    expect(given).toBeGreaterThan(10);
  }, 60_000);

  test("complete shapes give all nodes, or there are none", async () => {
    let given = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(branching, large), async ([document, steps]) => {
        const { rows } = await database.pool.query<{ shapes: string[][] | null }>(
          "select utils.jsonb_complete_shapes($1, $2) as shapes",
          [text(document), JSON.stringify(steps)],
        );
        if (rows[0]!.shapes === null) return;
        if (rows[0]!.shapes.length > 1) given++;
        const found = await ask(
          `(select distinct on (n.place) n.value, n.path
            from pg_catalog.jsonb_array_elements(utils.jsonb_complete_shapes($1::jsonb, $2::jsonb)) as s (shape)
            cross join lateral utils.jsonb_shape_nodes(
              $1::jsonb, array(select pg_catalog.jsonb_array_elements_text(s.shape)), true) as n
            order by n.place)`,
          document,
          steps,
        );
        expect(found).toEqual(model(document, steps));
      }),
      { numRuns: 300 },
    );
    expect(given).toBeGreaterThan(5);
  }, 60_000);

  test("a path's nodes are never counted too low", async () => {
    await fc.assert(
      fc.asyncProperty(small, async ([document, steps]) => {
        const { rows } = await database.pool.query<{ count: number }>(
          "select utils.path_count($1, $2) as count",
          [text(document), JSON.stringify(steps)],
        );
        expect(rows[0]!.count).toBeGreaterThanOrEqual(model(document, steps).length);
      }),
      { numRuns: 300 },
    );
  });
});

describe("values", () => {
  test("are those of jsonb_resolve, in its order, the first one first", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(small, small, large), async ([document, steps]) => {
        const { rows } = await database.pool.query<{ found: string[]; first: string | null }>(
          `select array(select r::text from utils.jsonb_resolve_values($1, $2) as r) as found,
             utils.jsonb_resolve_first($1, $2)::text as first`,
          [text(document), JSON.stringify(steps)],
        );
        const expected = model(document, steps).map((node) => node.value);
        expect(rows[0]!.found.map(parse)).toEqual(expected);
        expect(rows[0]!.first === null ? undefined : parse(rows[0]!.first)).toEqual(expected[0]);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

describe("utils.jsonb_resolve_object_names", () => {
  test("gives the objects at the path, arrays of them opened once, each one once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(small, large), async ([document, steps]) => {
        const { rows } = await database.pool.query<{ object: string; raw: string; path: string[] }>(
          "select o.object::text, o.raw::text, o.path from utils.jsonb_resolve_object_names($1, $2) as o",
          [text(document), JSON.stringify(steps)],
        );
        const found = new Set<string>();
        for (const { location, value } of model(document, steps)) {
          if (isObject(value)) found.add(JSON.stringify(location));
          else if (Array.isArray(value))
            for (const [n, part] of value.entries())
              if (isObject(part)) found.add(JSON.stringify([...location, String(n)]));
        }
        const expected = [...nodes(document)].filter((node) => found.has(JSON.stringify(node.location)));
        expect(rows.map((row) => ({ location: row.path, value: parse(row.raw) }))).toEqual(expected);
        expect(rows.every((row) => row.object === row.raw)).toBe(true);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

describe("many documents at once", () => {
  const mapping = (steps: Step[]) =>
    fc.oneof(
      fc.constant(steps as unknown),
      fc.record(
        {
          path: fc.constant(steps as unknown),
          default: fc.constantFrom("x", null, [1]),
          transform: fc.constantFrom("text", "number", "date", "boolean", "trim|lower"),
          fields: fc.dictionary(
            fc.constantFrom("a", "b", "c"),
            fc.oneof(
              path(few),
              fc.record({ path: path(few), default: fc.constant(1) }),
            ) as fc.Arbitrary<unknown>,
            { maxKeys: 3 },
          ),
        },
        { requiredKeys: ["path"] },
      ),
    );
  /** What looks like a number or a date, and nearly does. */
  const scalars: Json[] = ["12", "-1.50", " 7 ", "1,000", "5%", "2024-02-28", "2024-02-29", "2023-02-29"];
  scalars.push("0000-01-01", "2024-1-1", "2024-02-28\n", "yes", "x", 0, -1.5, 1_700_000_000, true, null);
  const documents = fc.oneof(
    fc.tuple(fc.array(fc.option(fc.constantFrom(...scalars)), { maxLength: 6 }), mapping([])),
    fc.tuple(fc.array(fc.option(json(few, scalars)), { maxLength: 6 }), path(few).chain(mapping)),
    fc.tuple(fc.array(fc.option(json()), { maxLength: 6 }), path(names).chain(mapping)),
  );
  const parameters = (all: (Json | null)[], how: unknown) => [
    all.map((document) => (document === null ? null : text(document))),
    JSON.stringify(how),
  ];

  test("give the values that each one gives", async () => {
    let given = 0;
    await fc.assert(
      fc.asyncProperty(documents, async ([all, how]) => {
        const { rows } = await database.pool.query<{ each: unknown; one: unknown }>(
          `select pg_catalog.to_jsonb(utils.jsonb_resolve_value_each($1::jsonb[], $2)) as each,
             pg_catalog.to_jsonb(array(
               select utils.jsonb_resolve_value(d.value, $2)
               from pg_catalog.unnest($1::jsonb[]) with ordinality as d (value, n) order by d.n)) as one`,
          parameters(all, how),
        );
        expect(rows[0]!.each).toEqual(rows[0]!.one);
        if (JSON.stringify(rows[0]!.each) !== JSON.stringify(all.map(() => null))) given++;
      }),
      { numRuns: 400 },
    );
    expect(given).toBeGreaterThan(20);
  }, 60_000);

  test("give the objects that each one gives, and the fields that its mapping names", async () => {
    let given = 0;
    await fc.assert(
      fc.asyncProperty(documents, async ([all, how]) => {
        const { rows } = await database.pool.query<{ each: unknown[]; one: unknown[] }>(
          `select
             array(select pg_catalog.to_jsonb(e)
               from utils.jsonb_resolve_object_names_each($1::jsonb[], $2) as e) as each,
             array(select pg_catalog.jsonb_build_object('document', d.n, 'path', o.path, 'raw', o.raw, 'object',
                 case when f.fields is null then o.raw else coalesce((
                   select pg_catalog.jsonb_object_agg(f.key, v.value)
                   from pg_catalog.jsonb_each(f.fields) as f
                   cross join lateral utils.jsonb_resolve_value(o.raw, f.value) as v (value)
                   where v.value is not null), '{}') end)
               from pg_catalog.unnest($1::jsonb[]) with ordinality as d (value, n)
               cross join lateral (select ($2::jsonb) -> 'fields' as fields) as f
               cross join lateral utils.jsonb_resolve_object_names(d.value, $2) with ordinality as o (object, path, raw, n)
               order by d.n, o.n) as one`,
          parameters(all, how),
        );
        expect(rows[0]!.each).toEqual(rows[0]!.one);
        if (rows[0]!.each.length > 0) given++;
      }),
      { numRuns: 400 },
    );
    expect(given).toBeGreaterThan(20);
  }, 60_000);
});

describe("transforms", () => {
  const transforms = [
    "trim",
    "lower",
    "upper",
    "number",
    "integer",
    "date",
    "boolean",
    "text",
    "string",
    "json",
    "no",
  ];
  const fragments = [
    ...[
      " ",
      "\t",
      "1",
      "0",
      "12",
      "-",
      "+",
      ".",
      ",",
      "e",
      "E5",
      "e99999",
      "%",
      "2024",
      "-02-",
      "-02-29",
      "T10:00:00Z",
    ],
    ...[
      "true",
      "null",
      "[",
      "]",
      "{",
      "}",
      '"',
      '"a"',
      ":",
      "\\",
      "\\u00",
      "\\u0000",
      "\\ud83d",
      "\\ude00",
      "\u0001",
      "𝒳",
    ],
    ...["9".repeat(300), "1e400", "0x1", "NaN", "Infinity", "yes", "\n"],
  ];
  const content = fc.oneof(
    fc.array(fc.constantFrom(...fragments), { maxLength: 8 }).map((parts) => parts.join("")),
    fc.json(),
  );

  test("never raise, whatever the value", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(content, json(), fc.bigInt()),
        fc.array(fc.constantFrom(...transforms), { minLength: 1, maxLength: 3 }),
        async (value, chain) => {
          const source = typeof value === "bigint" ? String(value) : text(value as Json);
          await database.pool.query("select utils.apply_transform($1, $2)", [source, chain.join("|")]);
        },
      ),
      { numRuns: 800 },
    );
  });

  test("json takes exactly what PostgreSQL takes as jsonb", async () => {
    let valid = 0;
    const takes = async (source: string) => {
      try {
        return (await database.pool.query<{ j: string }>("select $1::jsonb::text as j", [source])).rows[0]!.j;
      } catch {
        return null;
      }
    };
    await fc.assert(
      fc.asyncProperty(content, async (source) => {
        const expected = await takes(source);
        if (expected !== null) valid++;
        const { rows } = await database.pool.query<{ j: string | null }>(
          "select utils.parse_json($1)::text as j",
          [source],
        );
        expect(rows[0]!.j).toBe(expected);
      }),
      { numRuns: 800 },
    );
    expect(valid).toBeGreaterThan(100);
  });
});
