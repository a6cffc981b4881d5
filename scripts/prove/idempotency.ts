/** Many connections hand in the same requests at the same moment. */
import pg from "pg";
import { configure } from "../bench/engine.ts";
import type { Figures, Proof, ProofContext } from "./proof.ts";

async function run(context: ProofContext): Promise<Figures> {
  const [keys, hands] = context.short ? [200, 4] : [2_000, 8];
  const server = await context.server();
  const { url } = await context.database(server);
  const pool = context.own(new pg.Pool({ connectionString: url, max: hands }), (one) => one.end());
  pool.on("error", () => {});
  const client = context.own(new pg.Client({ connectionString: url }), (one) => one.end());
  client.on("error", () => {});
  await client.connect();
  const { org, activity } = await configure(client, "prove");
  context.progress(`${hands} connections hand in the same ${keys.toLocaleString("en")} requests`);
  const told = new Map<number, Set<string>>();
  const handIn = async (key: number): Promise<void> => {
    const { rows } = await pool.query<{ id: string }>(
      `insert into public.workflow_request (org_id, idempotency_key, data)
       values ($1, $2, jsonb_build_object(
         'input', '{"companies": [{"domain": "one.test"}]}'::jsonb,
         'data', jsonb_build_object('enrich', jsonb_build_object('id', $3::uuid))))
       returning id`,
      [org, `key ${key}`, activity],
    );
    const ids = told.get(key) ?? new Set();
    told.set(key, ids.add(rows[0]!.id));
  };
  await Promise.all(
    Array.from({ length: hands }, async () => {
      for (let key = 0; key < keys; key++) await handIn(key);
    }),
  );
  const { rows } = await client.query<{ started: number; activities: number }>(
    `select count(distinct w.id)::int as started, count(a.id)::int as activities
     from public.workflow_request as w
     left join public.activity_request as a on a.workflow_request_id = w.id
     where w.org_id = $1 and w.replay = 0`,
    [org],
  );
  const { started, activities } = rows[0]!;
  const twoIds = [...told.values()].filter((ids) => ids.size !== 1).length;
  context.expect(twoIds === 0, `${twoIds} keys were told more than one id`);
  return {
    load: hands,
    inputs: keys * hands,
    lost: Math.max(0, keys - started),
    doubled: Math.max(0, started - keys) + Math.max(0, activities - keys),
  };
}

export const idempotency: Proof = { run };
