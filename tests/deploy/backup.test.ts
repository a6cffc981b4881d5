/** The commands of docs/backup.md, on a database at work; Debian brings the programs, and CI has them. */
import { expect, test } from "vitest";
import { hasDebianServer } from "../../scripts/lib/debian.ts";
import { commandsOf, dumpAndRestore, pointInTime } from "../../scripts/prove/backup.ts";
import { trial } from "../helpers/trial.ts";

const tried = process.env.CI === undefined ? test.runIf(hasDebianServer()) : test;

tried("a dump of a database at work is restored, and nothing is told under a second id", async () => {
  const surroundings = trial();
  const figures = await dumpAndRestore(surroundings, "test", 32);
  expect(surroundings.broken).toEqual([]);
  expect(figures).toMatchObject({ lost: 0, doubled: 0 });
  // Else the copy had nothing left to do that had been done since.
  expect(figures.more!["dump: messages sent again under their id"]).toBeGreaterThan(0);
});

tried("a copy and its WAL bring back a moment between, with what was deleted since", async () => {
  const surroundings = trial();
  const figures = await pointInTime(surroundings, "test", 32);
  expect(surroundings.broken).toEqual([]);
  expect(figures).toMatchObject({ lost: 0, doubled: 0 });
  expect(figures.more!["point in time: messages sent again under their id"]).toBeGreaterThan(0);
});

test("the page's commands are found by their names", () => {
  expect(commandsOf("one", "<!-- run: one -->\n\n```sh\necho 1\necho 2\n```\n\n```sh\necho 3\n```\n")).toBe(
    "echo 1\necho 2\n",
  );
  expect(() => commandsOf("none", "")).toThrow("docs/backup.md has no commands to run named none");
});
