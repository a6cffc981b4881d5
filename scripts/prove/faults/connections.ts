/** Connections are cut in the middle of what is said, or there are none to be had. */
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { Figures, Proof, ProofContext } from "../proof.ts";
import { openLoad } from "./load.ts";
import { between } from "./random.ts";

/** Rounds of: fill, let the world answer, and cut every connection after some bytes, again and again for a while. */
async function cut(
  context: ProofContext,
  which: "database" | "world",
  bytes: [number, number],
): Promise<Figures> {
  const load = await openLoad(context, {
    cutDatabase: which === "database",
    cutWorld: which === "world",
    timeoutSeconds: context.short ? 3 : 10,
  });
  const proxy = load.proxies[which]!;
  const [rounds, cuts] = context.short ? [1, 40] : [4, 500];
  let least = Infinity;
  for (let round = 0; round < rounds; round++) {
    const held = await load.fill();
    least = Math.min(least, held);
    const before = proxy.cuts;
    proxy.cutAfter(() => between(load.next, ...bytes));
    await load.manner({ holdAsks: false });
    const end = Date.now() + (context.short ? 5_000 : 60_000);
    while (proxy.cuts - before < cuts && Date.now() < end && !context.signal.aborted) await delay(20);
    proxy.cutAfter(null);
    context.progress(
      `round ${round + 1} of ${rounds}: ${held} in flight, ${proxy.cuts - before} connections cut`,
    );
    const open = await load.settle();
    context.expect(open === 0, `${open} requests and messages stayed open after round ${round + 1}`);
    if (open > 0) break;
  }
  context.expect(proxy.cuts > 0, "no connection was cut");
  return load.account({ load: least, faults: proxy.cuts });
}

export const databaseCut: Proof = {
  // From the first bytes of the greeting up to the middle of a large batch.
  run: (context) => cut(context, "database", [1, 60_000]),
};

export const worldCut: Proof = {
  // A question is some 200 bytes, an answer as much, a message some 1,500.
  run: (context) => cut(context, "world", [1, 1_200]),
};

/** Takes every connection the server has to give, and gives them back when it is told. */
async function exhaust(context: ProofContext): Promise<Figures> {
  const room = 40;
  const load = await openLoad(context, {
    settings: { max_connections: String(room), superuser_reserved_connections: "0" },
  });
  const [rounds, seconds] = context.short ? [1, 3] : [3, 30];
  let least = Infinity;
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    const held = await load.fill();
    least = Math.min(least, held);
    const hogs: pg.Client[] = [];
    let letGo = false;
    const grab = async (): Promise<void> => {
      while (!letGo && !context.signal.aborted) {
        const hog = new pg.Client({ connectionString: load.databaseUrl });
        hog.on("error", () => {});
        try {
          await hog.connect();
          hogs.push(hog);
          // Whoever has a connection loses it, and finds that somebody else has taken its place.
          if (hogs.length === 1)
            await hog.query(
              "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
            );
        } catch (error) {
          if ((error as { code?: string }).code === "53300") refused++;
          await delay(5);
        }
      }
    };
    const grabbing = Promise.all(Array.from({ length: 8 }, grab));
    await delay(500);
    await load.manner({ holdAsks: false });
    await delay(seconds * 1_000);
    const [taken] = await Promise.any(
      hogs.map(async (hog) => {
        const { rows } = await hog.query<{ count: number }>(
          "select count(*)::int from pg_stat_activity where backend_type = 'client backend'",
        );
        return [rows[0]!.count] as const;
      }),
    );
    context.progress(
      `round ${round + 1} of ${rounds}: ${held} in flight, ${taken} of ${room} connections taken for ${seconds} s`,
    );
    context.expect(taken >= room - 2, `only ${taken} of ${room} connections were taken`);
    letGo = true;
    await grabbing;
    await Promise.all(hogs.map((hog) => hog.end().catch(() => {})));
    const open = await load.settle();
    context.expect(open === 0, `${open} requests and messages stayed open after round ${round + 1}`);
    if (open > 0) break;
  }
  context.expect(refused > 0, "nobody was refused a connection");
  return load.account({ load: least, faults: rounds });
}

export const connectionsExhausted: Proof = { run: exhaust };
