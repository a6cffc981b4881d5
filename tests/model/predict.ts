/** How a workflow ends, worked out without the engine. */
import { type Case, type Node, fateOf, offers, pageOf, questionOf, searchers, valueOf } from "./case.ts";

/** How an activity ends. */
export interface Outcome {
  state: "delivered" | "failed" | "invalid";
  substate: string | null;
  /** Runs by source and end, such as `s1 done`. */
  runs: string[];
  /** Object → datapoint → value and source; a search's objects have no values. */
  objects: Record<string, Record<string, { value: string; source: string }>>;
}

/** How a workflow ends. */
export interface Prediction {
  state: "delivered" | "failed";
  substate: string | null;
  activities: Record<string, Outcome>;
}

const hasFailed = (outcome: Outcome) => outcome.state !== "delivered";

/** Works out how a workflow ends. */
export function predict(seed: number, { number, things, nodes }: Case): Prediction {
  const outcomes: Outcome[] = [];
  for (const [i, node] of nodes.entries()) {
    const before = nodes.flatMap((other, j) => (other.targets.includes(i) ? [j] : []));
    const wishes = before.flatMap((j) => {
      const outcome = outcomes[j]!;
      if (outcome.substate === "skipped") return ["skip"];
      return hasFailed(outcome) ? [nodes[j]!.onFailure] : [];
    });
    if (wishes.includes("fail")) {
      outcomes.push({ state: "invalid", substate: "dependency_failed", runs: [], objects: {} });
    } else if (wishes.includes("skip")) {
      outcomes.push({ state: "delivered", substate: "skipped", runs: [], objects: {} });
    } else {
      const given = before.flatMap((j) => Object.keys(outcomes[j]!.objects));
      const taken = [...new Set(given)];
      outcomes.push(
        node.type === "enrichment"
          ? enrich(seed, number, node, before.length > 0 ? taken : things)
          : search(seed, number, node, before.length > 0 ? taken : ["-"]),
      );
    }
  }
  const done = outcomes.filter((outcome) => !hasFailed(outcome) && outcome.substate !== "skipped");
  const whole = done.every(({ substate }) => substate !== "partial") && done.length === outcomes.length;
  return {
    state: done.length > 0 ? "delivered" : "failed",
    substate: done.length === 0 ? "all_activities_failed" : whole ? null : "partial",
    activities: Object.fromEntries(outcomes.map((outcome, i) => [nodes[i]!.key, outcome])),
  };
}

/** The waterfall: for what is missing of an object, the first source not yet asked; all at once, then again. */
function enrich(seed: number, number: number, node: Node, keys: string[]): Outcome {
  const runs: string[] = [];
  const objects: Outcome["objects"] = {};
  let missing = 0;
  for (const key of keys) {
    const known: Record<string, { value: string; source: string }> = {};
    const asked = new Set<string>();
    for (;;) {
      const open = node.asks.filter((ask) => known[name(node, ask)] === undefined);
      const next = new Set(
        open.flatMap((ask) => {
          const source = Object.keys(offers).find((s) => !asked.has(s) && offers[s]!.includes(ask));
          return source === undefined ? [] : [source];
        }),
      );
      if (next.size === 0) break;
      // In their order, so that the first to know is the one that is believed.
      for (const source of Object.keys(offers).filter((one) => next.has(one))) {
        asked.add(source);
        const question = questionOf(number, node.key, source, key);
        const failed = fateOf(seed, question).always !== null;
        runs.push(`${source} ${failed ? "failed" : "done"}`);
        if (failed) continue;
        for (const ask of open.filter((one) => offers[source]!.includes(one))) {
          const value = valueOf(seed, question, ask);
          if (value !== null) known[name(node, ask)] ??= { value, source };
        }
      }
    }
    missing += node.asks.length - Object.keys(known).length;
    objects[key] = known;
  }
  const values = keys.length * node.asks.length - missing;
  const nothing = values === 0 && runs.length > 0 && runs.every((run) => run.endsWith("failed"));
  return {
    state: nothing ? "failed" : "delivered",
    substate: nothing ? "all_runs_failed" : keys.length === 0 ? "no_objects" : missing > 0 ? "partial" : null,
    runs: runs.sort(),
    objects,
  };
}

/** The name of a node's datapoint. */
export const name = (node: Node, ask: number) => `${node.key}_${ask}`;

/** The first source about everything; the second one only when nothing was found. */
function search(seed: number, number: number, node: Node, about: string[]): Outcome {
  const runs: string[] = [];
  const found = new Set<string>();
  for (const source of searchers) {
    if (found.size > 0) break;
    for (const key of about) {
      let failed = false;
      for (let page = 1, more = true; more; page++) {
        const question = questionOf(number, node.key, source, key, page);
        failed = fateOf(seed, question).always !== null;
        if (failed) break;
        const answer = pageOf(seed, question, page);
        for (const one of answer.keys) found.add(one);
        more = answer.more;
      }
      runs.push(`${source} ${failed ? "failed" : "done"}`);
    }
  }
  const failed = runs.filter((run) => run.endsWith("failed")).length;
  const nothing = found.size === 0 && failed > 0 && failed === runs.length;
  return {
    state: nothing ? "failed" : "delivered",
    substate: nothing ? "all_runs_failed" : found.size === 0 ? "no_objects" : failed > 0 ? "partial" : null,
    runs: runs.sort(),
    objects: Object.fromEntries([...found].sort().map((key) => [key, {}])),
  };
}
