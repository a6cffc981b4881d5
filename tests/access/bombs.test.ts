/** Texts that would take for ever: patterns, schedules, paths and names, given by a tenant, under a time limit. */
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

// What a statement may take, on however slow a machine; unbounded ones would take hours.
const seconds = 10;

let database: TestDatabase;
let client: pg.PoolClient;
beforeAll(async () => {
  database = await freshDatabase("bombs", { max: 1 });
  client = await database.pool.connect();
  await client.query("select test_setup.set_up_people()");
  await client.query(
    `set statement_timeout = '${seconds}s';
     select set_config('request.jwt.claims', jsonb_build_object('sub', test_setup.id('adam'))::text, false)`,
  );
  await client.query("set role authenticated");
});
afterAll(async () => {
  client?.release(true);
  await database?.drop();
});

/** "ok", or the SQLSTATE; whatever takes too long is 57014. */
async function outcome(sql: string, values: unknown[] = []): Promise<string> {
  try {
    await client.query(sql, values);
    return "ok";
  } catch (error) {
    return (error as pg.DatabaseError).code ?? String(error);
  }
}

/** Patterns that take time as the power of the text in engines that try every way. */
const patterns = [
  "(a+)+$",
  "(a*)*b",
  "(a|aa)+$",
  "(a|a?)+$",
  "(.*a){25}$",
  "^(([a-z])+.)+[A-Z]([a-z])+$",
  "([a-zA-Z]+)*!",
  "(x+x+)+y",
  "a{1,255}{1,255}{1,255}",
  "((a{1,100}){1,100}){1,100}",
  "(a{0,255}){0,255}$",
  "(?=(a+))(a+)\\1$",
  "(a+)\\1+$",
  "(?<=a+)b",
  "(((((((((((a?)?)?)?)?)?)?)?)?)?)?)*b",
  "(a?){64}a{64}",
  "[[:alpha:]]{255}".repeat(12).slice(0, 199),
  "((a|b)*c|(a|b)*d|(a|b)*e|(a|b)*f)*g",
  "\\m(\\w+\\s?)+\\M!$",
  "(.|\\n)*(.|\\n)*(.|\\n)*(.|\\n)*x",
  "a".repeat(201),
  "(",
  "***:x",
  "(?q)(((",
  "\\y".repeat(50),
];
const texts = [
  "a".repeat(9_999) + "!",
  "a".repeat(10_000),
  "ab".repeat(5_000),
  "x".repeat(9_000) + "y",
  "a b ".repeat(2_499),
];

describe("patterns of factors", () => {
  test.each(patterns.map((pattern) => [pattern.slice(0, 40), pattern]))("%s", async (_, pattern) => {
    for (const operator of ["regex", "not_regex"]) {
      const written = await outcome(
        `insert into factor (org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail)
         select org_id, id, 'option', object_type_id, (select id from datapoint where name = 'industry'), $1, $2, true
         from activity where org_id is not null`,
        [operator, pattern],
      );
      expect(["ok", "ETL07"]).toContain(written);
      // What could be written is held against texts, one after the other.
      if (written === "ok")
        for (const text of texts)
          expect(
            await outcome("select utils.compare_value(to_jsonb($1::text), $2, $3, 'text')", [
              text,
              operator,
              pattern,
            ]),
          ).toBe("ok");
    }
  });

  test("LIKE with many wildcards", async () => {
    for (const text of texts)
      expect(
        await outcome("select utils.compare_value(to_jsonb($1::text), 'like', $2, 'text')", [
          text,
          "%a".repeat(99) + "b",
        ]),
      ).toBe("ok");
  });
});

describe("schedules", () => {
  const crons = [
    "* * * * *",
    "*/0 * * * *",
    "*/99999999999999999999 * * * *",
    "99999999999999999999 * * * *",
    "0-99999999999 * * * *",
    "0-59/0 * * * *",
    "-1 * * * *",
    "1-5-9 * * * *",
    `${"0-59,".repeat(90)}0 * * * *`,
    `${"0,".repeat(100_000)}0 * * * *`,
    "* ".repeat(100_000),
    "0 0 30 2 *",
    "0 0 31 2,4,6,9,11 *",
    "0 0 29 2 mon",
    "0 0 29 2 *",
    "@".repeat(1_000),
    "'; drop table org; --",
    "%s %s %s %s %s",
    "* * * jan-jan-jan *",
    "",
    "\u00a0* * * * *",
    "１ * * * *",
  ];
  test.each(crons.map((cron) => [cron.slice(0, 30), cron]))("cron %s", async (_, cron) => {
    expect(["ok", "ETL07"]).toContain(
      await outcome(
        "insert into workflow_schedule (org_id, name, cron, data) values ((select id from org), left(md5($1), 20), $1, '{}')",
        [cron],
      ),
    );
    expect(["ok", "ETL07", "22023", "22008"]).toContain(
      await outcome("select utils.cron_next($1, now(), 'UTC')", [cron]),
    );
    expect(["ok", "ETL07", "22023", "22008"]).toContain(
      await outcome(
        "select utils.cron_last($1, '-4000-01-01 BC'::timestamptz, '9999-01-01', 'UTC')".replace(
          "-4000-01-01 BC",
          "0001-01-01",
        ),
        [cron],
      ),
    );
  });

  test.each(
    [
      "Europe/Berlin'; drop table org; --",
      "../../../etc/passwd",
      "posixrules",
      "XYZ-99:99:99",
      "a".repeat(10_000),
      "",
    ].map((zone) => [zone.slice(0, 30), zone]),
  )("time zone %s", async (_, zone) => {
    expect(["ok", "ETL07"]).toContain(
      await outcome(
        "insert into workflow_schedule (org_id, name, cron, time_zone, data) select id, left(md5($1), 20), '@daily', $1, '{}' from org",
        [zone],
      ),
    );
  });
});

