/**
 * Random documents, mappings, templates, answers and reports, side by side with right ones: nothing raises, everything
 * ends by the table of states, and the right ones come to what they come to alone.
 */
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import pg from "pg";
import {
  body,
  datapointMapping,
  document,
  objectMapping,
  report,
  strange,
  template,
  textOf,
} from "./fuzz-inputs.ts";
import { faultsOf } from "./live.ts";
import type { Figures, Proof, ProofContext } from "./proof.ts";

/** What the inputs are tried with. */
export type Surroundings = Pick<ProofContext, "expect" | "own" | "progress" | "seed" | "signal">;

/** How many of each kind one round tries. */
const round = { documents: 160, mappings: 60, templates: 60, answers: 80, reports: 40 };
const perRound = Object.values(round).reduce((all, count) => all + count, 0);
/** How many right ones stand among them, of each kind. */
const neighbours = 8;

const soundBody = JSON.stringify({ company: { sector: "Anvils", staff: 12 } });

// Made once a session; what a rule refuses is told by its SQLSTATE. `past` is a row from before there were rules.
const helpers = `
  create function pg_temp.make_source(
    of_org uuid, type_id uuid, points uuid[], label text, template text, object_mapping text, point_mapping text, past boolean,
    out activity_id uuid, out refused text, out message text)
  language plpgsql as $make$
  declare
    source_id uuid := gen_random_uuid();
    parsed jsonb;
  begin
    begin
      perform object_mapping::jsonb, point_mapping::jsonb, template::jsonb;
    exception when others then
      refused := 'not json';
      return;
    end;
    begin
      if past then
        perform set_config('session_replication_role', 'replica', true);
      end if;
      insert into public.source (id, org_id, name, run_request_template, retry_policy)
      values (source_id, of_org, label, template::jsonb, '{"base_seconds": 0, "max_attempts": 2, "jitter": 0}');
      insert into public.object_source (org_id, source_id, object_type_id, direction, key_mapping_json)
      values (of_org, source_id, type_id, 'input', '["input", "companies"]');
      if object_mapping <> 'null' then
        insert into public.object_source (org_id, source_id, object_type_id, direction, key_mapping_json)
        values (of_org, source_id, type_id, 'result', object_mapping::jsonb);
      end if;
      insert into public.datapoint_source (org_id, source_id, datapoint_id, key_mapping_json)
      select of_org, source_id, p, point_mapping::jsonb from unnest(points) as p
      on conflict do nothing;
      perform set_config('session_replication_role', 'origin', true);
      insert into public.activity (org_id, name, activity_type, object_type_id, datapoints, source_ids)
      values (of_org, label, 'enrichment', type_id, '{industry,employees,founded,tags,anything}', array[source_id])
      returning id into activity_id;
    exception when others then
      activity_id := null;
      refused := sqlstate;
      message := sqlerrm;
    end;
    perform set_config('session_replication_role', 'origin', true);
  end
  $make$;
  create function pg_temp.is_json(given text) returns boolean
  language plpgsql as $is$
  begin
    perform given::jsonb;
    return true;
  exception when others then
    return false;
  end
  $is$`;

interface Stage {
  client: pg.Client;
  context: Surroundings;
  /** What the server was given, and what was wrong. */
  tried: number;
  refusals: Map<string, number>;
  isolated: Map<string, number>;
  /** Requests that are right, by their id. */
  rights: Set<string>;
}

const clip = (text: string): string => (text.length > 600 ? `${text.slice(0, 600)}… (${text.length})` : text);

/** Which of the texts are JSON that the server can hold at all. */
async function held(client: pg.Client, texts: string[]): Promise<string[]> {
  const { rows } = await client.query<{ ok: boolean }>(
    "select pg_temp.is_json(t) as ok from unnest($1::text[]) with ordinality as u (t, place) order by place",
    [texts],
  );
  return texts.filter((_, index) => rows[index]!.ok);
}

/** Does something with a list; when that raises, finds one of the list that raises alone, or the smallest part that does. */
async function withoutRaising<T, R>(
  { context }: Stage,
  what: string,
  list: T[],
  show: (one: T) => string,
  work: (part: T[]) => Promise<R[]>,
): Promise<R[]> {
  try {
    return await work(list);
  } catch (error) {
    const { code, message, where } = error as pg.DatabaseError;
    let part = list;
    while (part.length > 1) {
      const middle = Math.floor(part.length / 2);
      const halves = [part.slice(0, middle), part.slice(middle)];
      const raises: boolean[] = [];
      for (const half of halves)
        raises.push(
          await work(half).then(
            () => false,
            () => true,
          ),
        );
      const next = halves[raises.indexOf(true)];
      if (next === undefined) break;
      part = next;
    }
    context.expect(
      false,
      `${what} raised ${code} ${message} (${where?.split("\n")[0]}); seed ${context.seed}: ${clip(part.map(show).join("; "))}`,
    );
    return [];
  }
}

