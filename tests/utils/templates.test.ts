import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";
import { isObject, json, member, object, parse, text, type Json } from "./json.ts";

let database: TestDatabase;
beforeAll(async () => {
  console.log(`templates: seed ${inject("seed")}`);
  database = await freshDatabase();
});
afterAll(async () => {
  await database.drop();
});

class Missing extends Error {}

/** The value at a dotted name, as jsonb's #> walks: members by name, elements by index, also from the end. */
function lookUp(vars: Json, name: string): Json {
  const steps = name.split(".");
  if (steps[0] === "secret") throw new Missing(name);
  let value: Json | undefined = vars;
  for (const step of steps) {
    if (Array.isArray(value)) {
      const n: number = /^\s*[+-]?[0-9]+$/.test(step) ? Number(step) : NaN;
      value = value[n < 0 ? value.length + n : n];
    } else value = member(value ?? null, step);
    if (value === undefined) throw new Missing(name);
  }
  return value;
}

const asText = (value: Json) => (value === null ? "" : typeof value === "string" ? value : text(value));

/** RFC 3986, which encodeURIComponent leaves by five characters. */
const encode = (value: string) =>
  encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

type Part = { literal: string } | { name: string } | { secret: string };

/** The parts of a template's string, read from left to right. */
function parts(source: string): Part[] {
  const found: Part[] = [];
  for (let at = 0; at < source.length;) {
    const rest = source.slice(at);
    const escape = /^<<\$(\$+secret\.)/.exec(rest);
    const secret = /^<<\$secret\.([A-Za-z0-9_][A-Za-z0-9_.-]*)>>/.exec(rest);
    const placeholder = /^<<\$([A-Za-z_][A-Za-z0-9_]*(?:\.[^.<>]+)*)>>/.exec(rest);
    if (escape) found.push({ literal: `<<${escape[1]}` });
    else if (secret) found.push({ secret: secret[1]! });
    else if (placeholder) found.push({ name: placeholder[1]! });
    else found.push({ literal: source[at]! });
    at += (escape ?? secret ?? placeholder)?.[0].length ?? 1;
  }
  return found;
}

const resolved = (name: string) => `\u{1F511}${name}\u{1F511}`;

/** What goes over the wire: placeholders and the template's own secrets filled in, in one step. */
function send(template: Json, vars: Json): Json {
  const string = (source: string, inUrl: boolean): string =>
    parts(source)
      .map((part) => {
        if ("literal" in part) return part.literal;
        if ("secret" in part) return resolved(part.secret);
        const value = asText(lookUp(vars, part.name));
        return inUrl ? encode(value) : value;
      })
      .join("");
  const walk = (value: Json, inUrl = false): Json => {
    if (typeof value === "string") {
      const [only, ...more] = parts(value);
      return only !== undefined && more.length === 0 && "name" in only
        ? lookUp(vars, only.name)
        : string(value, inUrl);
    }
    if (Array.isArray(value)) return value.map((part) => walk(part));
    if (isObject(value))
      return object(value.members.map(([name, part]) => [string(name, false), walk(part)]));
    return value;
  };
  if (!isObject(template)) return walk(template);
  const encoded = template.members.filter(
    ([name, part]) => /^(url|query)$/.test(name) && typeof part === "string",
  );
  const plain = template.members.filter(
    ([name, part]) => !encoded.some(([k, v]) => k === name && v === part),
  );
  return object([
    ...encoded.map(([name, part]): [string, Json] => [name, walk(part, true)]),
    ...(walk(object(plain.filter(([name]) => name !== "response"))) as { members: [string, Json][] }).members,
  ]);
}

/** What the sender does with a rendered request: one pass over every string. */
function fillSecrets(value: Json): Json {
  const string = (source: string) =>
    source.replace(
      /<<\$(?:secret\.([A-Za-z0-9_][A-Za-z0-9_.-]*)>>|(\$+secret\.))/g,
      (_, name?: string, kept?: string) => (name === undefined ? `<<${kept}` : resolved(name)),
    );
  if (typeof value === "string") return string(value);
  if (Array.isArray(value)) return value.map(fillSecrets);
  if (isObject(value)) return object(value.members.map(([name, part]) => [string(name), fillSecrets(part)]));
  return value;
}

/** Everything that could be taken for a placeholder, and what it is made of. */
const fragments = [
  ...[
    "<<$object.name>>",
    "<<$objects>>",
    "<<$max_objects>>",
    "<<$cursor>>",
    "<<$object.a b>>",
    "<<$objects.0.name>>",
  ],
  ...[
    '<<$object.q"x>>',
    "<<$object.b\\s>>",
    "<<$objects.-1>>",
    "<<$run_setup>>",
    "<<$secret.KEY>>",
    "<<$secret.a.b>>",
  ],
  ...[
    "<<$$secret.KEY>>",
    "<<$$$secret.KEY>>",
    "<",
    "<<",
    "<<$",
    "$",
    ">>",
    "secret.KEY>>",
    "$secret.KEY>>",
    "KEY>>",
  ],
  ...[
    "x",
    " ",
    '"',
    "\\",
    ":",
    ", ",
    "é",
    "𝒳",
    "\n",
    "\u0001",
    "\u0005",
    "%",
    "&=?/",
    "\\1",
    "\\&",
    "<<$secret.",
    ".",
  ],
];
const bad = ["<<$missing>>", "<<$object.missing>>", "<<$secret>>", "<<$objects.9>>", "<<$secret.a b>>"];
const strings = (pool: string[]) =>
  fc.array(fc.constantFrom(...pool), { maxLength: 5 }).map((all) => all.join(""));
