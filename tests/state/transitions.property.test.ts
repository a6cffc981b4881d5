import fc from "fast-check";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const STATES = [
  "new",
  "valid",
  "invalid",
  "waiting",
  "ready",
  "in_progress",
  "timedout",
  "failed",
  "done",
  "delivered",
] as const;
type State = (typeof STATES)[number];

const ENTITIES = ["workflow_request", "activity_request", "run_queue", "run_request", "delivery"] as const;
type Entity = (typeof ENTITIES)[number];

// The contract's table, written out by hand: what the database holds must not be compared with itself.
const NEXT: Record<State, readonly State[]> = {
  new: ["valid", "invalid"],
  valid: ["ready", "waiting"],
  waiting: ["ready", "invalid", "timedout"],
  ready: ["in_progress"],
  in_progress: ["done", "failed", "timedout", "ready", "waiting"],
  done: ["delivered"],
  failed: ["ready", "new"],
  timedout: ["ready", "new"],
  invalid: ["ready", "new"],
  delivered: [],
};
const CANCELLABLE: readonly State[] = ["new", "valid", "waiting", "ready"];

interface Row {
  state: State;
  via: State[] | null;
  substate: string | null;
  history: string[];
}

interface Write {
  state: State;
  /** undefined: the column is not touched. */
  via: State[] | null | undefined;
  substate: string | null;
}

const same = (a: State[] | null, b: State[] | null): boolean => JSON.stringify(a) === JSON.stringify(b);

function mayStep(from: State, to: State, substate: string | null): boolean {
  return (
    NEXT[from].includes(to) || (to === "failed" && CANCELLABLE.includes(from) && substate === "cancelled")
  );
}

function stepsOf(path: State[], substate: string | null): string[] {
  return path
    .slice(1)
    .map((to, i) => `${path[i]}>${to}${i === path.length - 2 && substate !== null ? `:${substate}` : ""}`);
}

/** The row after an insert; null when it is refused. */
function inserted({ state, via, substate }: Write): Row | null {
  const path = [...(via ?? []), state];
  if (path[0] !== "new") return null;
  for (let i = 1; i < path.length; i++) if (!mayStep(path[i - 1]!, path[i]!, substate)) return null;
  const first = `->new${path.length === 1 && substate !== null ? `:${substate}` : ""}`;
  return { state, via: via ?? null, substate, history: [first, ...stepsOf(path, substate)] };
}

/** The row after an update; null when it is refused. */
function updated(row: Row, write: Write): Row | null {
  const via = write.via === undefined ? row.via : write.via;
  const { state, substate } = write;
  const history = [...row.history];
  const plainStep =
    NEXT[row.state].includes(state) || (state === "failed" && CANCELLABLE.includes(row.state));
  const walksVia = via !== null && (!same(via, row.via) || (state !== row.state && !plainStep));

  if (!walksVia && state === row.state) {
    if (substate !== row.substate)
      history.push(`${state}>${state}${substate === null ? "" : `:${substate}`}`);
    return { state, via, substate, history };
  }
  const path = [row.state, ...(walksVia ? via : []), state];
  for (let i = 1; i < path.length; i++) if (!mayStep(path[i - 1]!, path[i]!, substate)) return null;
  return { state, via, substate, history: [...history, ...stepsOf(path, substate)] };
}

// ---------------------------------------------------------------- random writes, legal ones often enough

const anyState = fc.constantFrom(...STATES);
const anySubstate = fc.constantFrom<string | null>(null, null, "cancelled", "backoff");
const legalWalk = (from: State): fc.Arbitrary<State[]> =>
  fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }).map((choices) => {
    const walk: State[] = [];
    let at = from;
    for (const choice of choices) {
      const next = NEXT[at];
      if (next.length === 0) break;
      at = next[choice % next.length]!;
      walk.push(at);
    }
    return walk;
  });
const anyVia = fc.oneof(
  { weight: 2, arbitrary: fc.constant<null>(null) },
  { weight: 1, arbitrary: fc.constant<undefined>(undefined) },
  { weight: 2, arbitrary: fc.array(anyState, { maxLength: 3 }) },
);

type Command =
  | { kind: "insert"; write: Write }
  | { kind: "update"; row: number; write: Write }
  | { kind: "walk"; row: number; walks: Record<State, State[]>; substate: string | null }
  | { kind: "bulk"; rows: { row: number; write: Write }[] };

