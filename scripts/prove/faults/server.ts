/** The server goes away while requests are in flight: killed, stopped in a hurry, stopped at once. */
import { setTimeout as delay } from "node:timers/promises";
import type { Figures, Proof, ProofContext } from "../proof.ts";
import { killServer, stopServer } from "./kill.ts";
import { openLoad, type Load } from "./load.ts";
import { between } from "./random.ts";

/**
 * Rounds of: fill, let the world answer, and strike: at once, while all wait for their answers, or somewhere in the
 * middle of what follows an answer.
 */
async function strike(
  context: ProofContext,
  rounds: number,
  how: (load: Load, round: number) => Promise<void>,
  options?: Parameters<typeof openLoad>[1],
): Promise<Figures> {
  const load = await openLoad(context, options);
  let least = Infinity;
  for (let round = 0; round < rounds; round++) {
    const held = await load.fill();
    least = Math.min(least, held);
    const wait = round % 2 === 0 ? between(load.next, 20, 600) : 0;
    if (wait > 0) await load.manner({ holdAsks: false });
    await delay(wait);
    context.progress(
      `round ${round + 1} of ${rounds}: ${held} in flight, strikes ${wait > 0 ? `${wait} ms after the first answers` : "while all wait"}`,
    );
    await how(load, round);
    await load.manner({ holdAsks: false });
    const open = await load.settle();
    context.expect(open === 0, `${open} requests and messages stayed open after round ${round + 1}`);
    if (open > 0) break;
  }
  return load.account({ load: least, faults: rounds });
}

export const serverKilled: Proof = {
  run: (context) =>
    strike(context, context.short ? 2 : 6, async ({ server }) => {
      const children = await killServer(server);
      context.expect(children > 3, `the server had only ${children} processes`);
      await server.restart();
    }),
};

export const serverRestarted: Proof = {
  run: (context) =>
    strike(context, context.short ? 2 : 6, async ({ server }, round) => {
      await stopServer(server, round % 2 === 0 ? "fast" : "immediate");
      await server.restart();
    }),
};

export const functionsKilled: Proof = {
  run: (context) =>
    strike(
      context,
      context.short ? 1 : 5,
      async ({ functions }) => {
        await functions.kill();
        await functions.restart();
      },
      // What a killed process had claimed stays with it for so long, and a second.
      { timeoutSeconds: context.short ? 3 : 15 },
    ),
};
