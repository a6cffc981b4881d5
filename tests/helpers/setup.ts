import type { TestProject } from "vitest/node";
import { template } from "../../scripts/lib/database.ts";
import { describeProblem } from "../../scripts/lib/sources.ts";
import { testServer } from "../../scripts/lib/testserver.ts";

declare module "vitest" {
  interface ProvidedContext {
    serverUrl: string;
    templateName: string;
    seed: number;
  }
}

/**
 * One server and one template for every test file; `npm test` hands in the server it has already started. One seed for
 * every property test, printed so that a failing run can be repeated.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await testServer();
  const { name, problems } = await template(server.url);
  for (const problem of problems) console.error(`does not load: ${describeProblem(problem)}`);
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  console.log(`property tests: seed ${seed} (SEED=${seed} repeats them)`);
  project.provide("serverUrl", server.url);
  project.provide("templateName", name);
  project.provide("seed", seed);
  return () => server.stop();
}