describe("paths and names", () => {
  const names = [
    'a" ? (1 == 1)',
    "$.**",
    "a\\",
    '"',
    "'",
    "last",
    "strict $",
    "\\u0041",
    "a'b\"c\\d",
    "@",
    "$",
    "%s",
    "😀",
    "\u2028",
    "*x",
    "--",
    "[0]",
    "type()",
  ];
  test.each(names)("a member called %s is found by that name, and nothing else is", async (name) => {
    const data = JSON.stringify(
      Object.fromEntries([
        [name, "it"],
        ["other", "no"],
        ["a", "no"],
        ["A", "no"],
      ]),
    );
    const { rows } = await client.query(
      `select array(select value from utils.jsonb_resolve($1, jsonb_build_array($2::text))) as found,
         array(select value from utils.jsonb_resolve(jsonb_build_array($1::jsonb, $1::jsonb), jsonb_build_array('*', $2::text))) as below`,
      [data, name],
    );
    expect(rows).toEqual([{ found: ["it"], below: ["it", "it"] }]);
  });

  test("a path of many wildcards is refused where it would be followed in every answer", async () => {
    const deep = JSON.stringify(
      Array.from({ length: 10 }).reduce((inner) => ({ a: inner, b: inner }), 1 as unknown),
    );
    const source = await client.query<{ id: string }>(
      `insert into source (org_id, name, run_request_template) select id, 'paths', '{"method": "GET", "url": "https://x.test"}' from org returning id`,
    );
    const paths = [
      Array<string>(8).fill("**"),
      Array<string>(40).fill("**"),
      Array<string>(40).fill("*"),
      [...Array<string>(20).fill("**"), "a"],
      ["**", "*", "**", "*", "**", "*", "a"],
      ["**", "*", "**", "a"],
      ["**", "**", "a"],
    ];
    const written: string[] = [];
    for (const path of paths) {
      const code = await outcome(
        "insert into object_source (org_id, source_id, object_type_id, direction, key_mapping_json) select o.id, $1, t.id, 'result', $2 from org as o, object_type as t where t.name = 'company'",
        [source.rows[0]!.id, JSON.stringify(path)],
      );
      written.push(code);
      await client.query("delete from object_source where source_id = $1", [source.rows[0]!.id]);
      if (code === "ok")
        expect([
          path,
          await outcome("select count(*) from utils.jsonb_resolve($1, $2)", [deep, JSON.stringify(path)]),
        ]).toEqual([path, "ok"]);
    }
    expect(written).toEqual(["ETL07", "ETL07", "ok", "ETL07", "ETL07", "ok", "ok"]);
  });
});

describe("reasons", () => {
  test("a reason that a session set is told as it is", async () => {
    const reason = "'; drop table org; -- %s %I <<$secret.API>> \r\nx: 1";
    await client.query("reset role");
    const { rows } = await client.query<{ id: string }>("select test_setup.enrich('{a.test}') as id");
    await client.query("set role authenticated");
    await client.query("select set_config('etl.reason', $1, false)", [reason]);
    await client.query("select etl_api.cancel($1)", [rows[0]!.id]);
    const { rows: history } = await client.query<{ reason: string }>(
      "select distinct reason from etl_api.state_history where entity_id = $1 and to_state = 'failed'",
      [rows[0]!.id],
    );
    // Who did it is the engine's to say.
    expect(history[0]!.reason).toMatch(/^cancelled by user /);
    await client.query("reset etl.reason");
  });
});

test("pure functions refuse or take any text at once", async () => {
  const { rows } = await client.query<{ name: string; types: string[] }>(`
    select p.oid::regproc::text as name, array(select format_type(t, null) from unnest(p.proargtypes::oid[]) as t) as types
    from pg_proc as p
    where p.pronamespace = 'utils'::regnamespace
      and p.prorettype <> 'trigger'::regtype
      and has_function_privilege(p.oid, 'execute')
      and 'text' = any (array(select format_type(t, null) from unnest(p.proargtypes::oid[]) as t))
      and 'internal' <> all (array(select format_type(t, null) from unnest(p.proargtypes::oid[]) as t))`);
  expect(rows.length).toBeGreaterThan(30);
  const slow: string[] = [];
  for (const { name, types } of rows)
    for (const text of [
      "(a+)+$",
      "'; drop table org; --",
      "<<$".repeat(3_000),
      "9".repeat(3_000),
      "%".repeat(3_000),
      "a-".repeat(3_000),
    ]) {
      const code = await outcome(
        `select ${name}(${types.map((type) => (type === "text" ? "$1" : `null::${type}`)).join(", ")})`,
        [text],
      );
      if (code === "57014") slow.push(`${name} ${text.slice(0, 20)}`);
    }
  expect(slow).toEqual([]);
}, 60_000);