const anyWrite = fc.record({ state: anyState, via: anyVia, substate: anySubstate });
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.oneof(
      anyWrite.map((write): Command => ({ kind: "insert", write })),
      legalWalk("new").map((walk): Command => ({
        kind: "insert",
        write: { state: walk.at(-1)!, via: ["new", ...walk.slice(0, -1)], substate: null },
      })),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("update" as const), row: fc.nat(20), write: anyWrite }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("walk" as const),
      row: fc.nat(20),
      walks: fc.record(
        Object.fromEntries(STATES.map((s) => [s, legalWalk(s)])) as Record<State, fc.Arbitrary<State[]>>,
      ),
      substate: anySubstate,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("bulk" as const),
      rows: fc.array(fc.record({ row: fc.nat(20), write: anyWrite }), { minLength: 1, maxLength: 4 }),
    }),
  },
);

// ---------------------------------------------------------------- the database

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase("transitions", { max: 1 });
  await database.pool.query("select test_setup.only_guard()");
});
afterAll(() => database?.drop());

/** Whether the guard let a statement pass; any other error is thrown. */
async function passes(text: string, values: unknown[]): Promise<pg.QueryResult | null> {
  try {
    return await database.pool.query(text, values);
  } catch (error) {
    if ((error as pg.DatabaseError).code === "ETL01") return null;
    throw error;
  }
}

async function insert(entity: Entity, write: Write): Promise<string | null> {
  const result = await passes("select test_setup.make($1, $2, $3::text[], $4) as id", [
    entity,
    write.state,
    write.via ?? [],
    write.substate,
  ]);
  return result === null ? null : (result.rows[0] as { id: string }).id;
}

async function update(entity: Entity, writes: Map<string, Write>): Promise<boolean> {
  // One statement for all rows. A via that is not touched is not in the set clause, so it is all or none.
  const touchesVia = [...writes.values()][0]!.via !== undefined;
  const values = [...writes].map(([id, write]) => ({
    id,
    state: write.state,
    state_via: write.via ?? null,
    state_substate: write.substate,
  }));
  const result = await passes(
    `update public.${entity} as t
     set state = w.state, state_substate = w.state_substate ${touchesVia ? ", state_via = w.state_via" : ""}
     from jsonb_populate_recordset(null::public.${entity}, $1) as w
     where t.id = w.id`,
    [JSON.stringify(values)],
  );
  return result !== null;
}

async function stored(entity: Entity, id: string): Promise<Row> {
  const { rows } = await database.pool.query(
    `select t.state, t.state_via::text[] as via, t.state_substate as substate, test_setup.steps(t.id) as history
     from public.${entity} as t
     where t.id = $1`,
    [id],
  );
  return rows[0] as Row;
}

// ---------------------------------------------------------------- the properties

test.each(ENTITIES)("any sequence of writes to %s does what the contract's table allows", async (entity) => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyCommand, { minLength: 1, maxLength: 15 }), async (commands) => {
      const ids: string[] = [];
      const model = new Map<string, Row>();
      const pick = (n: number): string => ids[n % ids.length]!;
      const apply = async (writes: Map<string, Write>): Promise<void> => {
        const after = [...writes].map(([id, write]) => [id, updated(model.get(id)!, write)] as const);
        const legal = after.every(([, row]) => row !== null);
        expect(await update(entity, writes)).toBe(legal);
        if (legal) for (const [id, row] of after) model.set(id, row!);
      };

      for (const command of [
        { kind: "insert", write: { state: "new", via: null, substate: null } } as const,
        ...commands,
      ]) {
        if (command.kind === "insert") {
          const row = inserted(command.write);
          const id = await insert(entity, command.write);
          expect(id !== null).toBe(row !== null);
          if (id !== null) {
            ids.push(id);
            model.set(id, { ...row!, via: row!.via?.length ? row!.via : null });
          }
        } else if (command.kind === "update") {
          await apply(new Map([[pick(command.row), command.write]]));
        } else if (command.kind === "walk") {
          const id = pick(command.row);
          const walk = command.walks[model.get(id)!.state];
          if (walk.length === 0) continue;
          await apply(
            new Map([
              [
                id,
                {
                  state: walk.at(-1)!,
                  via: walk.length > 1 ? walk.slice(0, -1) : null,
                  substate: command.substate,
                },
              ],
            ]),
          );
        } else {
          const touches = command.rows[0]!.write.via !== undefined;
          await apply(
            new Map(
              command.rows.map(({ row, write }) => [
                pick(row),
                { ...write, via: touches ? (write.via ?? null) : undefined },
              ]),
            ),
          );
        }
      }
      for (const id of ids) expect(await stored(entity, id)).toEqual(model.get(id));
    }),
    { numRuns: 60 },
  );
});
