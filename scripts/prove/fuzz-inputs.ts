/** Random documents, mappings, templates and answers: mostly right ones with something done to them. */
import fc from "fast-check";

/** JSON as text: numbers of any length and nesting of any depth do not pass through JavaScript. */
export type Text = string;

/** Stands for a piece of JSON text in a value. */
const rawKey = "\u2063raw";
const raw = (text: string): unknown => ({ [rawKey]: text });
const rawPlace = new RegExp(`\\{"${rawKey}":"((?:[^"\\\\]|\\\\.)*)"\\}`, "g");

/** A value as JSON text. */
export function textOf(value: unknown): Text {
  // Without ids in the way of numbers: what a key called __proto__ was set to is not lost.
  return (JSON.stringify(value) ?? "null").replace(
    rawPlace,
    (_, text: string) => JSON.parse(`"${text}"`) as string,
  );
}

const nested = (depth: number, open: string, core: string, close: string): unknown =>
  raw(open.repeat(depth) + core + close.repeat(depth));

const words = [
  "",
  " ",
  "\t\n",
  "null",
  "true",
  "NaN",
  "Infinity",
  "-0",
  "0x10",
  "1e5",
  "__proto__",
  "constructor",
  "\u202eabc",
  "\ufeff",
  "ﬀ",
  "İ",
  "ß",
  "e\u0301",
  "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
  "\u{10ffff}",
  "\ufffd",
  "\u0001",
  "%",
  "%s%n",
  "\\",
  "'",
  '"',
  "'; drop table org; --",
  "$1",
  "$$",
  "{}",
  "[]",
  "*",
  "**",
  "..",
  "<<$objects>>",
  "<<$object.domain>>",
  "<<$secret.KEY>>",
  "<<$nothing>>",
  "<<$",
  ">>",
  "<<$run_setup.a.b.c>>",
  "<<<<$cursor>>>>",
  "activity",
  "enrichment",
  "00000000-0000-0000-0000-000000000000",
  "2026-02-30",
  "2026-01-01T00:00:00Z",
  "infinity",
  "-infinity",
  "epoch",
  "24:00:60",
  "http://",
  "https://a.test/x",
  "javascript:alert(1)",
  "x".repeat(300),
  "ü".repeat(5_000),
  "a".repeat(70_000),
];
const numbers = [
  0,
  -1,
  1,
  2,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  5e-324,
  raw("1e400"),
  raw("-1e-400"),
  raw("123456789012345678901234567890.123456789"),
  raw("1e30000"),
  raw(`0.${"0".repeat(400)}1`),
  raw("9".repeat(400)),
  raw("-0.0"),
];

const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...words) },
  { weight: 2, arbitrary: fc.string({ unit: "grapheme", maxLength: 30 }) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
);
// A half pair, and U+0000, are no text that a database takes: what hands text in makes U+FFFD of them.
const storable = text.map((value) => value.replace(/\0|\p{Surrogate}/gu, "\ufffd"));
const leaf = fc.oneof(
  storable,
  fc.constantFrom(...numbers),
  fc.constantFrom<unknown>(null, true, false, [], {}),
);

/** Anything at all. */
const anything: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    leaf,
    fc.array(tie("any"), { maxLength: 5 }),
    fc.dictionary(storable, tie("any"), { maxKeys: 5 }),
  ),
})).any!;
const deep = fc
  .tuple(fc.integer({ min: 5, max: 900 }), fc.constantFrom(0, 1, 2))
  .map(([depth, kind]) =>
    kind === 0
      ? nested(depth, "[", "1", "]")
      : kind === 1
        ? nested(depth, '{"a":', "{}", "}")
        : nested(depth, '[{"path":', '["*"]', "}]"),
  );
const wide = fc
  .integer({ min: 100, max: 3_000 })
  .map((count) => Array.from({ length: count }, (_, index) => index));
export const strange = fc.oneof(
  { weight: 20, arbitrary: anything },
  { weight: 1, arbitrary: deep },
  { weight: 1, arbitrary: wide },
);

