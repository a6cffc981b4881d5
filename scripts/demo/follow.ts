/** The workflow on its way, as people see it. */
import { setTimeout as delay } from "node:timers/promises";
import type { WriteStream } from "node:tty";
import type pg from "pg";
import { bold, dim, green, red } from "../lib/console.ts";
import { amount } from "./report.ts";
import { bar, counts, Panel, table } from "./text.ts";
import { readProgress, type Progress } from "./watch.ts";

/** Seconds after which a workflow that should take ten is given up. */
const patience = 90;

/** Shows the workflow until it is over. */
export async function follow(
  database: pg.Client,
  workflowId: string,
  inserted: number,
  out: WriteStream,
): Promise<void> {
  const panel = out.isTTY ? new Panel(out) : null;
  const shown = new Map<string, string>();
  for (;;) {
    const progress = await readProgress(database, workflowId);
    const seconds = (Date.now() - inserted) / 1000;
    if (panel) panel.draw(panelLines(progress, seconds));
    else for (const line of newLines(progress, seconds, shown)) out.write(`${line}\n`);
    if (isOver(progress) || seconds > patience) return;
    await delay(panel ? 100 : 200);
  }
}

/** A workflow may be over while the message that tells so is still on its way. */
function isOver({ state, deliveries }: Progress): boolean {
  const open = ["new", "valid", "waiting", "ready", "in_progress"];
  if (state === "delivered") return true;
  return ["failed", "timedout", "invalid"].includes(state) && !open.some((one) => deliveries[one]);
}

const stateText = (state: string, substate: string | null) => (substate ? `${state} (${substate})` : state);

function painted(state: string, text: string): string {
  if (state === "delivered" || state === "done") return green(text);
  if (state === "failed" || state === "invalid" || state === "timedout") return red(text);
  return text;
}

function panelLines(progress: Progress, seconds: number): string[] {
  const eta = progress.eta === null ? "" : `, about ${Math.ceil(progress.eta)} s to go`;
  return [
    ...table(
      ["phase", "activity", "does", "asks", "objects", "runs", "state"].map((title) => ({
        title,
        right: title === "objects",
      })),
      progress.activities.map((activity) => [
        String(activity.phase),
        activity.key,
        activity.type,
        activity.sources.join(" → "),
        activity.objects ? amount(activity.objects, activity.object_type) : "–",
        counts(activity.runs) || "–",
        painted(activity.state, stateText(activity.state, activity.substate)),
      ]),
      bold,
    ),
    dim(`messages: ${counts(progress.deliveries) || "none yet"}`),
    `${bar(progress.percent)} ${String(Math.round(progress.percent)).padStart(3)} %  ` +
      `${painted(progress.state, stateText(progress.state, progress.substate))}  ` +
      dim(`phase ${progress.phase ?? "–"} of ${progress.phases ?? "–"}, ${seconds.toFixed(1)} s${eta}`),
  ];
}

/** For a log: one line for each thing that has a new state, and how many runs there are by state. */
function newLines(progress: Progress, seconds: number, shown: Map<string, string>): string[] {
  const lines = progress.activities.map((activity): [string, string, string] => [
    activity.key,
    stateText(activity.state, activity.substate),
    activity.objects
      ? `${amount(activity.objects, activity.object_type)}, runs: ${counts(activity.runs)}`
      : "",
  ]);
  lines.push([
    "workflow",
    stateText(progress.state, progress.substate),
    `phase ${progress.phase ?? "–"} of ${progress.phases ?? "–"}, ${Math.round(progress.percent)} %`,
  ]);
  if (Object.keys(progress.deliveries).length > 0) lines.push(["messages", counts(progress.deliveries), ""]);
  return lines
    .filter(([name, state]) => shown.get(name) !== state)
    .map(([name, state, more]) => {
      shown.set(name, state);
      return `${seconds.toFixed(1).padStart(5)} s  ${name.padEnd(8)}  ${state}${more ? dim(`  ${more}`) : ""}`;
    });
}
