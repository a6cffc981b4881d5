/**
 * Reading documents by paths, filling templates and reading types: the engine's functions against what PostgreSQL does
 * by itself, and against well-kept JavaScript libraries in this process. All of them have the documents parsed, and
 * none sends its results anywhere; a contest in which they find unequally much is an error.
 */
import { createRequire } from "node:module";
import { JSONPath } from "jsonpath-plus";
import pg from "pg";
import { z } from "zod";
import type { Bench, BenchOptions, Figure } from "./bench.ts";
import { connect } from "./engine.ts";

// It has no types of its own.
const parseTemplate = createRequire(import.meta.url)("json-templates") as (
  template: unknown,
) => (vars: object) => unknown;

/** How long each contestant runs in a round, in milliseconds, and how often at least. */
const budget = { milliseconds: 60, runs: 3 };

/** What is read, and by what; each contestant is a query over the rows of the table `documents`, called d, or a large one. */
interface Contest {
  name: string;
  /** Which documents: many small ones, or a large one, which the queries call `data`. */
  documents: keyof typeof small | keyof typeof large;
  ours: string;
  native: string;
  /** What `native` is, when it is more than one call of jsonb_path_query. */
  nativeName?: string;
  library: string;
  /** Works on one document, and says how much it found. */
  run: (document: any) => number;
}

/** Documents of about 300 bytes, made from n. */
const small = {
  answers: `jsonb_build_object('status', 'ok', 'page', n, 'company', jsonb_build_object(
    'name', 'Company ' || n, 'domain', 'c' || n || '.test', 'sector', 'Software', 'staff', (n * 7)::text,
    'founded', '2001-02-03', 'active', 'yes', 'tags', jsonb_build_array('a', 'b', n),
    'address', jsonb_build_object('city', 'Town ' || n % 50, 'zip', '1234', 'street', 'Main street ' || n)))`,
  lists: `jsonb_build_object('status', 'ok', 'companies', jsonb_build_array(jsonb_build_object(
    'name', 'Company ' || n, 'domain', 'c' || n || '.test', 'sector', 'Software', 'staff', (n * 7)::text,
    'tags', jsonb_build_array('a', 'b', n), 'address', jsonb_build_object('city', 'Town ' || n % 50, 'zip', '1234',
    'street', 'Main street ' || n)), jsonb_build_object('name', 'Other ' || n, 'domain', 'd' || n || '.test')))`,
  numbers: `to_jsonb((n * 7.5)::text)`,
  dates: `to_jsonb((date '1990-01-01' + n)::text)`,
  words: `to_jsonb((array['yes', 'no', 'true', 'off'])[1 + n % 4])`,
};

const list = (count: number, row: string): string =>
  `jsonb_build_object('companies', (select jsonb_agg(${row} order by n) from generate_series(1, ${count}) as n))`;

/** Large documents: regular ones, and those whose rows differ. */
const large = {
  objects: list(
    1000,
    `jsonb_build_object('name', 'Company ' || n, 'domain', 'c' || n || '.test', 'sector', 'Software', 'employees', n * 7,
       'address', jsonb_build_object('city', 'Town ' || n % 50, 'geo', jsonb_build_object('lat', 52.5, 'lon', n)),
       'people', jsonb_build_array(
         jsonb_build_object('email', 'a' || n || '@c.test', 'role', 'ceo'),
         jsonb_build_object('email', 'b' || n || '@c.test', 'role', 'cto'),
         jsonb_build_object('email', 'c' || n || '@c.test', 'role', 'cfo')))`,
  ),
  ones: list(
    2000,
    `jsonb_build_array(jsonb_build_object('name', 'Company ' || n, 'people', jsonb_build_array(
       jsonb_build_object('email', 'a' || n || '@c.test'))))`,
  ),
  mixed: list(
    2000,
    `jsonb_build_object('name', 'Company ' || n, 'office', case n % 3
       when 0 then jsonb_build_object('city', 'Town ' || n)
       when 1 then jsonb_build_array(jsonb_build_object('city', 'Town ' || n), jsonb_build_object('city', 'Village ' || n))
       else to_jsonb('none'::text) end)`,
  ),
  irregular: list(
    3000,
    `case n % 6
       when 0 then jsonb_build_array(n, jsonb_build_array(n, jsonb_build_object('k' || n % 13, n, 'city', n)))
       when 1 then jsonb_build_object('k' || n % 17, jsonb_build_object('city', n, 'x', jsonb_build_array(n, jsonb_build_object('city', 'a'))))
       when 2 then jsonb_build_object('city', jsonb_build_object('city', n), 'm' || n % 101, jsonb_build_object('city', jsonb_build_array(1, 2)))
       when 3 then jsonb_build_object('a', jsonb_build_object('b', jsonb_build_object('c' || n % 50, jsonb_build_object('city', n))))
       when 4 then jsonb_build_array(jsonb_build_array(jsonb_build_array(jsonb_build_object('city', n))))
       else to_jsonb(n) end`,
  ),
};

