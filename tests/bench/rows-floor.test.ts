import { expect, it } from "vitest";
import { connect } from "../../scripts/bench/engine.ts";
import { countWrites, record } from "../../scripts/bench/images.ts";
import { copyOf, rowsFloor } from "../../scripts/bench/peers/rows-floor.ts";
import { withDatabase } from "../helpers/database.ts";

it("the rows floor writes what the engine wrote: the same rows, as many versions of them, the same foreign keys", () =>
  withDatabase(async ({ url, pool }) => {
    const chains = 40;
    // Each of two sessions warms up with the one call there is of each kind, before both are measured.
    const runs = 3;
    await using setup = await connect(url);
    const recording = await record(setup, chains);
    const floor = await rowsFloor(setup, recording);
    await floor.run(url, chains);

    const tables = new Set(recording.phases.flatMap(({ images }) => images.map(({ table }) => table)));
    expect([...tables]).toEqual(
      expect.arrayContaining(["public.workflow_request", "public.run_queue", "public.value"]),
    );
    await countWrites(setup);
    for (const table of tables) {
      const { rows } = await pool.query(
        `select (select count(*)::int from ${copyOf(table)}) as copies,
           (select count(*)::int from (select * from ${copyOf(table)} except select * from ${table}) as x) as different,
           (select n_tup_ins::int from pg_stat_user_tables where relid = $1::regclass) as inserted,
           (select n_tup_upd::int from pg_stat_user_tables where relid = $1::regclass) as updated,
           (select count(*)::int from pg_constraint where conrelid = $1::regclass and contype = 'f') as keys,
           (select count(*)::int from pg_constraint where conrelid = $2::regclass and contype = 'f') as original_keys`,
        [copyOf(table), table],
      );
      const { inserted, updated } = recording.writes.get(table)!;
      expect({ table, ...rows[0] }).toEqual({
        table,
        copies: Math.round(inserted * chains),
        different: 0,
        inserted: Math.round(runs * inserted * chains),
        updated: Math.round(runs * updated * chains),
        keys: rows[0].original_keys,
        original_keys: rows[0].original_keys,
      });
    }
  }));