interface Change {
  at: number;
  how: "replace" | "remove" | "rename" | "double" | "wrap" | "list" | "swap";
  value: unknown;
  name: string;
}
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(),
  how: fc.constantFrom("replace", "replace", "replace", "remove", "rename", "double", "wrap", "list", "swap"),
  value: strange,
  name: storable,
});

type Container = Record<string, unknown> | unknown[];
const isContainer = (value: unknown): value is Container =>
  typeof value === "object" && value !== null && !(rawKey in value);

/** Every place of a value: its container and key. */
function places(value: unknown): [Container, string][] {
  if (!isContainer(value)) return [];
  return Object.keys(value).flatMap((key) => [
    [value, key] as [Container, string],
    ...places((value as Record<string, unknown>)[key]),
  ]);
}

/** Does something to a value, in place. */
function apply(holder: { root: unknown }, { at, how, value, name }: Change): void {
  const all = places(holder);
  const [container, key] = all[at % all.length]!;
  const members = container as Record<string, unknown>;
  const now = members[key];
  if (how === "remove" && container !== (holder as unknown)) {
    if (Array.isArray(container)) container.splice(Number(key), 1);
    else delete members[key];
  } else if (how === "rename" && !Array.isArray(container) && container !== (holder as unknown)) {
    delete members[key];
    Object.defineProperty(members, name, {
      value: now,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else if (how === "double") members[key] = [now, structuredClone(now)];
  else if (how === "wrap") members[key] = { [name]: now };
  else if (how === "list") members[key] = [now];
  else if (how === "swap") {
    const [other, otherKey] = all[(at * 7 + 3) % all.length]!;
    members[key] = structuredClone((other as Record<string, unknown>)[otherKey]);
  } else members[key] = value;
}

/** A right value with up to three things done to it, most often one; now and then anything. */
export function mutated(right: fc.Arbitrary<unknown>): fc.Arbitrary<Text> {
  return fc.oneof(
    {
      weight: 12,
      arbitrary: fc
        .tuple(
          right,
          fc.oneof(
            { weight: 3, arbitrary: fc.array(change, { minLength: 1, maxLength: 1 }) },
            { weight: 1, arbitrary: fc.array(change, { maxLength: 3 }) },
          ),
        )
        .map(([value, changes]) => {
          const holder = { root: structuredClone(value) };
          for (const one of changes) apply(holder, one);
          return textOf(holder.root);
        }),
    },
    { weight: 1, arbitrary: strange.map(textOf) },
  );
}

const pathElement = fc.oneof(
  fc.constantFrom<unknown>("company", "sector", "hits", "*", "**", 0, -1, 1, "a", "domain"),
  storable,
  fc.integer(),
);
const path = fc.oneof(
  fc.array(pathElement, { minLength: 1, maxLength: 6 }),
  storable,
  fc.array(fc.constantFrom("*", "**", "**", "*"), { minLength: 1, maxLength: 8 }),
);
const transform = fc.constantFrom(
  "trim",
  "lower",
  "upper",
  "number",
  "date",
  "boolean",
  "timestamp",
  "text",
  "list",
  "json",
  "nothing",
  "",
);

/** `key_mapping_json` of a datapoint. */
export const datapointMapping = mutated(
  fc.oneof(
    path,
    fc.record({ path, transform, default: strange }, { requiredKeys: ["path"] }),
    fc.record({ path: fc.constant(["sector"]), transform, default: strange }, { requiredKeys: ["path"] }),
  ),
);
/** `key_mapping_json` of an object. */
export const objectMapping = mutated(
  fc.oneof(
    path,
    fc.record(
      {
        path,
        fields: fc.dictionary(fc.oneof(fc.constantFrom("domain", "industry", "employees"), storable), path, {
          maxKeys: 4,
        }),
      },
      { requiredKeys: [] },
    ),
  ),
);

/** `run_request_template`. */
export const template = mutated(
  fc.record(
    {
      method: fc.constantFrom("GET", "POST", "PUT", "get"),
      url: fc.constantFrom(
        "https://api.example/<<$object.domain>>",
        "https://api.example/?q=<<$objects>>",
        "https://<<$run_setup.host>>/",
        "https://api.example/",
      ),
      query: fc.constantFrom<unknown>(
        { domain: "<<$object.domain>>" },
        { "<<$max_objects>>": ["<<$datapoints>>"] },
        {},
      ),
      headers: fc.constantFrom<unknown>({ authorization: "Bearer <<$secret.KEY>>" }, { "x-n": "<<$page>>" }),
      body: fc.constantFrom<unknown>(
        { about: "<<$objects>>", want: "<<$datapoints>>", which: "<<$criteria>>" },
        "<<$objects>>",
        { nested: [{ "<<$object.domain>>": "<<$run_setup>>" }] },
      ),
      response: fc.record(
        { objects: path, error: path, next_cursor: path, external_id: path },
        { requiredKeys: ["objects"] },
      ),
    },
    { requiredKeys: ["method", "url"] },
  ),
);

/** What a third party says: the body alone. */
export const body = mutated(
  fc.oneof(
    fc.constant({ company: { domain: "a.test", sector: "Anvils", staff: 12 } }),
    fc.constant({
      company: [
        { domain: "a.test", sector: "Anvils" },
        { domain: "b.test", staff: "12" },
      ],
    }),
    fc.constant({ hits: [{ domain: "a.test" }, { domain: "a.test" }], next: "2" }),
  ),
);

/** What is reported of an HTTP request beside its id, its lease and the body. */
export const report = mutated(
  fc.record(
    {
      status: fc.constantFrom<unknown>(
        200,
        200,
        200,
        201,
        204,
        301,
        400,
        404,
        408,
        410,
        429,
        500,
        503,
        0,
        999,
      ),
      headers: fc.constantFrom<unknown>(
        { "content-type": "application/json" },
        { "retry-after": "1" },
        { "retry-after": "99999999999999" },
        { "retry-after": "Fri, 31 Feb 2026 00:00:00 GMT" },
      ),
      body_text: storable,
      error: fc.record({
        kind: fc.constantFrom("timeout", "network", "too_large", "blocked", "secret_missing", "other"),
        message: storable,
      }),
      duration_ms: fc.constantFrom<unknown>(1, 0, -1, 1.5, raw("1e30")),
    },
    { requiredKeys: ["status"] },
  ),
);

/** `data` of a request for one of these activities. */
export function document(activities: string[], endpoint: string): fc.Arbitrary<Text> {
  const number = fc.constantFrom<unknown>(1, 2, 3, 0, -1, 1.5, 100, raw("1e400"));
  const webhook = fc.constantFrom<unknown>({ url: "https://client.example/hook" }, { endpoint });
  const key = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom("one", "two", "three") },
    { weight: 1, arbitrary: storable },
  );
  const activity = fc.record(
    {
      id: fc.constantFrom(...activities),
      type: fc.constant("activity"),
      setup: fc.record({
        config: fc.record(
          {
            phase: number,
            max_objects: number,
            datapoints: fc.constantFrom<unknown>(["industry"], ["industry", "employees"]),
            extra: strange,
          },
          { requiredKeys: [] },
        ),
      }),
      destination: fc.record(
        { webhook, activity: fc.constantFrom(...activities).map((id) => ({ id: [id] })) },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: ["id"] },
  );
  return mutated(
    fc.record(
      {
        input: fc.constantFrom<unknown>(
          { companies: [{ domain: "a.test" }] },
          { companies: [{ domain: "b.test" }, { domain: "c.test" }] },
        ),
        data: fc.dictionary(key, activity, { minKeys: 1, maxKeys: 3 }),
        config: fc.record({ timeout_seconds: number }),
        destination: fc.record({ webhook }),
      },
      { requiredKeys: ["input", "data"] },
    ),
  );
}
