/** Everything the engine promises, in the order of the page. */
import { backup } from "./backup.ts";
import { clockJumps } from "./faults/clock.ts";
import { connectionsExhausted, databaseCut, worldCut } from "./faults/connections.ts";
import { diskFull } from "./faults/disk.ts";
import { functionsKilled, serverKilled, serverRestarted } from "./faults/server.ts";
import { thirdParty } from "./faults/third-party.ts";
import { transactionHeld } from "./faults/transaction.ts";
import { fuzzing } from "./fuzz.ts";
import { heldByTests } from "./held-by-tests.ts";
import { idempotency } from "./idempotency.ts";
import type { Pledge } from "./proof.ts";
import { soak } from "./soak.ts";
import { upgrade } from "./upgrade.ts";

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
  {
    name: "fuzz",
    group: "nothing-lost",
    title: "Whatever is handed in or answered",
    sentence:
      "Random documents, mappings, templates, answers and reports, most of them nearly right: nothing raises out of an insert, a claim or a completion, every state follows the table of steps, everything ends, and right requests beside them come to what they come to alone.",
    tests: [
      "tests/intake/any-data.test.ts",
      "tests/state/transitions.property.test.ts",
      "sql/tests/utils/paths_of_many_stars.sql",
    ],
    proof: fuzzing,
  },
  {
    name: "soak",
    group: "nothing-lost",
    title: "A quarter of an hour of steady load",
    sentence:
      "At 70 % of what the machine can do, with roll-up and purge beside, the memory of functions and backends stays flat, no request waits longer at the end than near the beginning, and tables stop growing.",
    tests: ["tests/upkeep/purge.concurrency.test.ts"],
    proof: soak,
  },
  {
    name: "upgrade",
    group: "nothing-lost",
    title: "An upgrade while work goes on",
    sentence:
      "Every migration is applied to a database at work that has all before it, and the newest is taken back and comes again: those at work wait a moment, what they took before they report after, and nothing is lost or told twice.",
    tests: ["tests/deploy/upgrade.test.ts", "tests/functions/upgrade.test.ts"],
    proof: upgrade,
  },
  {
    name: "backup",
    group: "data",
    title: "A restore to an earlier time",
    sentence:
      "From a dump, or from a copy of the server and its WAL as of any moment, the engine goes on with what was under way then; what it had sent since is sent again under the same webhook-id, and nothing that was delivered before.",
    tests: ["tests/deploy/backup.test.ts", "sql/tests/delivery/ids_after_a_restore.sql"],
    proof: backup,
  },
  ...heldByTests,
];