/** The values at some JSONPaths, with their locations where ours gives them too. */
const values = (...paths: string[]) => query("value", paths);
const nodes = (...paths: string[]) => query("all", paths);
const query = (resultType: "value" | "all", paths: string[]) => (json: any) =>
  paths.reduce(
    (found, path) => found + (JSONPath({ path, json, resultType, eval: false }) as unknown[]).length,
    0,
  );

const fields = `{"path": "company", "fields": {
  "name": "name", "city": ["address", "city"], "tags": ["tags", "*"],
  "size": {"path": "staff", "transform": "number"}, "founded": {"path": "founded", "transform": "date"}}}`;
const first = (path: string) => (json: any) =>
  (JSONPath({ path, json, resultType: "value", eval: false }) as unknown[])[0];
const [name, city, staff, founded] = ["name", "address.city", "staff", "founded"].map((path) =>
  first(`$.company.${path}`),
);
const [asNumber, asDate, asBoolean] = [z.coerce.number(), z.coerce.date(), z.stringbool()];

const template = `{"method": "POST", "url": "https://api.test/companies", "headers": {"accept": "application/json"},
  "query": {"name": "<<$company.name>>", "limit": "<<$page>>"},
  "body": {"address": "<<$company.address>>", "note": "all about <<$company.name>> in <<$company.address.city>>"}}`;
const libraryTemplate: unknown = JSON.parse(template.replace(/<<\$(.*?)>>/g, "{{$1}}"));
const cut = parseTemplate(libraryTemplate);
const byHand = `jsonb_build_object('method', 'POST', 'url', 'https://api.test/companies',
  'headers', jsonb_build_object('accept', 'application/json'),
  'query', jsonb_build_object('name', jsonb_path_query_first(d.data, '$.company.name'),
    'limit', jsonb_path_query_first(d.data, '$.page')),
  'body', jsonb_build_object('address', jsonb_path_query_first(d.data, '$.company.address'),
    'note', 'all about ' || (jsonb_path_query_first(d.data, '$.company.name') #>> '{}')
      || ' in ' || (jsonb_path_query_first(d.data, '$.company.address.city') #>> '{}')))`;
const asOne = "jsonb_build_object and jsonb_path_query_first by hand";

/** A contest over small documents: what ours makes of each of them, or of all of them (`all`) in one call. */
const each = (expression: string) => `documents as d cross join lateral ${expression} as r (value)`;
const all = (expression: string) =>
  `(select array_agg(d.data) from documents as d) as b (all_of_them) cross join lateral ${expression} as r (value)`;

const typed = (
  title: string,
  documents: keyof typeof small,
  transform: string,
  native: string,
  type: z.ZodType,
) => ({
  name: `type: ${title}`,
  documents,
  ours: all(
    `unnest(utils.jsonb_resolve_value_each(b.all_of_them, '{"path": [], "transform": "${transform}"}'))`,
  ),
  native: each(`jsonb_path_query(d.data, '$.${native}')`),
  library: "zod",
  run: (value: unknown) => (type.safeParse(value).success ? 1 : 0),
});