interface Setup {
  org: string;
  type: string;
  points: string[];
  endpoint: string;
  activities: string[];
}

async function setUp(client: pg.Client, number: number): Promise<Setup> {
  const { rows } = await client.query<Omit<Setup, "activities">>(
    `with o as (
       insert into public.org (name, slug) values ('Fuzz', 'fuzz-' || $1 || '-' || gen_random_uuid()) returning id
     ), t as (
       insert into public.object_type (org_id, name, key_datapoints) select id, 'company', '{domain}' from o returning id, org_id
     ), d as (
       insert into public.datapoint (org_id, object_type_id, name, value_type)
       select t.org_id, t.id, n.name, n.type
       from t, (values ('domain', 'text'), ('industry', 'text'), ('employees', 'number'), ('founded', 'date'), ('tags', 'list'),
         ('anything', 'json')) as n (name, type)
       returning id, name
     ), e as (
       insert into public.webhook_endpoint (org_id, url) select id, 'https://client.example/endpoint' from o returning id
     )
     select o.id as org, t.id as type, e.id as endpoint,
       array(select d.id from d where d.name <> 'domain' order by d.name) as points
     from o, t, e`,
    [number],
  );
  return { ...rows[0]!, activities: [] };
}

const soundTemplate = JSON.stringify({
  method: "POST",
  url: "https://sound.example/",
  body: { about: "<<$objects>>" },
  response: { objects: "company" },
});
const plainTemplate = soundTemplate.replace("sound.example", "plain.example");

interface SourceInput {
  label: string;
  template: string;
  objects: string;
  point: string;
  past: boolean;
}

/** Makes sources with an activity each; returns the activities of those that were taken. */
async function makeSources(stage: Stage, setup: Setup, inputs: SourceInput[]): Promise<string[]> {
  const { rows } = await stage.client.query<{
    activity_id: string | null;
    refused: string | null;
    message: string | null;
  }>(
    `select m.*
     from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[]) with ordinality
       as i (label, template, objects, point, past, place)
     cross join lateral pg_temp.make_source($1, $2, $3, i.label, i.template, i.objects, i.point, i.past) as m
     order by i.place`,
    [
      setup.org,
      setup.type,
      setup.points,
      inputs.map(({ label }) => label),
      inputs.map(({ template: text }) => text),
      inputs.map(({ objects }) => objects),
      inputs.map(({ point }) => point),
      inputs.map(({ past }) => past),
    ],
  );
  rows.forEach(({ refused, message }, index) => {
    if (refused === null) return;
    stage.refusals.set(refused, (stage.refusals.get(refused) ?? 0) + 1);
    const { template: text, objects, point } = inputs[index]!;
    stage.context.expect(
      refused === "not json" || refused.startsWith("ETL"),
      `a source raised ${refused} ${message}; seed ${stage.context.seed}: ${clip(`${text} ${objects} ${point}`)}`,
    );
  });
  return rows.flatMap(({ activity_id: id }) => (id === null ? [] : [id]));
}

/** Hands documents in, in one statement. */
async function handIn(stage: Stage, setup: Setup, texts: string[]): Promise<string[]> {
  return withoutRaising(stage, "an insert", texts, String, async (part) => {
    const { rows } = await stage.client.query<{ id: string }>(
      "insert into public.workflow_request (org_id, data) select $1, t::jsonb from unnest($2::text[]) as t returning id",
      [setup.org, part],
    );
    stage.context.expect(rows.length === part.length, `${part.length} documents gave ${rows.length} rows`);
    return rows.map(({ id }) => id);
  });
}

const rightDocument = (activity: string, domain: string): string =>
  JSON.stringify({
    input: { companies: [{ domain }] },
    data: { right: { id: activity, destination: { webhook: { url: "https://client.example/hook" } } } },
  });

/** Inserts texts at even distances among others. */
function among(texts: string[], rights: string[]): string[] {
  const all = [...texts];
  rights.forEach((text, index) =>
    all.splice(Math.floor(((index + 1) * all.length) / (rights.length + 1)), 0, text),
  );
  return all;
}

