/** The stand-in for PostgREST: its errors are those of the real one, or what is tested over it proves nothing. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";
import { startRest, statusOf, type Rest } from "./support/lite.ts";

let database: TestDatabase;
let rest: Rest;
beforeAll(async () => {
  database = await freshDatabase("rest");
  await database.pool.query(`
    create function etl_api.fails(code text) returns void language plpgsql as $$
    begin
      raise exception using errcode = code, message = 'a sentence', detail = 'more', hint = 'do this';
    end $$;
    grant execute on function etl_api.fails(text) to service_role`);
  rest = await startRest(database.url);
});
afterAll(async () => {
  await rest?.close();
  await database?.drop();
});

// As https://docs.postgrest.org/en/v14/references/errors.html has them.
test.each([
  ["ETL04", 400],
  ["ETL08", 400],
  ["P0001", 400],
  ["22P02", 400],
  ["23502", 400],
  ["23503", 409],
  ["23505", 409],
  ["23514", 400],
  ["25006", 405],
  ["40001", 500],
  ["42501", 403],
  ["42883", 404],
  ["53300", 503],
  ["53400", 500],
  ["55P03", 500],
  ["57014", 500],
  ["P0002", 500],
  ["XX000", 500],
  ["PT418", 418],
])("%s is told with status %i, its code, message, details and hint", async (code, status) => {
  const answer = await rest.fetch("http://rest.test/rest/v1/rpc/fails", {
    method: "POST",
    headers: {
      authorization: `Bearer ${rest.serviceKey}`,
      "content-type": "application/json",
      "content-profile": "etl_api",
    },
    body: JSON.stringify({ code }),
  });
  expect([answer.status, await answer.json()]).toEqual([
    status,
    { code, message: "a sentence", details: "more", hint: "do this" },
  ]);
});

test.each([
  ["08006", 503],
  ["0L000", 403],
  ["28P01", 403],
  ["42P01", 404],
  ["42P17", 500],
  ["HV000", 500],
])("%s has status %i", (code, status) => {
  expect(statusOf(code)).toBe(status);
});
