import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const ORG = "00000000-0000-4000-8000-0000000000a1";
const CODES = [
  "too_large",
  "too_deep",
  "invalid_json",
  "missing_value",
  "invalid_type",
  "too_many_activities",
  "too_many_objects",
  "unknown_activity",
  "unknown_datapoint",
  "unknown_source",
  "no_source",
  "unknown_endpoint",
  "unknown_table",
  "invalid_url",
  "dependency_cycle",
  "dependency_order",
];

/** A JSON value; PostgreSQL's jsonb holds every one but U+0000 and lone surrogates. */
const json = fc
  .json({ maxDepth: 4, stringUnit: "grapheme" })
  .filter((text) => !text.includes("\\u0000"))
  .map((text) => JSON.parse(text) as unknown);
const activityId = fc
  .integer({ min: 1, max: 9 })
  .map((number) => `00000000-0000-4000-8000-00000000000${number}`);
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, 1, 2, 3),
);

/** Mostly what belongs at a place, now and then anything at all, now and then nothing. */
function perhaps<T>(right: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 8, arbitrary: right }, { weight: 1, arbitrary: json });
}

const webhook = fc.record(
  {
    url: perhaps(fc.oneof(fc.webUrl({ withQueryParameters: true }), fc.string())),
    endpoint: perhaps(
      fc.constantFrom("00000000-0000-4000-8000-000000002001", "00000000-0000-4000-8000-000000002003"),
    ),
  },
  { requiredKeys: [] },
);
const destination = fc.record(
  {
    webhook: perhaps(webhook),
    activity: perhaps(
      fc.record({ id: perhaps(fc.oneof(activityId, fc.array(perhaps(activityId), { maxLength: 4 }))) }),
    ),
  },
  { requiredKeys: [] },
);
const config = fc.record(
  {
    phase: perhaps(number),
    max_objects: perhaps(number),
    datapoints: perhaps(
      fc.array(perhaps(fc.constantFrom("industry", "employees", "orphan", "nix")), { maxLength: 4 }),
    ),
    run_timeout_seconds: perhaps(number),
    activity_timeout_seconds: perhaps(number),
  },
  { requiredKeys: [] },
);
const activity = fc.record(
  {
    id: perhaps(activityId),
    type: perhaps(fc.constant("activity")),
    setup: perhaps(fc.record({ config: perhaps(config) }, { requiredKeys: [] })),
    destination: perhaps(destination),
  },
  { requiredKeys: ["id"] },
);
const key = fc
  .string({ unit: "grapheme", maxLength: 300 })
  .filter((text) => !text.includes("\0") && text !== "__proto__");
const data = fc.record(
  {
    input: json,
    config: perhaps(fc.record({ timeout_seconds: perhaps(number) }, { requiredKeys: [] })),
    data: perhaps(fc.dictionary(key, perhaps(activity), { maxKeys: 5 })),
    destination: perhaps(destination),
  },
  { requiredKeys: ["data"] },
);

const soundId = fc.constantFrom(
  "00000000-0000-4000-8000-000000000001",
  "00000000-0000-4000-8000-000000000002",
  "00000000-0000-4000-8000-000000000003",
);

/** Documents with nothing wrong in them, so that both ways are tried. */
const sound = fc.record({
  input: fc.record({ companies: fc.constant([{ domain: "acme.test" }]), more: json }),
  data: fc.dictionary(
    key.map((text) => Array.from(text).slice(0, 50).join("")),
    fc.record({
      id: soundId,
      setup: fc.record({ config: fc.record({ phase: fc.integer({ min: 1, max: 4 }), extra: json }) }),
    }),
    { minKeys: 1, maxKeys: 5 },
  ),
});

/** Documents that say as little as most do, with now and then something odd. */
const bare = fc.record({
  input: fc.record({ companies: fc.constant([{ domain: "acme.test" }]) }),
  data: fc.dictionary(
    key,
    fc.record(
      {
        id: perhaps(soundId),
        type: perhaps(fc.constant("activity")),
        destination: perhaps(fc.record({ webhook: fc.record({ url: perhaps(fc.webUrl()) }) })),
      },
      { requiredKeys: ["id"] },
    ),
    { minKeys: 1, maxKeys: 5 },
  ),
});

interface Outcome {
  state: string;
  state_substate: string | null;
  errors: { code: string; path: string; message: string; hint: string }[] | null;
  activities: number;
}