/** An entry of what is reported: its id and lease with what else is said of it, or nothing like an entry. */
function entryOf(key: string, id: string, token: string, said: string, answer: string | null): string {
  if (!said.startsWith("{")) return said;
  const members = said.slice(1, -1);
  return `{"${key}":"${id}","lease_token":"${token}"${members === "" ? "" : `,${members}`}${answer === null ? "" : `,"body":${answer}`}}`;
}

interface Supply {
  bodies: string[];
  reports: string[];
}

/** Claims and reports until there is nothing to claim; returns false when that does not come. */
async function work(stage: Stage, supply: Supply, turns: number): Promise<boolean> {
  const { client, context } = stage;
  for (let turn = 0; turn < turns; turn++) {
    context.signal.throwIfAborted();
    const runs = await withoutRaising(stage, "a claim", [0], String, async () => {
      const { rows } = await client.query<{
        run_request_id: string;
        lease_token: string;
        request: { url?: unknown } | null;
        attempt: number;
      }>("select run_request_id, lease_token, request, attempt from etl_api.claim_run_requests('fuzz', 500)");
      return rows;
    });
    const entries = runs.map(({ run_request_id: id, lease_token: token, request, attempt }) => {
      const isRight = request?.url === "https://sound.example/";
      if (isRight || attempt > 1 || turn > 3)
        return entryOf("run_request_id", id, token, '{"status":200}', soundBody);
      stage.tried += Math.min(1, supply.bodies.length);
      const answer = supply.bodies.pop() ?? soundBody;
      return entryOf(
        "run_request_id",
        id,
        token,
        supply.bodies.length % 3 === 0
          ? (supply.reports.at(supply.bodies.length % supply.reports.length) ?? "{}")
          : '{"status":200}',
        answer,
      );
    });
    await complete(stage, "complete_run_requests", entries);

    const messages = await withoutRaising(stage, "a claim", [0], String, async () => {
      const { rows } = await client.query<{
        delivery_id: string;
        lease_token: string;
        attempt: number;
        right: boolean;
      }>(
        `select c.delivery_id, c.lease_token, c.attempt, d.url = 'https://client.example/hook' as right
         from etl_api.claim_deliveries('fuzz', 500) as c
         join public.delivery as d on d.id = c.delivery_id`,
      );
      return rows;
    });
    const told = messages.map(({ delivery_id: id, lease_token: token, attempt, right }) => {
      if (right || attempt > 1 || supply.reports.length === 0)
        return entryOf("delivery_id", id, token, '{"status":204}', null);
      stage.tried++;
      return entryOf("delivery_id", id, token, supply.reports.pop()!, null);
    });
    await complete(stage, "complete_deliveries", told);
    if (runs.length + messages.length === 0) return true;
  }
  return false;
}

/** Reports, some of it twice. */
async function complete(stage: Stage, name: string, entries: string[]): Promise<void> {
  const texts = await held(stage.client, entries);
  const twice = texts.filter((_, index) => index % 11 === 5);
  await withoutRaising(stage, name, [...texts, ...twice], String, async (part) => {
    if (part.length === 0) return [];
    const { rows } = await stage.client.query(`select accepted from etl_api.${name}($1::jsonb)`, [
      `[${part.join(",")}]`,
    ]);
    return rows;
  });
}

const open = "('new', 'valid', 'waiting', 'ready', 'in_progress')";

/** Lets time pass until everything has ended. */
async function letEnd(stage: Stage, setup: Setup, supply: Supply, day: number): Promise<void> {
  const { client, context } = stage;
  const at = (minutes: number) => new Date(Date.UTC(2030, 0, 1 + 20 * day, 0, minutes)).toISOString();
  for (const minutes of [0, 1, 90, 2 * 24 * 60, 9 * 24 * 60, 9 * 24 * 60 + 60, 15 * 24 * 60]) {
    await client.query("select set_config('etl.fake_now', $1, false)", [at(minutes)]);
    // An endpoint that was said to be gone holds its messages until somebody enables it again.
    if (minutes > 9 * 24 * 60)
      await client.query("update public.webhook_endpoint set disabled_at = null where org_id = $1", [
        setup.org,
      ]);
    await withoutRaising(
      stage,
      "a sweep",
      [0],
      String,
      async () => (await client.query("select * from etl_api.recover()")).rows,
    );
    // What is reported in the end makes sense, or the last leases would be out when it is looked at.
    const ended = await work(stage, minutes > 9 * 24 * 60 ? { bodies: [], reports: [] } : supply, 60);
    context.expect(ended, `claims do not come to an end; seed ${context.seed}, round ${day}`);
  }
  const { rows } = await client.query<{ what: string }>(
    `select 'workflow_request ' || id || ' ' || state as what from public.workflow_request where org_id = $1 and state in ${open}
     union all select 'run_request ' || id || ' ' || state from public.run_request where org_id = $1 and state in ${open}
     union all select 'delivery ' || id || ' ' || state from public.delivery where org_id = $1 and state in ${open}`,
    [setup.org],
  );
  context.expect(
    rows.length === 0,
    `${rows.length} have not ended after 15 days; seed ${context.seed}, round ${day}: ${rows
      .slice(0, 3)
      .map(({ what }) => what)
      .join(", ")}`,
  );
}