const contests = (version: number): Contest[] => [
  {
    name: "small: a value",
    documents: "answers",
    ours: each(`(select utils.jsonb_resolve_value(d.data, '["company", "sector"]'))`),
    native: each("jsonb_path_query(d.data, '$.company.sector')"),
    library: "jsonpath-plus",
    run: values("$.company.sector"),
  },
  {
    name: "small: a value, one call for all",
    documents: "answers",
    ours: all(`unnest(utils.jsonb_resolve_value_each(b.all_of_them, '["company", "sector"]'))`),
    native: each("jsonb_path_query(d.data, '$.company.sector')"),
    library: "jsonpath-plus",
    run: values("$.company.sector"),
  },
  {
    name: "small: a value and its location",
    documents: "answers",
    ours: each(`utils.jsonb_resolve(d.data, '["company", "sector"]')`),
    native: each("jsonb_path_query(d.data, '$.company.sector')"),
    library: "jsonpath-plus",
    run: nodes("$.company.sector"),
  },
  {
    name: "small: elements and locations",
    documents: "answers",
    ours: each(`utils.jsonb_resolve(d.data, '["company", "tags", "*"]')`),
    native: each("jsonb_path_query(d.data, '$.company.tags[*]')"),
    library: "jsonpath-plus",
    run: nodes("$.company.tags[*]"),
  },
  {
    name: "small: ** and a name",
    documents: "answers",
    ours: each(`utils.jsonb_resolve(d.data, '["**", "city"]')`),
    native: each("jsonb_path_query(d.data, 'strict $.**.city')"),
    library: "jsonpath-plus",
    run: nodes("$..city"),
  },
  {
    name: "small: objects",
    documents: "lists",
    ours: each(`utils.jsonb_resolve_object_names(d.data, '["companies"]')`),
    native: each("jsonb_path_query(d.data, '$.companies[*]')"),
    library: "jsonpath-plus",
    run: nodes("$.companies[*]"),
  },
  {
    name: "small: objects, one call for all",
    documents: "lists",
    ours: all(`utils.jsonb_resolve_object_names_each(b.all_of_them, '["companies"]')`),
    native: each("jsonb_path_query(d.data, '$.companies[*]')"),
    library: "jsonpath-plus",
    run: nodes("$.companies[*]"),
  },
  {
    name: "small: five fields, one call for all",
    documents: "answers",
    ours: all(`utils.jsonb_resolve_object_names_each(b.all_of_them, '${fields}')`),
    native: each(`(select jsonb_build_object(
      'name', jsonb_path_query_first(d.data, '$.company.name'), 'city', jsonb_path_query_first(d.data, '$.company.address.city'),
      'tags', jsonb_path_query_array(d.data, '$.company.tags[*]'),
      'size', jsonb_path_query_first(d.data, '$.company.staff.double()'),
      'founded', jsonb_path_query_first(d.data, '$.company.founded.datetime()')))`),
    nativeName: asOne,
    library: "jsonpath-plus and zod",
    run: (json) =>
      Object.keys({
        name: name!(json),
        city: city!(json),
        tags: JSONPath({ path: "$.company.tags[*]", json, resultType: "value", eval: false }),
        size: asNumber.parse(staff!(json)),
        founded: asDate.parse(founded!(json)),
      }).length / 5,
  },
  ...(
    [
      ["1,000 objects: a name", "objects", ["companies", "name"], "$.companies[*].name"],
      [
        "1,000 objects: nested names",
        "objects",
        ["companies", "address", "city"],
        "$.companies[*].address.city",
      ],
      ["1,000 objects: all members", "objects", ["companies", "*", "*"], "$.companies[*].*"],
      ["lists in a list", "objects", ["companies", "people", "email"], "$.companies[*].people[*].email"],
      ["** and a name", "objects", ["**", "city"], "strict $.**.city", "$..city"],
      [
        "lists of one element",
        "ones",
        ["companies", "*", "people", "email"],
        "$.companies[*][*].people[*].email",
      ],
      [
        "irregular: *, * and a name",
        "irregular",
        ["companies", "*", "*", "city"],
        "$.companies.**{1}.**{1}.city",
        "$.companies[*].*.city",
        "$.companies[*].*[*].city",
      ],
      ["irregular: ** and a name", "irregular", ["**", "city"], "strict $.**.city", "$..city"],
      [
        "now a list, now an object",
        "mixed",
        ["companies", "office", "city"],
        "$.companies.office.city",
        "$.companies[*].office.city",
        "$.companies[*].office[*].city",
      ],
    ] as [string, keyof typeof large, unknown, string, ...string[]][]
  ).map(([title, documents, path, native, ...paths]): Contest => ({
    name: title,
    documents,
    ours: `utils.jsonb_resolve(data, '${JSON.stringify(path)}') as r (value)`,
    native: `jsonb_path_query(data, '${native}') as r (value)`,
    library: "jsonpath-plus",
    run: nodes(...(paths.length > 0 ? paths : [native])),
  })),
  {
    name: "template: cut and filled",
    documents: "answers",
    ours: each(`(select utils.replace_request_placeholders('${template}', d.data))`),
    native: each(`(select ${byHand})`),
    nativeName: asOne,
    library: "json-templates",
    run: (vars) => (parseTemplate(libraryTemplate)(vars) ? 1 : 0),
  },
  {
    name: "template: cut once, filled for each",
    documents: "answers",
    ours: `(select utils.cut_template('${template}') offset 0) as t (parts)
      cross join documents as d cross join lateral utils.fill_placeholders(t.parts, d.data) as r (value)`,
    native: each(`(select ${byHand})`),
    nativeName: asOne,
    library: "json-templates",
    run: (vars) => (cut(vars) ? 1 : 0),
  },
  typed("numbers", "numbers", "number", "double()", asNumber),
  typed("dates", "dates", "date", "datetime()", asDate),
  // Older ones read no boolean.
  ...(version >= 170_000 ? [typed("booleans", "words", "boolean", "boolean()", asBoolean)] : []),
];

