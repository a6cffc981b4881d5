/** Calls are prepared once a connection: an upgrade of the engine under a connection that is kept must not break them. */
import { expect, onTestFinished, test } from "vitest";
import { createPgClient } from "../../supabase/functions/_shared/client-pg.ts";
import { withDatabase } from "../helpers/database.ts";

test("a function that returns one more column is called again, on the connection that knew it without", async () => {
  await withDatabase(async ({ url, pool }) => {
    const client = createPgClient(url, 1);
    onTestFinished(() => client.close());
    expect(await client.claimRunRequests("one", 10)).toEqual([]);
    const { rows } = await pool.query<{ text: string; columns: string; privileges: string }>(
      `select pg_get_functiondef(p.oid) as text, pg_get_function_result(p.oid) as columns
       from pg_proc as p where p.oid = 'etl_api.claim_run_requests(text, int)'::regprocedure`,
    );
    const { text, columns } = rows[0]!;
    // The same function by another name, and under its own name one that adds a column.
    await pool.query(text.replace("etl_api.claim_run_requests(", "etl_api.claim_as_before("));
    await pool.query("drop function etl_api.claim_run_requests(text, int)");
    await pool.query(
      `create function etl_api.claim_run_requests(worker text, max_requests int)
       returns ${columns.replace(/\)$/, ", added int)")} language sql security definer set search_path = ''
       as $$ select c.*, 1 from etl_api.claim_as_before(worker, max_requests) as c $$`,
    );
    await pool.query("grant execute on function etl_api.claim_run_requests(text, int) to service_role");
    expect(await client.claimRunRequests("one", 10)).toEqual([]);
  });
});
