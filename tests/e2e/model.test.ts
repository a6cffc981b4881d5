/**
 * Random workflows against a model: whatever the third party does, each ends as the model says, with nothing lost and
 * nothing doubled. Four connections insert them and keep two processes of edge functions at work over real HTTP.
 */
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { startFunctions, type Functions } from "../../scripts/lib/functions.ts";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";
import { plantedSigner } from "../helpers/planted.ts";
import { type Case, type Node, fateOf, makeCase, maxAttempts, offers, searchers } from "../model/case.ts";
import { type Outcome, predict } from "../model/predict.ts";
import { startWorld, type World } from "../model/world.ts";

const cases = 200;
const connections = 4;
const seed = inject("seed");
const limit = 150_000;

let database: TestDatabase;
let world: World;
let processes: Functions[] = [];
let workflows: Case[];
const errors: string[] = [];

const describeError = (error: unknown) =>
  error instanceof pg.DatabaseError ? `${error.code} ${error.message} ${error.where}` : String(error);

beforeAll(async () => {
  workflows = Array.from({ length: cases }, (_, i) => makeCase(seed, i + 1));
  world = await startWorld(seed);
  database = await freshDatabase("model");
  const { rows } = await database.pool.query<{ id: string }>(
    `insert into org (id, name, slug)
     select ('a0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'Org ' || n, 'org-' || n
     from generate_series(1, $1::int) as n
     returning id`,
    [cases],
  );
  await configure();
  const secret = plantedSigner();
  const env = {
    ETL_SECRETS: JSON.stringify(Object.fromEntries(rows.map(({ id }) => [id, { webhook: secret }]))),
    ETL_BATCH: "25",
    ETL_CPU_MS: "3600000",
    ETL_MAX_REQUESTS: "1000000",
  };
  processes = await Promise.all(
    [1, 2].map(() => startFunctions({ databaseUrl: database.url, env, onLog: () => {} })),
  );
  await runAll();
}, limit + 30_000);

afterAll(async () => {
  await Promise.all(processes.map((one) => one.stop()));
  await world?.stop();
  await database?.drop();
});

/** Sources and datapoints that all orgs share; the activities are each org's own. */
async function configure(): Promise<void> {
  const template = (source: string) => ({
    method: "POST",
    url: `${world.url}/ask`,
    body: {
      case: "<<$run_setup.case>>",
      node: "<<$run_setup.node>>",
      source,
      about: "<<$objects>>",
      ask: "<<$datapoints>>",
      cursor: "<<$cursor>>",
    },
    response: { objects: "things", ...(source.startsWith("f") ? { next_cursor: "next" } : {}) },
  });
  const names = [0, 1, 2, 3, 4, 5, 6].flatMap((i) => [0, 1, 2].map((j) => ({ name: `n${i}_${j}`, ask: j })));
  const sources = [...Object.keys(offers), ...searchers].map((source, i) => ({
    name: source,
    types: source.startsWith("f") ? ["extract", "sourcing"] : ["enrichment"],
    template: template(source),
    priority: i + 1,
    offers: offers[source] ?? [],
  }));
  await database.pool.query(
    `with t as (insert into object_type (name, key_datapoints) values ('thing', '{k}') returning id),
     d as (
       insert into datapoint (object_type_id, name)
       select t.id, n.name from t, jsonb_to_recordset($1::jsonb) as n (name text)
       returning id, name),
     s as (
       insert into source (name, activity_types, run_request_template, retry_policy, timeout_seconds)
       select s.name, array(select jsonb_array_elements_text(s.types)), s.template,
         jsonb_build_object('max_attempts', ${maxAttempts}, 'base_seconds', 0), 2
       from jsonb_to_recordset($2::jsonb) as s (name text, types jsonb, template jsonb)
       returning id, name),
     o as (
       insert into object_source (source_id, object_type_id, direction, key_mapping_json)
       select s.id, t.id, x.direction, x.mapping::jsonb
       from s, t, (values ('input', '["input", "things"]'), ('result', '["things"]')) as x (direction, mapping)
       -- A search asks about the objects of other activities, or about none.
       where x.direction = 'result' or s.name like 's%')
     insert into datapoint_source (source_id, datapoint_id, key_mapping_json, priority)
     select s.id, d.id, to_jsonb(d.name), x.priority
     from jsonb_to_recordset($2::jsonb) as x (name text, priority int, offers int[])
     join s on s.name = x.name
     join d on split_part(d.name, '_', 2)::int = any (x.offers)`,
    [JSON.stringify(names), JSON.stringify(sources.map((s) => ({ ...s, offers: `{${s.offers.join()}}` })))],
  );
  const activities = workflows.flatMap(({ number, nodes }) =>
    nodes.map(({ key, type }, i) => ({ number, i, name: `${number} ${key}`, type })),
  );
  await database.pool.query(
    `insert into activity (id, org_id, name, activity_type, object_type_id)
     select md5(a.name)::uuid, ('a0000000-0000-4000-8000-' || lpad(a.number::text, 12, '0'))::uuid, a.name, a.type, t.id
     from jsonb_to_recordset($1::jsonb) as a (number int, name text, type text), object_type as t`,
    [JSON.stringify(activities)],
  );
  await database.pool.query(
    "update etl_api.setting set value = '[0, 0, 0, 0, 0]' where name = 'delivery_schedule_seconds'",
  );
}