/** One round of everything. */
async function tryRound(stage: Stage, number: number): Promise<void> {
  const { client, context } = stage;
  const seed = (context.seed + number * 7919) | 0;
  const sample = <T>(arbitrary: fc.Arbitrary<T>, count: number, more: number): T[] =>
    fc.sample(arbitrary, { numRuns: count, seed: seed + more });
  await client.query("select set_config('etl.fake_now', $1, false)", [
    new Date(Date.UTC(2030, 0, 1 + 20 * number)).toISOString(),
  ]);
  const setup = await setUp(client, number);
  const right: SourceInput = {
    label: "right",
    template: soundTemplate,
    objects: "null",
    point: '["sector"]',
    past: false,
  };
  setup.activities = await makeSources(stage, setup, [
    right,
    { ...right, label: "plain", template: plainTemplate },
    { ...right, label: "plain too", template: plainTemplate, objects: '["company"]' },
  ]);
  const [rightActivity, plain] = setup.activities as [string, string];

  const points = sample(datapointMapping, round.mappings, 1);
  const objects = sample(objectMapping, round.mappings, 2);
  const templates = sample(template, round.templates, 3);
  const odd = await makeSources(stage, setup, [
    ...points.map((point, index) => ({
      label: `mapping ${index}`,
      template: plainTemplate,
      objects: index % 2 === 0 ? objects[index]! : "null",
      point,
      past: index % 3 === 0,
    })),
    ...templates.map((text, index) => ({
      label: `template ${index}`,
      template: text,
      objects: "null",
      point: '["sector"]',
      past: index % 3 === 0,
    })),
  ]);
  stage.tried += round.mappings + round.templates;

  const documents = await held(
    client,
    sample(document(setup.activities, setup.endpoint), round.documents, 4),
  );
  stage.tried += documents.length;
  const rights = Array.from({ length: 3 * neighbours }, (_, index) =>
    rightDocument(rightActivity, `right-${index}.test`),
  );
  const rightIds = async (texts: string[]): Promise<void> => {
    const ids = await handIn(stage, setup, texts);
    texts.forEach((text, index) => {
      if (rights.includes(text) && ids[index]) stage.rights.add(ids[index]);
    });
  };
  await rightIds(among(documents, rights.slice(0, neighbours)));
  await rightIds(
    among(
      odd.map((activity, index) => rightDocument(activity, `odd-${index}.test`)),
      rights.slice(neighbours, 2 * neighbours),
    ),
  );
  const asked = Array.from({ length: round.answers }, (_, index) =>
    rightDocument(plain, `asked-${index}.test`).replace("/hook", "/other"),
  );
  await rightIds(among(asked, rights.slice(2 * neighbours)));

  const supply: Supply = {
    bodies: [...sample(body, round.answers * 2, 5), ...sample(strange, 20, 6).map(textOf)],
    reports: sample(report, round.reports * 3, 7),
  };
  await letEnd(stage, setup, supply, number);

  const { rows } = await client.query<{
    id: string;
    state: string;
    substate: string | null;
    industry: string | null;
  }>(
    `select w.id, w.state::text as state, w.state_substate as substate, r.objects #>> '{0,values,industry}' as industry
     from public.workflow_request as w
     left join public.activity_request as a on a.workflow_request_id = w.id
     left join public.activity_result as r on r.activity_request_id = a.id
     where w.id = any ($1)`,
    [[...stage.rights]],
  );
  const harmed = rows.filter(({ state, industry }) => state !== "delivered" || industry !== "Anvils");
  context.expect(
    harmed.length === 0 && rows.length === 3 * neighbours,
    `${harmed.length} of ${rows.length} right requests were harmed; seed ${context.seed}, round ${number}: ${JSON.stringify(harmed[0])}`,
  );
  stage.rights.clear();
  await lookForIsolated(stage, setup);
}

