/** Every door is passed on by the coordinator, or docs/scaling.md says why it is called on the partition itself. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readSqlFolder } from "../../scripts/lib/sources.ts";

const read = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), "utf8");
const names = (text: string): string[] => [...text.matchAll(/`(\w+\.\w+)[`(]/g)].map(([, name]) => name!);

// tests/access/functions.test.ts holds these against the catalog.
const doors = names(
  [...read("access.md").matchAll(/^\| (.*?) +\| (?:viewers|members) +\|/gm)].map(([, cell]) => cell).join(),
);
const notRouted = [
  .../^\| door on the partition .*\n\|.*\n((?:\|.*\n)+)/m
    .exec(read("scaling.md"))![1]!
    .matchAll(/^\| (.*?) \| (.*?) *\|$/gm),
];
const routed = readSqlFolder("scripts/partitions/coordinator").flatMap(({ text }) =>
  [...text.matchAll(/^create or replace function (etl_api\.\w+)\(/gm)].map(([, name]) => name!),
);
// What the engine does by an insert, and what it has no need of.
const own = ["etl_api.submit_workflow_request", "etl_api.place_org"];

test("each door is in one of the two lists", () => {
  expect(doors.length).toBeGreaterThan(20);
  const here = notRouted.flatMap(([, cell]) => names(cell!));
  expect([...new Set(routed), ...here].sort()).toEqual([...doors, ...own].sort());
});

test("what is not passed on has a reason", () => {
  for (const [row, , why] of notRouted) expect(why, row).toMatch(/\w+ \w+/);
});

test("what is passed on is in the guide", () => {
  const section = /^### Through the coordinator$(.*?)^The other /ms.exec(read("scaling.md"))![1]!;
  for (const name of routed)
    expect(section.includes(`${name.replace("etl_api.", "")}(`) || name === "etl_api.place_org", name).toBe(
      true,
    );
});
