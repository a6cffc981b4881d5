/** Many workers at once: order is kept, room is kept to, and switching an endpoint off and on loses nothing. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const acme = "a0000000-0000-4000-8000-000000000001";
let database: TestDatabase;

interface Claim {
  delivery_id: string;
  lease_token: string;
  url: string;
}

beforeAll(async () => {
  database = await freshDatabase("delivery", { max: 12 });
  await database.pool.query("insert into org (id, name, slug) values ($1, 'Acme', 'acme')", [acme]);
});
afterAll(() => database.drop());

const claim = async (most: number) =>
  (
    await database.pool.query<Claim>(
      "select delivery_id, lease_token, url from etl_api.claim_deliveries('w', $1)",
      [most],
    )
  ).rows;

const complete = async (claims: Claim[], status = 200) =>
  (
    await database.pool.query<{ accepted: boolean }>("select accepted from etl_api.complete_deliveries($1)", [
      JSON.stringify(claims.map((one) => ({ ...one, status, duration_ms: 5 }))),
    ])
  ).rows;

const endpoint = async (url: string, ordered = false) =>
  (
    await database.pool.query<{ id: string }>(
      "insert into webhook_endpoint (org_id, url, ordered) values ($1, $2, $3) returning id",
      [acme, url, ordered],
    )
  ).rows[0]!.id;

const queue = (id: string, count: number) =>
  database.pool.query(
    `select etl_api.queue_messages(array_agg($1::uuid), array_agg(null::uuid), array_agg(null::uuid),
       array_agg(jsonb_build_object('endpoint', $2::text)), array_agg('test.event'::text), array_agg('{}'::jsonb))
     from generate_series(1, $3::int)`,
    [acme, id, count],
  );

/** Several workers, until none of them finds anything `patience` times in a row. */
async function work(workers: number, step: () => Promise<number>, patience = 5): Promise<void> {
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (let empty = 0; empty < patience;) empty = (await step()) > 0 ? 0 : empty + 1;
    }),
  );
}

test(
  "messages in order are sent one after the other by however many workers",
  { timeout: 60_000 },
  async () => {
    const id = await endpoint("https://client.test/ordered", true);
    for (let n = 0; n < 120; n++) await queue(id, 1);
    const made = (
      await database.pool.query<{ id: string }>(
        "select id from delivery where endpoint_id = $1 order by created_at",
        [id],
      )
    ).rows.map((row) => row.id);
    const came: string[] = [];
    let under = 0;
    await work(
      8,
      async () => {
        const claims = await claim(10);
        if (claims.length === 0) return 0;
        under += claims.length;
        expect(under).toBe(1);
        came.push(claims[0]!.delivery_id);
        await new Promise((resolve) => setImmediate(resolve));
        under -= claims.length;
        expect((await complete(claims)).every(({ accepted }) => accepted)).toBe(true);
        return claims.length;
      },
      40,
    );
    expect(came).toEqual(made);
  },
);

test("workers together keep to the room of an address", { timeout: 60_000 }, async () => {
  const id = await endpoint("https://client.test/narrow");
  await queue(id, 400);
  const claims = (await Promise.all(Array.from({ length: 8 }, () => claim(100)))).flat();
  // Those that look at the same moment find the same messages, of which each is given once.
  expect(claims.length).toBeLessThanOrEqual(20);
  expect(new Set(claims.map((one) => one.delivery_id)).size).toBe(claims.length);
  await complete(claims);
  await work(4, async () => {
    const more = await claim(100);
    if (more.length > 0) await complete(more);
    return more.length;
  });
  const { rows } = await database.pool.query(
    "select state::text, count(*)::int from delivery where endpoint_id = $1 group by 1",
    [id],
  );
  expect(rows).toEqual([{ state: "delivered", count: 400 }]);
});

test(
  "an endpoint switched off and on while messages come and go loses none",
  { timeout: 60_000 },
  async () => {
    const id = await endpoint("https://client.test/switched");
    let left = 4;
    const makers = Array.from({ length: 4 }, async () => {
      for (let n = 0; n < 40; n++) await queue(id, 1 + (n % 3));
      left--;
    });
    const switcher = (async () => {
      while (left > 0) {
        await database.pool.query("update webhook_endpoint set disabled_at = now() where id = $1", [id]);
        await database.pool.query("update webhook_endpoint set disabled_at = null where id = $1", [id]);
      }
    })();
    const senders = Array.from({ length: 3 }, async () => {
      while (left > 0) {
        const claims = await claim(7);
        if (claims.length > 0) await complete(claims);
      }
    });
    await Promise.all([...makers, switcher, ...senders]);
    const held = await database.pool.query(
      "select count(*)::int from delivery where endpoint_id = $1 and due_at = 'infinity'",
      [id],
    );
    expect(held.rows).toEqual([{ count: 0 }]);
    // What was let go is spread over a second or two.
    await database.pool.query(
      "update delivery set due_at = now() where endpoint_id = $1 and state in ('waiting', 'ready')",
      [id],
    );
    await work(3, async () => {
      const claims = await claim(50);
      if (claims.length > 0) await complete(claims);
      return claims.length;
    });
    const { rows } = await database.pool.query(
      "select state::text, count(*)::int from delivery where endpoint_id = $1 group by 1",
      [id],
    );
    expect(rows).toEqual([{ state: "delivered", count: 4 * 79 }]);
  },
);