/** What the engine caught by itself: it cost nobody else, but nobody had thought of it. */
async function lookForIsolated(stage: Stage, setup: Setup): Promise<void> {
  const { rows } = await stage.client.query<{ what: string }>(
    `select coalesce(error ->> 'message', 'run_request') as what from public.run_request where org_id = $1 and state_substate = 'internal_error'
     union all
     select coalesce(error ->> 'message', 'run') from public.run_queue where org_id = $1 and state_substate = 'internal_error'
     union all
     select coalesce(error ->> 'message', 'delivery') from public.delivery where org_id = $1 and state_substate = 'internal_error'
     union all
     select coalesce(errors #>> '{0,message}', 'workflow') from public.workflow_request where org_id = $1 and state_substate = 'internal_error'
     union all
     select coalesce(errors #>> '{0,message}', 'activity') from public.activity_request where org_id = $1 and state_substate = 'internal_error'`,
    [setup.org],
  );
  for (const { what } of rows) {
    const kind = what.replace(/[0-9a-f-]{36}/g, "…").slice(0, 200);
    stage.isolated.set(kind, (stage.isolated.get(kind) ?? 0) + 1);
  }
}

/** The server as a crash would change it. */
async function serverOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ started: string }>(
    "select pg_postmaster_start_time()::text as started",
  );
  return rows[0]!.started;
}

/** Tries so many inputs on a database. */
export async function fuzz(context: Surroundings, url: string, count: number): Promise<Figures> {
  const client = context.own(new pg.Client({ connectionString: url }), (one) => one.end().catch(() => {}));
  let cut = "";
  client.on("error", (error) => (cut = error.message));
  await client.connect();
  await client.query(helpers);
  await client.query(
    `update etl_api.setting as s set value = n.value
     from (values ('max_pages', '4'::jsonb), ('delivery_schedule_seconds', '[0, 0]')) as n (name, value)
     where s.name = n.name`,
  );
  const started = await serverOf(client);
  const stage: Stage = {
    client,
    context,
    tried: 0,
    refusals: new Map(),
    isolated: new Map(),
    rights: new Set(),
  };
  const rounds = Math.ceil(count / perRound);
  for (let number = 1; stage.tried < count; number++) {
    context.signal.throwIfAborted();
    await tryRound(stage, number);
    if (number % 10 === 0)
      context.progress(`${stage.tried.toLocaleString("en")} inputs of ${count.toLocaleString("en")}`);
    if (number > 3 * rounds) throw new Error(`${stage.tried} inputs after ${number} rounds`);
  }
  const faults = await faultsOf(client);
  context.expect(
    faults.length === 0,
    `${faults.length}: ${faults.slice(0, 3).join("; ")}; seed ${context.seed}`,
  );
  context.expect(
    cut === "" && (await serverOf(client)) === started,
    `the server restarted meanwhile: ${cut}`,
  );
  for (const [what, times] of stage.isolated)
    context.progress(`caught by the engine, ${times} times: ${what}`);
  const isolated = [...stage.isolated.values()].reduce((all, times) => all + times, 0);
  return {
    inputs: stage.tried,
    lost: 0,
    more: {
      seed: String(context.seed),
      "sources and mappings refused by a rule": [...stage.refusals].reduce(
        (all, [code, times]) => all + (code.startsWith("ETL") ? times : 0),
        0,
      ),
      "inputs whose error was caught and cost only themselves": isolated,
    },
  };
}

async function run(context: ProofContext): Promise<Figures> {
  const server = await context.server({ settings: { synchronous_commit: "off" } });
  const { url } = await context.database(server);
  const figures = await fuzz(context, url, context.short ? 1_500 : 20_000);
  const log = `${server.dataDir}.log`;
  const lines = existsSync(log) ? readFileSync(log, "utf8").split("\n") : [];
  const crashes = lines.filter((line) =>
    /PANIC|was terminated by signal|crash of another server process|server process \(PID/.test(line),
  );
  context.expect(
    lines.length > 0 && crashes.length === 0,
    `the server's log: ${crashes[0] ?? "there is none"}`,
  );
  return figures;
}

export const fuzzing: Proof = { run };