/** The text of a request, as its user would write it; {{n0}} stands for an activity's id. */
function textOf({ number, things, nodes }: Case): string {
  const webhook = { url: `${world.url}/hook` };
  const body = (node: Node) => ({
    id: `{{${node.key}}}`,
    type: "activity",
    setup: {
      config: {
        case: number,
        node: node.key,
        phase: node.phase,
        on_failure: node.onFailure,
        datapoints: node.type === "enrichment" ? node.asks.map((ask) => `${node.key}_${ask}`) : [],
      },
    },
    destination: {
      webhook,
      ...(node.targets.length > 0
        ? { activity: { id: node.targets.map((target) => `{{${nodes[target]!.key}}}`) } }
        : {}),
    },
  });
  return JSON.stringify({
    input: { things: things.map((k) => ({ k })) },
    data: Object.fromEntries(nodes.map((node) => [node.key, body(node)])),
    destination: { webhook },
  });
}

/** Inserts the workflows and keeps everything going until all have ended. */
async function runAll(): Promise<void> {
  const clients = Array.from(
    { length: connections },
    () => new pg.Client({ connectionString: database.url }),
  );
  await Promise.all(clients.map((client) => client.connect()));
  const end = Date.now() + limit;
  let inserting = connections;
  let over = false;
  const wake = async (one: Functions, name: string): Promise<number> => {
    const response = await fetch(`${one.url}/${name}`, {
      method: "POST",
      headers: { authorization: `Bearer ${one.key}` },
    });
    if (response.status !== 200) errors.push(`${name} answered ${response.status}`);
    return ((await response.json()) as { claimed?: number }).claimed ?? 0;
  };
  await Promise.all(
    clients.map(async (client, i) => {
      try {
        for (const one of workflows.filter(({ number }) => number % connections === i)) {
          const ids = await client.query<{ key: string; id: string }>(
            "select key, md5($1 || ' ' || key)::uuid as id from unnest($2::text[]) as key",
            [String(one.number), one.nodes.map(({ key }) => key)],
          );
          let text = textOf(one);
          for (const { key, id } of ids.rows) text = text.replaceAll(`{{${key}}}`, id);
          await client.query(
            "insert into workflow_request (org_id, data) values (('a0000000-0000-4000-8000-' || lpad($1, 12, '0'))::uuid, $2)",
            [String(one.number), text],
          );
        }
        inserting--;
        while (!over) {
          const one = processes[i % processes.length]!;
          const moved = (await wake(one, "execute-runs")) + (await wake(one, "deliver-webhooks"));
          await client.query("select etl_api.recover()");
          if (moved > 0 || inserting > 0) continue;
          const { rows } = await client.query(
            `select 1 from workflow_request where state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
             union all
             select 1 from delivery where state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
             limit 1`,
          );
          over ||= rows.length === 0 || Date.now() > end;
          await pause(20);
        }
      } catch (error) {
        errors.push(describeError(error));
        over = true;
      }
    }),
  );
  await Promise.all(clients.map((client) => client.end()));
}