/** One contestant's best run and what it finds, measured inside the server: the way to the client is not compared. */
async function measureQuery(client: pg.Client, from: string): Promise<{ ms: number; found: number }> {
  await client.query(`
    create or replace function pg_temp.measure(data jsonb, out ms float8, out results bigint) language plpgsql as $measure$
    declare
      began constant timestamptz := clock_timestamp();
      started timestamptz;
      runs int := 0;
    begin
      loop
        started := clock_timestamp();
        -- Counting the values keeps the planner from leaving them out.
        results := (select count(r.value) from ${from});
        runs := runs + 1;
        if runs > 1 then  -- the first one plans
          ms := least(ms, extract(epoch from clock_timestamp() - started) * 1000);
        end if;
        exit when runs > ${budget.runs} and clock_timestamp() > began + interval '${budget.milliseconds} ms';
      end loop;
    end $measure$`);
  const { rows } = await client.query<{ ms: number; found: string }>(
    "select m.ms, m.results as found from pg_temp.measure((select d.data #> '{}' from documents as d limit 1)) as m",
  );
  return { ms: rows[0]!.ms, found: Number(rows[0]!.found) };
}

function measureLibrary(run: Contest["run"], documents: unknown[]): { ms: number; found: number } {
  const began = performance.now();
  let [best, found, runs] = [Infinity, 0, 0];
  do {
    const started = performance.now();
    found = documents.reduce<number>((sum, document) => sum + run(document), 0);
    best = Math.min(best, performance.now() - started);
    runs++;
  } while (runs <= budget.runs || performance.now() < began + budget.milliseconds);
  return { ms: best, found };
}

/** Makes the documents of a contest: the table `documents`, and what is in it. */
async function prepare(client: pg.Client, documents: Contest["documents"], n: number) {
  const rows = documents in small ? n : 1;
  const row = { ...small, ...large }[documents];
  await client.query("drop table if exists pg_temp.documents");
  await client.query(
    `create temporary table documents as select ${row} as data from generate_series(1, ${rows}) as n`,
  );
  await client.query("analyze documents");
  const all = await client.query<{ data: string }>("select data::text from documents");
  return {
    bytes: all.rows.reduce((sum, { data }) => sum + Buffer.byteLength(data), 0),
    parsed: all.rows.map(({ data }): unknown => JSON.parse(data)),
  };
}

/** One round of a contest, in milliseconds. */
async function round(client: pg.Client, contest: Contest, parsed: unknown[]) {
  const ours = await measureQuery(client, contest.ours);
  const native = await measureQuery(client, contest.native);
  const library = measureLibrary(contest.run, parsed);
  if (ours.found !== native.found || ours.found !== library.found || ours.found === 0)
    throw new Error(
      `${contest.name}: unequal finds: ours ${ours.found}, native ${native.found}, ${contest.library} ${library.found}`,
    );
  return { ours: ours.ms, native: native.ms, library: library.ms };
}

async function run({ url, n, rounds, progress }: BenchOptions): Promise<Figure[]> {
  await using client = await connect(url);
  const { rows } = await client.query<{ version: number }>(
    "select current_setting('server_version_num')::int as version",
  );
  const figures: Figure[] = [];
  for (const [index, contest] of contests(rows[0]!.version).entries()) {
    const { bytes, parsed } = await prepare(client, contest.documents, n);
    const times: Awaited<ReturnType<typeof round>>[] = [];
    for (let turn = 1; turn <= rounds; turn++) times.push(await round(client, contest, parsed));
    const speed = (who: "ours" | "native" | "library") => times.map((time) => bytes / 1000 / time[who]);
    const figure = { name: contest.name, unit: "MB/s", values: speed("ours") };
    figures.push(
      { ...figure, against: contest.nativeName ?? "jsonb_path_query", baseline: speed("native") },
      { ...figure, against: contest.library, baseline: speed("library") },
    );
    if (parsed.length > 1)
      figures.push({
        name: `${contest.name}, a document`,
        unit: "µs",
        values: times.map((time) => (time.ours * 1000) / parsed.length),
      });
    progress(`${index + 1} of ${contests(rows[0]!.version).length} contests: ${contest.name}`);
  }
  return figures;
}

/** Paths, templates and types, in MB of JSON a second. */
export const mapping: Bench = {
  name: "mapping",
  about: "paths, templates and types, against what PostgreSQL and JavaScript libraries do",
  run,
};
