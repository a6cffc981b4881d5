/** The books are right when all went well, and show each thing that did not. */
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { cloneDatabase } from "../../scripts/lib/database.ts";
import type { Server } from "../../scripts/lib/server.ts";
import { openLoad, type Load } from "../../scripts/prove/faults/load.ts";
import type { Figures, ProofContext } from "../../scripts/prove/proof.ts";

const noted: string[] = [];
const parts: (() => unknown)[] = [];
const context: ProofContext = {
  short: true,
  seed: 7,
  signal: new AbortController().signal,
  progress: () => {},
  expect: (holds, otherwise) => void (holds || noted.push(otherwise)),
  server: () => Promise.reject(new Error("this one is given")),
  folder: () => Promise.reject(new Error("none is needed")),
  kind: async () => "test",
  async database(server) {
    const clone = await cloneDatabase(server.url, inject("templateName"), "books");
    parts.push(() => clone.drop());
    return clone;
  },
  own(part, takeDown) {
    parts.push(() => takeDown(part));
    return part;
  },
};

let load: Load;
beforeAll(async () => {
  load = await openLoad(context, { server: { url: inject("serverUrl") } as Server });
  const held = await load.fill(20);
  expect(held).toBeGreaterThanOrEqual(20);
  await load.manner({ holdAsks: false });
  expect(await load.settle()).toBe(0);
});
afterAll(async () => {
  for (let part; (part = parts.pop());) await part();
});

async function account(): Promise<Figures & { noted: string[] }> {
  noted.length = 0;
  const figures = await load.account({ load: 20, faults: 0 });
  return { ...figures, noted: [...noted] };
}

/** Changes the database past every guard, accounts, and changes it back. */
async function with_(change: string, back: string): Promise<Figures & { noted: string[] }> {
  const query = (sql: string) =>
    load.query(`begin; set local session_replication_role = replica; ${sql}; commit`);
  await query(change);
  try {
    return await account();
  } finally {
    await query(back);
  }
}

const saved = (table: string, where: string): [string, string] => [
  `create table public.kept_for_the_test as select * from ${table} where ${where};
   delete from ${table} as t using public.kept_for_the_test as k where t::text = k::text`,
  `insert into ${table} overriding system value select * from public.kept_for_the_test;
   drop table public.kept_for_the_test`,
];

it("nothing is lost and nothing doubled when nothing happened", async () => {
  const { lost, doubled, noted, more } = await account();
  expect({ lost, doubled, noted }).toEqual({ lost: 0, doubled: 0, noted: [] });
  expect(more).toMatchObject({ "requests handed in": 28, "asked again": 0 });
});

it.each([
  [
    "a value",
    saved("public.value", "id = (select min(id) from public.value where source_id is not null)"),
    "values missing or wrong: 1",
  ],
  [
    "a result",
    saved(
      "public.activity_result",
      "activity_request_id = (select min(activity_request_id::text)::uuid from public.activity_result)",
    ),
    "results missing or wrong: 1",
  ],
  [
    "a step of the history",
    saved(
      "etl_api.state_step",
      "seq = (select max(seq) from etl_api.state_step where entity = 'run_request')",
    ),
    "steps missing in the history: 1",
  ],
  [
    "a step in the middle",
    saved(
      "etl_api.state_step",
      "seq = (select min(seq) from etl_api.state_step where entity = 'delivery' and from_state is not null)",
    ),
    /^steps missing in the history: [12]$/,
  ],
] as [string, [string, string], string | RegExp][])(
  "%s that is gone is missed",
  async (_, [change, back], reason) => {
    const { lost, noted } = await with_(change, back);
    expect(lost).toBeGreaterThan(0);
    expect(noted).toContainEqual(typeof reason === "string" ? reason : expect.stringMatching(reason));
  },
);

it("a value that is not what the third party said is missed", async () => {
  const one =
    "id = (select min(id) from public.value where source_id is not null and jsonb_typeof(value) = 'number')";
  const { noted } = await with_(
    `update public.value set value = to_jsonb(-(value::int)) where ${one}`,
    `update public.value set value = to_jsonb(-(value::int)) where ${one}`,
  );
  expect(noted).toContainEqual("values missing or wrong: 1");
});

it("a request that did not come to its end is missed", async () => {
  const one = "id = (select min(id::text)::uuid from public.workflow_request)";
  const { lost, noted } = await with_(
    `update public.workflow_request set state = 'in_progress' where ${one}`,
    `update public.workflow_request set state = 'delivered' where ${one}`,
  );
  expect(lost).toBeGreaterThan(0);
  expect(noted).toContainEqual("requests not delivered: 1");
  expect(noted).toContainEqual(expect.stringMatching(/^check_consistency\(\) finds/));
});

it.each([
  ["a request", "public.run_request", "requests sent more often than attempts were counted: 28"],
  ["a message", "public.delivery", "messages sent more often than attempts were counted: 28"],
])("%s that was sent without an attempt is found", async (_, table, reason) => {
  const { doubled, noted } = await with_(
    `update ${table} set attempts = attempts - 1`,
    `update ${table} set attempts = attempts + 1`,
  );
  expect(doubled).toBe(28);
  expect(noted).toContainEqual(reason);
});