describe("any data", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await freshDatabase();
    await database.pool.query("select test_setup.intake()");
  });
  afterAll(() => database.drop());

  async function outcomes(documents: unknown[]): Promise<Outcome[]> {
    const { rows } = await database.pool.query<{ id: string }>(
      `insert into workflow_request (org_id, data)
       select $1, d::jsonb from unnest($2::text[]) as d returning id`,
      [ORG, documents.map((document) => JSON.stringify(document))],
    );
    const result = await database.pool.query<Outcome>(
      `select w.state::text, w.state_substate, w.errors,
         (select count(*)::int from activity_request as a where a.workflow_request_id = w.id) as activities
       from unnest($1::uuid[]) with ordinality as i (id, place)
       join workflow_request as w on w.id = i.id
       order by i.place`,
      [rows.map((row) => row.id)],
    );
    return result.rows;
  }

  function judge(document: unknown, outcome: Outcome): void {
    if (outcome.state === "invalid") {
      expect(outcome.errors!.length).toBeGreaterThan(0);
      expect(outcome.state_substate).toBe(outcome.errors![0]!.code);
      expect(outcome.activities).toBe(0);
      for (const fault of outcome.errors!) {
        expect(CODES).toContain(fault.code);
        expect(fault.path).toMatch(/^\$/);
        expect(fault.message).toMatch(/\.$/);
        expect(fault.hint).toMatch(/\.$/);
      }
    } else {
      expect(outcome.errors).toBeNull();
      expect(outcome.activities).toBe(Object.keys((document as { data: object }).data).length);
    }
  }

  it("never raises out of the insert, and lands as valid or as invalid with known codes", async () => {
    let valid = 0;
    let invalid = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            { weight: 5, arbitrary: data },
            { weight: 1, arbitrary: json },
            { weight: 2, arbitrary: sound },
          ),
          {
            minLength: 1,
            maxLength: 40,
          },
        ),
        async (documents) => {
          const landed = await outcomes(documents);
          expect(landed.length).toBe(documents.length);
          landed.forEach((outcome, place) => {
            judge(documents[place], outcome);
            if (outcome.state === "invalid") invalid += 1;
            else valid += 1;
          });
        },
      ),
      { numRuns: 60 },
    );
    // Else the documents would not try both ways.
    expect(valid).toBeGreaterThan(20);
    expect(invalid).toBeGreaterThan(20);
  });

  it("judges a document the same alone and among others", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(data, sound), { minLength: 2, maxLength: 8 }), async (documents) => {
        const together = await outcomes(documents);
        for (const [place, document] of documents.entries()) {
          const [alone] = await outcomes([document]);
          expect(alone!.errors).toEqual(together[place]!.errors);
        }
      }),
      { numRuns: 15 },
    );
  });

  it("finds no fault in what it does not look at closely", async () => {
    let plain = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(data, sound, bare), { minLength: 1, maxLength: 20 }),
        async (documents) => {
          const { rows } = await database.pool.query<{ id: string }>(
            `insert into workflow_request (org_id, data, priority, deadline_at)
             select $1, d::jsonb, case when n % 7 = 0 then 200 else 0 end,
               case when n % 5 = 0 then now() - interval '1 s' end
             from unnest($2::text[]) with ordinality as t (d, n)
             returning id`,
            [ORG, documents.map((document) => JSON.stringify(document))],
          );
          const counted = await database.pool.query<{ plain: number; faulty: number; missed: number }>(
            `select
               (select count(*)::int from unnest(r.activities) as a where etl_api.is_plain_activity(a)) as plain,
               (select count(*)::int from unnest(r.activities) as a
                where etl_api.is_plain_activity(a) and exists (select from etl_api.body_faults(array[a]))) as faulty,
               (select count(*)::int from unnest($1::uuid[]) as i (id)
                where i.id <> all (etl_api.suspect_requests($1)) and (
                  exists (select from etl_api.request_faults(array[i.id]))
                  or exists (select from etl_api.config_faults(array[i.id], '{}'))
                  or exists (select from etl_api.webhook_faults(array[i.id], '{}')))) as missed
             from (select etl_api.requested_activities($1) as activities) as r`,
            [rows.map((row) => row.id)],
          );
          expect(counted.rows[0]).toMatchObject({ faulty: 0, missed: 0 });
          plain += counted.rows[0]!.plain;
        },
      ),
      { numRuns: 40 },
    );
    expect(plain).toBeGreaterThan(10);
  });
});