const structure = (pool: string[]) =>
  strings(pool)
    .chain((name) => fc.tuple(fc.constant(name), strings(pool), strings(pool)))
    .chain(([a, b, c]) => json([a, b, c, "url", "response", "q"], [a, b, c, 1, null, true]));
const template = (pool: string[]) =>
  fc.oneof(
    structure(pool),
    fc
      .record({
        url: fc.oneof(strings(pool), structure(pool)),
        query: fc.oneof(strings(pool), structure(pool)),
        headers: structure(pool),
        body: structure(pool),
        response: structure(pool),
      })
      .map((record) => object(Object.entries(record))),
  );
const data = strings(fragments).chain((content) =>
  strings(fragments).chain((other) => json(["name", content, other], [content, other, 7, null, false, 1.5])),
);
const vars = fc
  .record({
    a: data,
    b: data,
    c: data,
    d: data,
    cursor: data,
    objects: fc.array(data, { minLength: 1, maxLength: 2 }),
  })
  .map(({ a, b, c, d, cursor, objects }) =>
    object([
      [
        "object",
        object([
          ["name", a],
          ["a b", b],
          ['q"x', c],
          ["b\\s", d],
        ]),
      ],
      ["objects", [object([["name", a]]), ...objects]],
      ["max_objects", 25],
      ["cursor", cursor],
      ["run_setup", object([["deep", b]])],
      ["secret", object([["KEY", "from the variables"]])],
    ]),
  );

async function render(source: Json, values: Json): Promise<Json | undefined> {
  try {
    const { rows } = await database.pool.query<{ request: string }>(
      "select utils.replace_request_placeholders($1, $2)::text as request",
      [text(source), text(values)],
    );
    return parse(rows[0]!.request);
  } catch (error) {
    if ((error as { code?: string }).code === "ETL03") return undefined;
    throw error;
  }
}

function attempt(source: Json, values: Json): Json | undefined {
  try {
    return send(source, values);
  } catch (error) {
    if (error instanceof Missing) return undefined;
    throw error;
  }
}

/** Every string of a value, names included. */
function* all(value: Json): Generator<string> {
  if (typeof value === "string") yield value;
  else if (Array.isArray(value)) for (const part of value) yield* all(part);
  else if (isObject(value))
    for (const [name, part] of value.members) {
      yield name;
      yield* all(part);
    }
}

describe("utils.replace_request_placeholders", () => {
  test("rendered, and then given its secrets, is what was meant", async () => {
    await fc.assert(
      fc.asyncProperty(template(fragments), vars, async (source, values) => {
        const request = await render(source, values);
        // Pieces may join to a name that is not there.
        expect(request && fillSecrets(request)).toEqual(attempt(source, values));
      }),
      { numRuns: 600 },
    );
  });

  test("no variable becomes a secret", async () => {
    const own = fragments.filter((fragment) => !/^<<\$secret\.\w/.test(fragment));
    await fc.assert(
      fc.asyncProperty(template(own), vars, async (source, values) => {
        const request = await render(source, values);
        const secrets = [...all(request ?? null)].filter((content) => /<<\$secret\.[^<>]+>>/.test(content));
        // A template may still put the words of a secret together out of its own pieces.
        if (![...all(source)].some((content) => parts(content).some((part) => "secret" in part)))
          expect(secrets).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  test("what cannot be resolved raises ETL03, and is reported", async () => {
    let raised = 0;
    await fc.assert(
      fc.asyncProperty(template([...fragments, ...bad]), vars, async (source, values) => {
        const [request, expected] = [await render(source, values), attempt(source, values)];
        expect(request === undefined).toBe(expected === undefined);
        if (request === undefined) raised++;
        const { rows } = await database.pool.query<{ names: string[] }>(
          "select utils.unresolved_placeholders($1, $2) as names",
          [text(source), text(values)],
        );
        expect(rows[0]!.names.length > 0).toBe(request === undefined);
      }),
      { numRuns: 400 },
    );
    expect(raised).toBeGreaterThan(40);
  });

  test("a template without placeholders stays as it is", async () => {
    const plain = json().filter((source) => !text(source).includes("<<$a>>"));
    await fc.assert(
      fc.asyncProperty(plain, async (source) => {
        expect(await render(source, object([]))).toEqual(source);
      }),
      { numRuns: 200 },
    );
  });
});

describe("utils.url_encode", () => {
  test("is RFC 3986 in UTF-8", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme" }), async (content) => {
        const clean = content.replaceAll("\0", "");
        const { rows } = await database.pool.query<{ e: string }>("select utils.url_encode($1) as e", [
          clean,
        ]);
        expect(rows[0]!.e).toBe(encode(clean));
      }),
      { numRuns: 300 },
    );
  });
});
