/** utils.cron_next against a model that looks at every minute of a clock on the wall. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const minute = 60_000;
const days = 4;

/** Four days around changes of clocks: forward, back, by half an hour, at midnight, by a whole day; and none. */
const windows: [zone: string, start: string][] = [
  ["UTC", "2026-02-26T00:00:00Z"],
  ["Asia/Kathmandu", "2028-02-27T00:00:00Z"],
  ["Europe/Berlin", "2026-03-27T10:00:00Z"],
  ["Europe/Berlin", "2026-10-23T10:00:00Z"],
  ["America/New_York", "2026-03-06T10:00:00Z"],
  ["America/New_York", "2026-10-30T10:00:00Z"],
  ["Australia/Lord_Howe", "2026-04-02T10:00:00Z"],
  ["Australia/Lord_Howe", "2026-10-01T10:00:00Z"],
  ["America/Asuncion", "2023-09-29T10:00:00Z"],
  ["America/Havana", "2025-11-01T00:00:00Z"],
  ["Pacific/Apia", "2011-12-28T10:00:00Z"],
];

const names: Record<string, string[]> = {
  month: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  weekday: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

/** One field, as somebody might write it. */
function field(low: number, high: number, named?: string[]): fc.Arbitrary<string> {
  const write = (value: number) =>
    named === undefined
      ? fc.constant(String(value))
      : fc.constantFrom(String(value), named[value - low]!.toUpperCase());
  const one = fc.integer({ min: low, max: high }).chain(write);
  const range = fc
    .tuple(fc.integer({ min: low, max: high }), fc.integer({ min: low, max: high }))
    .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const step = fc.integer({ min: 1, max: 40 });
  const item = fc.oneof(
    one,
    range,
    fc.tuple(range, step).map(([r, s]) => `${r}/${s}`),
    step.map((s) => `*/${s}`),
  );
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant("*") },
    { weight: 2, arbitrary: fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(",")) },
  );
}

const expression = fc
  .tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12, names.month), field(0, 6, names.weekday))
  .map((fields) => fields.join(" "));

/** The values that a field names. */
function values(text: string, low: number, high: number, named?: string[]): Set<number> {
  const read = (word: string) => {
    const place = named?.indexOf(word.toLowerCase()) ?? -1;
    return place >= 0 ? place + low : Number(word);
  };
  const found = new Set<number>();
  for (const item of text.split(",")) {
    const [range, step = "1"] = item.split("/") as [string, string?];
    const [first, last] = range === "*" ? [low, high] : range.split("-").map(read);
    for (let value = first!; value <= (last ?? first)!; value += Number(step)) found.add(value);
  }
  return found;
}

/** Whether an expression names what a clock on the wall shows. */
function reader(cron: string): (wall: Date) => boolean {
  const [m, h, d, mo, w] = cron.split(" ") as [string, string, string, string, string];
  const minutes = values(m, 0, 59);
  const hours = values(h, 0, 23);
  const dates = values(d, 1, 31);
  const months = values(mo, 1, 12, names.month);
  const weekdays = values(w, 0, 6, names.weekday);
  const both = d.startsWith("*") || w.startsWith("*");
  return (wall) => {
    const date = dates.has(wall.getUTCDate());
    const weekday = weekdays.has(wall.getUTCDay());
    return (
      minutes.has(wall.getUTCMinutes()) &&
      hours.has(wall.getUTCHours()) &&
      months.has(wall.getUTCMonth() + 1) &&
      (both ? date && weekday : date || weekday)
    );
  };
}

/** What the clock on the wall shows each minute, as if it were UTC. */
function wallClock(zone: string, start: string): number[] {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  return Array.from({ length: days * 24 * 60 }, (_, i) => {
    const part = Object.fromEntries(
      format
        .formatToParts(new Date(Date.parse(start) + i * minute))
        .map(({ type, value }) => [type, Number(value)]),
    );
    return Date.UTC(part.year!, part.month! - 1, part.day, part.hour, part.minute);
  });
}

/** The moments an expression names, by looking at every minute: shown twice counts once, skipped right after. */
function model(cron: string, start: string, walls: number[]): string[] {
  const shows = reader(cron);
  const seen = new Set<number>();
  const moments: string[] = [];
  for (const [i, wall] of walls.entries()) {
    let due = false;
    const from = i === 0 ? wall : Math.min(walls[i - 1]! + minute, wall);
    for (let shown = from; shown <= wall; shown += minute) {
      if (!seen.has(shown) && shows(new Date(shown))) due = true;
      seen.add(shown);
    }
    if (due) moments.push(new Date(Date.parse(start) + i * minute).toISOString());
  }
  return moments;
}

describe("utils.cron_next", () => {
  let database: TestDatabase;
  const clocks = windows.map(([zone, start]) => wallClock(zone, start));
  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(() => database.drop());

  it("names the minutes that a look at every minute names", async () => {
    await fc.assert(
      fc.asyncProperty(
        expression,
        fc.nat({ max: windows.length - 1 }),
        fc.nat({ max: 2 * 24 * 60 }),
        async (cron, w, skip) => {
          const [zone, start] = windows[w]!;
          const after = new Date(Date.parse(start) + skip * minute).toISOString();
          const last = new Date(Date.parse(start) + (days * 24 * 60 - 1) * minute).toISOString();
          const found = await database.pool.query<{ at: Date }>(
            `with recursive next (at, n) as (
             select utils.cron_next($1, $2::timestamptz, $3), 1
             union all
             select utils.cron_next($1, p.at, $3), p.n + 1 from next as p where p.at < $4 and p.n < 20
           )
           select at from next where at <= $4 order by at limit 20`,
            [cron, after, zone, last],
          );
          const expected = model(cron, start, clocks[w]!).filter((moment) => moment > after);
          expect(found.rows.map((row) => row.at.toISOString())).toEqual(expected.slice(0, 20));
        },
      ),
      { numRuns: 200 },
    );
  }, 120_000);
});
