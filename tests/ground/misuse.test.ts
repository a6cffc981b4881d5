/** Whoever adds a door adds a file of wrong calls for it: the catalog says which doors there are. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { withDatabase } from "../helpers/database.ts";

const file = (name: string): URL => new URL(`../../sql/tests/misuse/${name}.sql`, import.meta.url);

/** The functions of contract §6 and §8. */
const contract = [
  "claim_run_requests",
  "complete_run_requests",
  "claim_deliveries",
  "complete_deliveries",
  "explain",
  "retry",
  "cancel",
  "redeliver",
  "dry_run",
  "test_mapping",
];

test("every door of the engine is called in every wrong way", () =>
  withDatabase(async ({ pool }) => {
    const { rows } = await pool.query<{ name: string }>(`
      select distinct p.proname as name
      from pg_proc as p
      where p.pronamespace = 'etl_api'::regnamespace
        -- What a person may call and runs with the engine's rights, and what the edge functions call.
        and (p.prosecdef and has_function_privilege('authenticated', p.oid, 'execute')
          or p.proname ~ '^(claim|complete|release)_' and pg_get_function_result(p.oid) not in ('trigger', 'jsonb')
            and p.proname ~ '_(run_requests|deliveries)$'
          or p.proname = 'ring')
        -- Asked by policies, without an argument of the caller's.
        and p.proname <> 'my_orgs'
      order by 1`);
    const doors = rows.map(({ name }) => name);
    expect(doors).toEqual(expect.arrayContaining(contract));
    for (const name of doors) {
      expect(existsSync(file(name)), `sql/tests/misuse/${name}.sql`).toBe(true);
      expect(readFileSync(file(name), "utf8")).toContain(`etl_api.${name}(`);
    }
  }));
