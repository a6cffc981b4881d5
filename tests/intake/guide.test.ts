import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const guide = readFileSync(new URL("../../docs/requests.md", import.meta.url), "utf8");
const [introduction, ...sections] = guide.split(/^### /m);

describe("docs/requests.md", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await freshDatabase();
    await database.pool.query("select test_setup.intake()");
  });
  afterAll(() => database.drop());

  async function request(
    data: string,
  ): Promise<{ id: string; state: string; state_substate: string; errors: unknown }> {
    const result = await database.pool.query("select * from test_setup.request($1)", [data]);
    return result.rows[0];
  }

  it("begins with a request that is valid", async () => {
    const [example] = jsonBlocks(introduction!);
    const { id, state, errors } = await request(example!);
    expect({ state, errors }).toEqual({ state: "in_progress", errors: null });
    const activities = await database.pool.query(
      "select activity_key, state_substate from activity_request where workflow_request_id = $1 order by workflow_phase",
      [id],
    );
    expect(activities.rows.map((row) => row.activity_key)).toEqual(["find", "enrich"]);
    expect(activities.rows[1].state_substate).toBe("phase");
  });

  for (const section of sections) {
    const code = /^`(\w+)`/.exec(section)![1]!;
    const [data, errors] = jsonBlocks(section);
    if (errors === undefined) continue;
    it(`tells of ${code} what the engine says`, async () => {
      const outcome = await request(data!);
      expect(outcome.state).toBe("invalid");
      expect(outcome.state_substate).toBe(code);
      expect(outcome.errors).toEqual(JSON.parse(errors!));
    });
  }

  it("tells of deadline_past what the engine says", async () => {
    const section = sections.find((text) => text.startsWith("`deadline_past`"))!;
    const { rows } = await database.pool.query(
      `insert into workflow_request (org_id, data, deadline_at)
       values ('00000000-0000-4000-8000-0000000000a1', '{"data": {"find": {"id": "00000000-0000-4000-8000-000000000002"}}}',
         '2026-05-01 10:00Z')
       returning id`,
    );
    const outcome = await database.pool.query("select errors from workflow_request where id = $1", [
      rows[0].id,
    ]);
    expect(outcome.rows[0].errors).toEqual(JSON.parse(jsonBlocks(section)[0]!));
  });

  it("has a section for every class of fault, in the order of their rank", async () => {
    const codes = sections.map((section) => /^`(\w+)`/.exec(section)![1]!);
    const ranks = await database.pool.query(
      "select etl_api.fault_rank(c) as rank from unnest($1::text[]) as c",
      [codes],
    );
    expect(ranks.rows.map((row) => row.rank)).toEqual(codes.map((_, place) => place + 1));
    const next = await database.pool.query("select etl_api.fault_rank('no such code') as rank");
    expect(next.rows[0].rank).toBe(100);
  });
});

function jsonBlocks(text: string): string[] {
  return [...text.matchAll(/^```json\n(.*?)^```$/gms)].map((match) => match[1]!);
}
