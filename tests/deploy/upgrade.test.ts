/** Every migration on a database at work, and the newest taken back. */
import { expect, inject, test } from "vitest";
import { readMigrations } from "../../scripts/lib/migrate.ts";
import { upgradeAtWork } from "../../scripts/prove/upgrade.ts";
import { trial } from "../helpers/trial.ts";

test("every migration is applied to a database at work, and nothing is lost or doubled", async () => {
  const surroundings = trial();
  const figures = await upgradeAtWork(surroundings, inject("serverUrl"), 24);
  expect(surroundings.broken).toEqual([]);
  expect(figures).toMatchObject({ lost: 0, doubled: 0 });
  // The tables alone are no engine; everything after the first engine is an upgrade.
  const first = figures.more!["first version with an engine"] as string;
  const later = readMigrations().filter(({ file }) => file > first).length;
  expect(figures.faults).toBe(later === 0 ? 0 : later + 2);
});
