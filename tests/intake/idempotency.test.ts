import { describe, expect, it } from "vitest";
import { withDatabase } from "../helpers/database.ts";

const ORG = "00000000-0000-4000-8000-0000000000a1";
const DATA = JSON.stringify({
  input: { companies: [{ domain: "acme.test" }] },
  data: { enrich: { id: "00000000-0000-4000-8000-000000000001" } },
});
const INSERT =
  "insert into workflow_request (org_id, data, idempotency_key) values ($1, $2, $3) returning id";

describe("idempotency_key between connections", () => {
  it("makes the second wait for the first and returns the first one's id", async () => {
    await withDatabase(async ({ pool }) => {
      await pool.query("select test_setup.intake()");
      const first = await pool.connect();
      const second = await pool.connect();
      try {
        await first.query("begin");
        const one = await first.query(INSERT, [ORG, DATA, "k"]);
        let answered = false;
        const pending = second.query(INSERT, [ORG, DATA, "k"]).then((result) => {
          answered = true;
          return result;
        });
        await waitUntilBlocked(pool, "workflow_request");
        expect(answered).toBe(false);
        await first.query("commit");
        const two = await pending;
        expect(two.rows).toEqual(one.rows);
        const left = await pool.query("select id from workflow_request");
        expect(left.rows).toEqual(one.rows);
      } finally {
        first.release();
        second.release();
      }
    });
  });

  it("gives the key to the second when the first rolls back", async () => {
    await withDatabase(async ({ pool }) => {
      await pool.query("select test_setup.intake()");
      const first = await pool.connect();
      const second = await pool.connect();
      try {
        await first.query("begin");
        const one = await first.query(INSERT, [ORG, DATA, "k"]);
        const pending = second.query(INSERT, [ORG, DATA, "k"]);
        await waitUntilBlocked(pool, "workflow_request");
        await first.query("rollback");
        const two = await pending;
        expect(two.rows[0].id).not.toBe(one.rows[0].id);
        const left = await pool.query("select id, state::text from workflow_request");
        expect(left.rows).toEqual([{ id: two.rows[0].id, state: "in_progress" }]);
      } finally {
        first.release();
        second.release();
      }
    });
  });

  it("starts each of 20 keys once when 8 connections insert all of them at once", async () => {
    await withDatabase(async ({ pool }) => {
      await pool.query("select test_setup.intake()");
      const clients = await Promise.all(Array.from({ length: 8 }, () => pool.connect()));
      try {
        const answers = await Promise.all(
          clients.map((client, offset) =>
            // Half of them in one statement, half of them row by row; all in the order of the keys.
            offset % 2 === 0
              ? client
                  .query(
                    `insert into workflow_request (org_id, data, idempotency_key)
                     select $1, $2, lpad(g::text, 3, '0') from generate_series(1, 20) as g returning id`,
                    [ORG, DATA],
                  )
                  .then((result) => result.rows.map((row) => row.id as string))
              : rowByRow(client, 20),
          ),
        );
        for (const ids of answers) expect(ids).toEqual(answers[0]);
        const counts = await pool.query(
          `select (select count(*)::int from workflow_request) as requests,
             (select count(*)::int from activity_request) as activities,
             (select count(*)::int from workflow_request where replay <> 0) as replays`,
        );
        expect(counts.rows).toEqual([{ requests: 20, activities: 20, replays: 0 }]);
      } finally {
        for (const client of clients) client.release();
      }
    });
  });

  it("takes 10,000 keys in one statement", async () => {
    await withDatabase(async ({ pool }) => {
      await pool.query("select test_setup.intake()");
      // Invalid data keeps this short; what is tried is whether the server has room for so many keys.
      const insert = `insert into workflow_request (org_id, data, idempotency_key)
        select $1, '{}', 'k' || g from generate_series(1, 10000) as g returning id`;
      const first = await pool.query(insert, [ORG]);
      const again = await pool.query(insert, [ORG]);
      expect(first.rowCount).toBe(10000);
      expect(again.rows).toEqual(first.rows);
    });
  });
});

async function rowByRow(
  client: { query(text: string, values: unknown[]): Promise<{ rows: { id: string }[] }> },
  count: number,
): Promise<string[]> {
  const ids: string[] = [];
  for (let key = 1; key <= count; key++) {
    const result = await client.query(INSERT, [ORG, DATA, String(key).padStart(3, "0")]);
    ids.push(result.rows[0]!.id);
  }
  return ids;
}

/** Asks until another connection's statement on that table waits for a lock. */
async function waitUntilBlocked(
  pool: { query(text: string, values: unknown[]): Promise<{ rows: unknown[] }> },
  table: string,
): Promise<void> {
  for (;;) {
    const blocked = await pool.query(
      `select 1 from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock' and query like 'insert into ' || $1 || '%'`,
      [table],
    );
    if (blocked.rows.length > 0) return;
  }
}
