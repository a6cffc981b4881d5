/** Accounts for everything that was handed in, after whatever happened in between. */
import type { Figures, ProofContext } from "../proof.ts";
import type { Load } from "./load.ts";
import type { Seen } from "./world.ts";

/** What is looked at. */
export interface Books {
  context: ProofContext;
  query: Load["query"];
  org: string;
  handedIn: number;
  seen: Seen;
}

/** The same question of the database and of the world, in numbers. */
async function count(books: Books, sql: string): Promise<number> {
  const [row] = await books.query<{ count: number }>(sql, [books.org]);
  return Number(row!.count);
}

/** Requests and messages that did not come to a good end, values that are not what the third party said. */
async function lost(books: Books): Promise<Record<string, number>> {
  const { handedIn } = books;
  // A whole answer that says nothing of what was asked is an answer: these end without values. Where a good one followed,
  // the first had come too late, or the second did.
  const odd = Object.values(books.seen.asked).filter(({ bad }) => bad["other facts"]);
  const unsure = odd.filter(({ good }) => good > 0).length;
  const useful = handedIn - odd.length + unsure;
  const short = (found: number, of: number, each: number): number =>
    found > of * each ? found - of * each : Math.max(0, (of - unsure) * each - found);
  const delivered = await count(
    books,
    "select count(*)::int from public.workflow_request where org_id = $1 and state = 'delivered' and replay = 0",
  );
  const values = await count(
    books,
    `select count(*)::int
     from public.value as v
     join public.object as o on o.id = v.object_id
     join public.datapoint as d on d.id = v.datapoint_id
     cross join lateral (select substring(o.natural_key ->> 'domain' from 2 for position('.' in o.natural_key ->> 'domain') - 2) as n) as k
     where v.org_id = $1
       and v.value = case d.name when 'employees' then to_jsonb(k.n::int) when 'industry' then to_jsonb('sector ' || k.n) end`,
  );
  const results = await count(
    books,
    `select count(*)::int
     from public.activity_result as r
     cross join lateral (select r.objects #>> '{0,key,domain}' as domain, r.objects #> '{0,values}' as found) as o
     where r.org_id = $1
       and jsonb_array_length(r.objects) = 1
       and o.found -> 'employees' = to_jsonb(substring(o.domain from 'd([0-9]+)')::int)
       and o.found -> 'industry' = to_jsonb('sector ' || substring(o.domain from 'd([0-9]+)'))`,
  );
  // Whose answer a wrong value is says what went wrong: mostly it is a neighbour's.
  const [foreign] = await books.query<{ domain: string; has: string }>(
    `select o.natural_key ->> 'domain' as domain, v.value #>> '{}' as has
     from public.value as v
     join public.object as o on o.id = v.object_id
     join public.datapoint as d on d.id = v.datapoint_id
     where v.org_id = $1
       and d.name = 'employees'
       and v.value is distinct from to_jsonb(substring(o.natural_key ->> 'domain' from 'd([0-9]+)')::int)
     limit 1`,
    [books.org],
  );
  books.context.expect(
    foreign === undefined,
    `${foreign?.domain} was given what belongs to company number ${foreign?.has}`,
  );
  const messages = new Set(
    Object.values(books.seen.messages)
      .filter(({ accepted }) => accepted > 0)
      .map(({ activity }) => activity),
  ).size;
  return {
    "requests not delivered": handedIn - delivered,
    "values missing or wrong": short(values, useful, 2),
    "results missing or wrong": short(results, useful, 1),
    "messages no client accepted": handedIn - messages,
    "steps missing in the history": await gaps(books),
  };
}