interface Ended {
  number: number;
  state: string;
  substate: string | null;
  errors: unknown;
  activities: Record<string, Outcome>;
}

/** How the workflows ended, in the words of the model. */
async function readEnds(): Promise<Ended[]> {
  const { rows } = await database.pool.query<Ended>(
    `select right(w.org_id::text, 12)::int as number, w.state::text, w.state_substate as substate, w.errors,
       (select jsonb_object_agg(ar.activity_key, jsonb_build_object(
           'state', ar.state,
           'substate', ar.state_substate,
           'runs', (
             select coalesce(jsonb_agg(s.name || ' ' || q.state order by (s.name || ' ' || q.state) collate "C"), '[]')
             from run_queue as q join source as s on s.id = q.source_id where q.activity_request_id = ar.id),
           'objects', (
             select coalesce(jsonb_object_agg(o #>> '{key,k}', case when ar.activity_type <> 'enrichment' then '{}' else (
               select coalesce(jsonb_object_agg(v.key, jsonb_build_object('value', v.value, 'source', o #> array['provenance', v.key, 'source'])), '{}')
               from jsonb_each(o -> 'values') as v
               where v.key <> 'k') end), '{}')
             from activity_result as r, jsonb_array_elements(r.objects) as o where r.activity_request_id = ar.id)))
        from activity_request as ar where ar.workflow_request_id = w.id) as activities
     from workflow_request as w
     order by 1`,
  );
  return rows;
}

test("nothing went wrong on the way", () => {
  expect(errors).toEqual([]);
  expect(world.troubles).toEqual([]);
});

test("every workflow ends as the model says", async () => {
  const ends = await readEnds();
  expect(ends.length).toBe(cases);
  const shall = workflows.map((one) => ({ number: one.number, ...predict(seed, one) }));
  const wrong = ends.flatMap(({ errors: faults, ...end }, i) =>
    isDeepStrictEqual(end, shall[i]) ? [] : [{ i, end, faults }],
  );
  // The smallest of them says most.
  const [first] = wrong.sort((a, b) => workflows[a.i]!.nodes.length - workflows[b.i]!.nodes.length);
  if (first) {
    const text = JSON.stringify({ workflow: workflows[first.i], faults: first.faults });
    expect(first.end, `${wrong.length} of ${cases} with seed ${seed}, such as ${text}`).toEqual(
      shall[first.i],
    );
  }
  const states = new Set(shall.flatMap((one) => Object.values(one.activities)).map((one) => one.substate));
  // The seed made cases of every kind; else this test would show less than it says.
  for (const substate of [null, "partial", "no_objects", "all_runs_failed", "dependency_failed", "skipped"])
    expect(states).toContain(substate);
});

test("nothing is asked without need, and nothing again once it was answered", async () => {
  for (const [question, counts] of world.answers) {
    const fate = fateOf(seed, question);
    const text = `${question} ${JSON.stringify(counts)} ${JSON.stringify(fate)}`;
    if (fate.always === "404") expect(counts, text).toEqual({ 404: 1 });
    else if (fate.always !== null) expect(counts, text).toEqual({ [fate.always]: maxAttempts });
    else expect(counts.ok ?? (fate.faults.at(-1) === "late" ? 1 : 0), text).toBe(1);
  }
  const { rows } = await database.pool.query(
    `select entity, entity_id, to_state from etl_api.state_history
     where to_state in ('done', 'failed', 'delivered', 'invalid')
     group by entity, entity_id, to_state
     having count(*) > 1 and count(*) filter (where from_state <> to_state) > 1`,
  );
  expect(rows).toEqual([]);
});

test("every message comes once, and is accepted once", async () => {
  const { rows } = await database.pool.query<{ id: string; state: string }>(
    "select 'msg_' || replace(id::text, '-', '') as id, state::text from delivery",
  );
  expect(rows.filter(({ state }) => state !== "delivered")).toEqual([]);
  expect(rows.length).toBe(workflows.reduce((sum, { nodes }) => sum + nodes.length + 1, 0));
  expect([...world.messages.keys()].sort()).toEqual(rows.map(({ id }) => id).sort());
  expect([...world.messages].filter(([, { accepted }]) => accepted !== 1)).toEqual([]);
});
