import pg from "pg";
import { inject } from "vitest";
import { cloneDatabase } from "../../scripts/lib/database.ts";
import { refuseMarks } from "./planted.ts";

/** A database of one test's own: the engine as it is on disk, the fixtures, pgTAP. */
export interface TestDatabase {
  name: string;
  url: string;
  pool: pg.Pool;
  drop(): Promise<void>;
}

/** Makes a database; call `drop()` when done, or use {@link withDatabase}. */
export async function freshDatabase(label = "vitest", options: pg.PoolConfig = {}): Promise<TestDatabase> {
  const clone = await cloneDatabase(inject("serverUrl"), inject("templateName"), label);
  const pool = new pg.Pool({ connectionString: clone.url, max: 10, ...options });
  // A connection that dies while idle (a killed server, a dropped database) is not this test's failure.
  pool.on("error", () => {});
  return {
    name: clone.name,
    url: clone.url,
    pool,
    async drop() {
      try {
        // Its last chance to tell of a secret that was left in it.
        if (!pool.ended) await refuseMarks(pool);
      } finally {
        await pool.end().catch(() => {});
        await clone.drop();
      }
    },
  };
}

/** Runs something on a database of its own and drops it, whatever happens. */
export async function withDatabase<T>(work: (database: TestDatabase) => Promise<T>): Promise<T> {
  const database = await freshDatabase();
  try {
    return await work(database);
  } finally {
    await database.drop();
  }
}
