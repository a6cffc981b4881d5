/** The server's clock jumps, forward and back, while requests are in flight. */
import { existsSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Figures, Proof, ProofContext } from "../proof.ts";
import { openLoad, type Load } from "./load.ts";

/** Sets how far the clock of the server is ahead of the machine's, in seconds. */
type SetClock = (seconds: number) => Promise<void>;

/** The library that turns a process's clock, where Debian has put it. */
function faketime(): string | null {
  if (process.platform !== "linux" || !existsSync("/usr/lib")) return null;
  const folders = readdirSync("/usr/lib").map((name) => `/usr/lib/${name}/faketime/libfaketime.so.1`);
  return folders.find((path) => existsSync(path)) ?? null;
}

/** Starts a load whose server has a clock that can be turned. */
async function openTurnable(context: ProofContext): Promise<{ load: Load; set: SetClock; how: string }> {
  const library = faketime();
  if (library === null) {
    // The engine asks its own function what time it is; here that looks it up. Only what PostgreSQL itself takes from
    // the clock stays as it is.
    const load = await openLoad(context);
    await load.query(`
      create table public.prove_clock (ahead interval not null);
      insert into public.prove_clock values ('0');
      grant select on public.prove_clock to public;
      create or replace function utils.now() returns timestamptz language plpgsql stable security definer
      set search_path = '' as $$
      begin
        return pg_catalog.now() + (select c.ahead from public.prove_clock as c);
      end
      $$`);
    return {
      load,
      how: "the engine's own clock",
      set: async (seconds) =>
        void (await load.query("update public.prove_clock set ahead = make_interval(secs => $1)", [seconds])),
    };
  }
  const file = join(await context.folder(), "clock");
  const set: SetClock = async (seconds) => {
    // Put there in one step: it is read at any moment.
    writeFileSync(`${file}.new`, `${seconds < 0 ? "" : "+"}${seconds}\n`, { mode: 0o644 });
    renameSync(`${file}.new`, file);
  };
  await set(0);
  const env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    // Pauses stay as long as they are; only the time of day jumps.
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    DONT_FAKE_MONOTONIC: "1",
  };
  const server = await context.server({ env });
  return { load: await openLoad(context, { server }), set, how: "PostgreSQL's clock, by libfaketime" };
}

async function run(context: ProofContext): Promise<Figures> {
  const { load, set, how } = await openTurnable(context);
  const clock = async (): Promise<number> => {
    const [row] = await load.query<{ at: number }>("select extract(epoch from utils.now())::float8 as at");
    return Math.round(row!.at - Date.now() / 1_000);
  };
  const minutes = 60;
  // None is as long as a run may take (an hour), which would end the runs under way, as it should.
  // Leases end at once when it jumps forward; when it jumps back, what was put off waits for its time to come again.
  const jumps = context.short ? [20 * minutes, 0] : [20 * minutes, 40 * minutes, 0, 5, -5, -30 * minutes, 0];
  let [least, ahead, waited] = [Infinity, 0, 0];
  for (const [index, jump] of jumps.entries()) {
    const held = await load.fill();
    least = Math.min(least, held);
    await set(jump);
    const is = await clock();
    context.expect(Math.abs(is - jump) < 3, `the clock was to be ${jump} s ahead, and is ${is} s`);
    const back = jump < ahead;
    context.progress(
      `jump ${index + 1} of ${jumps.length}: ${held} in flight, from ${ahead} s ahead to ${jump} s`,
    );
    await load.manner({ holdAsks: false });
    if (back) {
      // What is due at once goes on; what was put off to a time that lies ahead again is there, and waits.
      await delay(context.short ? 2_000 : 15_000);
      waited += await load.countOpen();
      await set(ahead);
    }
    const open = await load.settle();
    context.expect(open === 0, `${open} requests and messages stayed open after the jump to ${jump} s`);
    if (open > 0) break;
    if (back) await set(jump);
    ahead = jump;
  }
  const figures = await load.account({ load: least, faults: jumps.length });
  return {
    ...figures,
    more: { ...figures.more, "what was turned": how, "waited for the time to come again": waited },
  };
}

export const clockJumps: Proof = { run };
