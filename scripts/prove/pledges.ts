/** Everything the engine promises, in the order of the page. */
import { functionsKilled, serverKilled, serverRestarted } from "./faults/server.ts";
import { idempotency } from "./idempotency.ts";
import type { Pledge } from "./proof.ts";

export const pledges: Pledge[] = [
  {
    name: "server-killed",
    group: "nothing-lost",
    title: "The server is killed",
    sentence:
      "When PostgreSQL is killed by SIGKILL, all its processes at once, and started again, every request comes to its end, with each run's effect once.",
    tests: ["tests/e2e/crash.test.ts"],
    proof: serverKilled,
  },
  {
    name: "server-restarted",
    group: "nothing-lost",
    title: "The server is restarted",
    sentence:
      "The same when it is stopped in a hurry (`fast`) or without any farewell (`immediate`), as a platform does for maintenance.",
    tests: [],
    proof: serverRestarted,
  },
  {
    name: "functions-killed",
    group: "nothing-lost",
    title: "The functions are killed",
    sentence:
      "When the process of the functions is killed, what it had under way is sent again once its lease has ended, by whoever is there.",
    tests: ["tests/e2e/crash.test.ts", "tests/e2e/two-functions.test.ts"],
    proof: functionsKilled,
  },
  {
    name: "idempotency",
    group: "nothing-lost",
    title: "A request handed in twice",
    sentence:
      "A request that is handed in again under its idempotency key, at the same moment or later, starts nothing a second time and is told the first one's id.",
    tests: ["sql/tests/intake/idempotency.sql"],
    proof: idempotency,
  },
];
