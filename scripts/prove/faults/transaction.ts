/** Somebody begins a transaction, looks at rows, locks some of them, and goes to lunch. */
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { Figures, Proof, ProofContext } from "../proof.ts";
import { openLoad } from "./load.ts";

async function hold(context: ProofContext): Promise<Figures> {
  const load = await openLoad(context);
  const seconds = context.short ? 10 : 180;
  const lockedRows = 20;
  const held = await load.fill();
  const lunch = new pg.Client({ connectionString: load.databaseUrl });
  lunch.on("error", () => {});
  await lunch.connect();
  context.own(lunch, (one) => one.end());
  // Its snapshot keeps every dead row version; its locks are on requests that are under way right now.
  await lunch.query("begin isolation level repeatable read");
  const { rows: locked } = await lunch.query<{ id: string }>(
    `select id from public.workflow_request where org_id = $1 and is_open order by id limit ${lockedRows} for update`,
    [load.tenant.org],
  );
  context.expect(locked.length === lockedRows, `only ${locked.length} requests could be locked`);
  const begun = Date.now();
  await load.manner({ holdAsks: false });
  // Work keeps coming in meanwhile, and what nobody has locked goes on.
  let handedIn = 0;
  while (Date.now() - begun < seconds * 1_000 && !context.signal.aborted) {
    await load.handIn(100);
    handedIn += 100;
    await delay(1_000);
  }
  const [waiting] = await load.query<{ open: number }>(
    "select count(*)::int as open from public.workflow_request where org_id = $1 and is_open and created_at < now() - interval '5 seconds'",
    [load.tenant.org],
  );
  context.progress(
    `${held} in flight, a transaction held ${locked.length} of them locked for ${seconds} s; ${handedIn} came in meanwhile, ${waiting!.open} wait`,
  );
  await lunch.query("commit");
  const open = await load.settle();
  context.expect(open === 0, `${open} requests and messages stayed open after it had ended`);
  const figures = await load.account({ load: held, faults: 1 });
  return {
    ...figures,
    more: {
      ...figures.more,
      "seconds the transaction was open": seconds,
      "requests older than 5 s that waited for it": waiting!.open,
    },
  };
}

export const transactionHeld: Proof = { run: hold };
