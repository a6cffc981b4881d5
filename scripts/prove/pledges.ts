/** Everything the engine promises, in the order of the page. */
import { clockJumps } from "./faults/clock.ts";
import { connectionsExhausted, databaseCut, worldCut } from "./faults/connections.ts";
import { diskFull } from "./faults/disk.ts";
import { functionsKilled, serverKilled, serverRestarted } from "./faults/server.ts";
import { thirdParty } from "./faults/third-party.ts";
import { transactionHeld } from "./faults/transaction.ts";
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
    name: "database-cut",
    group: "nothing-lost",
    title: "Lines to the database break",
    sentence:
      "When connections between functions and database are cut at random bytes of the protocol, in either direction, what was reported counts once, and what was not is sent again.",
    tests: ["tests/functions/client.contract.test.ts"],
    proof: databaseCut,
  },
  {
    name: "world-cut",
    group: "nothing-lost",
    title: "Lines to third parties and clients break",
    sentence:
      "When connections to the third party and to the client are cut at random bytes, of questions, answers and messages, each run takes one whole answer, and each message keeps its id.",
    tests: ["tests/functions/exchange.test.ts"],
    proof: worldCut,
  },
  {
    name: "connections-exhausted",
    group: "nothing-lost",
    title: "No connection is to be had",
    sentence:
      "When somebody takes every connection the server has, work waits and goes on as soon as there is room.",
    tests: [],
    proof: connectionsExhausted,
  },
  {
    name: "transaction-held",
    group: "nothing-lost",
    title: "A transaction stays open",
    sentence:
      "When a transaction stays open for minutes, everything goes on beside it. Where it has locked requests that are under way, these and what is reported together with them wait for its end, and go on then.",
    tests: [],
    proof: transactionHeld,
  },
  {
    name: "disk-full",
    group: "nothing-lost",
    title: "The disk is full",
    sentence:
      "When the disk under the server fills up, whoever hands in work is told by an error; what was accepted before goes on once there is room again.",
    tests: [],
    proof: diskFull,
  },
  {
    name: "clock-jumps",
    group: "nothing-lost",
    title: "The clock jumps",
    sentence:
      "When the server's clock jumps forward by minutes, leases end early and their late answers count for nothing; when it jumps back, what was put off waits for its time, and none of it is lost.",
    tests: [],
    proof: clockJumps,
  },
  {
    name: "third-party",
    group: "nothing-lost",
    title: "Third parties and workers misbehave",
    sentence:
      "Garbage, half an answer, none at all, the same answer twice, an answer after its lease: each run takes one whole answer, and whoever reports a second one is told that nothing was changed.",
    tests: ["tests/e2e/model.test.ts", "tests/e2e/concurrency.test.ts"],
    proof: thirdParty,
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
