/** Somebody begins a transaction, looks at rows, locks some of them, and goes to lunch. */
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { Figures, Proof, ProofContext } from "../proof.ts";
import { openLoad } from "./load.ts";

async function hold(context: ProofContext): Promise<Figures> {
  const load = await openLoad(context);
  const [open, locked] = context.short ? [4, 3] : [120, 60];
  const lockedRows = 20;
  let held = await load.fill();
  const lunch = new pg.Client({ connectionString: load.databaseUrl });
  lunch.on("error", () => {});
  await lunch.connect();
  context.own(lunch, (one) => one.end());
  // Its snapshot keeps every row version that dies from now on.
  await lunch.query("begin isolation level repeatable read");
  await lunch.query("select count(*) from public.run_request");
  const begun = Date.now();
  const seconds = () => (Date.now() - begun) / 1_000;
  await load.manner({ holdAsks: false });
  let handedIn = 0;
  while (seconds() < open && !context.signal.aborted) {
    await load.handIn(100);
    handedIn += 100;
    await delay(1_000);
  }
  let left = await load.settle();
  context.expect(left === 0, `${left} requests and messages did not go on beside an open transaction`);
  context.progress(
    `a transaction stayed open for ${Math.round(seconds())} s; ${handedIn} requests came in beside it, ${left} wait`,
  );

  // Locks too, on requests that are under way right now.
  held = Math.min(held, await load.fill());
  const eater = new pg.Client({ connectionString: load.databaseUrl });
  eater.on("error", () => {});
  await eater.connect();
  context.own(eater, (one) => one.end());
  await eater.query("begin");
  const { rows } = await eater.query(
    `select id from public.workflow_request where org_id = $1 and is_open order by id limit ${lockedRows} for update`,
    [load.tenant.org],
  );
  context.expect(rows.length === lockedRows, `only ${rows.length} requests could be locked`);
  await load.manner({ holdAsks: false });
  await delay(locked * 1_000);
  const waiting = await load.countOpen();
  context.expect(waiting >= lockedRows, `only ${waiting} requests wait, where ${lockedRows} are locked`);
  await eater.query("commit");
  await lunch.query("commit");
  context.progress(
    `another one held ${lockedRows} of ${held} requests locked for ${locked} s; ${waiting} waited for it`,
  );
  left = await load.settle();
  context.expect(left === 0, `${left} requests and messages stayed open after both had ended`);
  const figures = await load.account({ load: held, faults: 2 });
  return {
    ...figures,
    more: {
      ...figures.more,
      "seconds a transaction was open": Math.round(seconds()),
      "seconds another held locks": locked,
      "requests and messages that waited for these": waiting,
    },
  };
}

export const transactionHeld: Proof = { run: hold };