/** Steps whose beginning is not the end of the step before, rows without steps, rows whose last step is not their state. */
async function gaps(books: Books): Promise<number> {
  const [row] = await books.query<{ chains: number; ends: number; rows: number }>(
    `with steps as materialized (
       select h.entity::text, h.entity_id, h.from_state::text, h.to_state::text,
         lag(h.to_state::text) over w as before,
         lead(h.seq) over w is null as is_last
       from etl_api.state_history as h
       where h.org_id = $1
       window w as (partition by h.entity, h.entity_id order by h.seq)
     ), row_state (entity, id, state) as (
       select 'workflow_request', id, state::text from public.workflow_request where org_id = $1 and replay = 0
       union all select 'activity_request', id, state::text from public.activity_request where org_id = $1
       union all select 'run_queue', id, state::text from public.run_queue where org_id = $1
       union all select 'run_request', id, state::text from public.run_request where org_id = $1
       union all select 'delivery', id, state::text from public.delivery where org_id = $1
     )
     select
       (select count(*)::int from steps where from_state is distinct from before) as chains,
       (select count(*)::int from row_state as r
        left join steps as s on s.entity = r.entity and s.entity_id = r.id and s.is_last
        where s.to_state is distinct from r.state) as ends,
       (select count(*)::int from row_state) as rows`,
    [books.org],
  );
  // A database without rows would have no gaps either.
  books.context.expect(
    row!.rows >= books.handedIn * 5,
    `only ${row!.rows} rows were made for ${books.handedIn} requests`,
  );
  return row!.chains + row!.ends;
}

/** What may happen once and happened twice. */
async function doubled(books: Books): Promise<Record<string, number>> {
  const { seen } = books;
  const attempts = new Map(
    (
      await books.query<{ domain: string; attempts: number }>(
        `select r.request #>> '{query,domain}' as domain, sum(r.attempts)::int as attempts
         from public.run_request as r where r.org_id = $1 group by 1`,
        [books.org],
      )
    ).map((row) => [row.domain, row.attempts]),
  );
  const deliveries = new Map(
    (
      await books.query<{ id: string; attempts: number }>(
        "select 'msg_' || replace(id::text, '-', '') as id, attempts from public.delivery where org_id = $1",
        [books.org],
      )
    ).map((row) => [row.id, row.attempts]),
  );
  const ids = new Map<string, number>();
  for (const { activity } of Object.values(seen.messages)) ids.set(activity, (ids.get(activity) ?? 0) + 1);
  const over = (entries: [string, number][], known: Map<string, number>) =>
    entries.filter(([key, times]) => times > (known.get(key) ?? 0)).length;
  return {
    "runs made twice":
      (await count(books, "select count(*)::int from public.run_queue where org_id = $1")) - books.handedIn,
    "requests sent more often than attempts were counted": over(
      Object.entries(seen.asked).map(([domain, { times }]) => [domain, times]),
      attempts,
    ),
    "answers taken twice": await count(
      books,
      `select count(*)::int from (
         select 1 from public.run_response where org_id = $1 and http_status = 200 and body ? 'company'
         group by run_request_id having count(*) > 1) as twice`,
    ),
    "objects or values stored twice": Math.max(
      0,
      (await count(
        books,
        "select count(*)::int from public.value where org_id = $1 and source_id is not null",
      )) -
        2 * books.handedIn,
    ),
    "messages under two ids": [...ids.values()].filter((number) => number > 1).length,
    "messages of two texts": Object.values(seen.messages).filter(({ unchanged }) => !unchanged).length,
    "messages sent more often than attempts were counted": over(
      Object.entries(seen.messages).map(([id, { times }]) => [id, times]),
      deliveries,
    ),
  };
}

const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, number) => total + Math.abs(number), 0);

/** Looks at everything; what is not as it should be is told by name. */
export async function accountFor(books: Books): Promise<Pick<Figures, "lost" | "doubled" | "more">> {
  const { context, seen } = books;
  const missing = await lost(books);
  const twice = await doubled(books);
  for (const [what, number] of Object.entries({ ...missing, ...twice }))
    context.expect(number === 0, `${what}: ${number}`);
  context.expect(seen.faults.length === 0, `the outside world says: ${seen.faults.join("; ")}`);
  const problems = await books.query<{ entity: string; id: string; problem: string }>(
    "select entity, id, problem from etl_api.check_consistency()",
  );
  const [first] = problems;
  context.expect(
    first === undefined,
    `check_consistency() finds ${problems.length} rows, such as ${first?.entity} ${first?.id}: ${first?.problem}`,
  );
  const asks = Object.values(seen.asked).reduce((total, { times }) => total + times, 0);
  const sightings = Object.values(seen.messages).reduce((total, { times }) => total + times, 0);
  return {
    lost: sum(missing),
    doubled: sum(twice),
    more: {
      "requests handed in": books.handedIn,
      "asked again": asks - Object.keys(seen.asked).length,
      "messages seen again under their id": sightings - Object.keys(seen.messages).length,
    },
  };
}
