/** Promises that their tests hold by themselves: what is forbidden, kept secret, told, kept and limited. */
import type { Pledge } from "./proof.ts";

export const heldByTests: Pledge[] = [
  {
    name: "tenants",
    group: "nobody-in",
    title: "Tenants see and write only their own",
    sentence:
      "Every table and view, for each role, of the own org and of another: reading, inserting, changing and deleting do what the expectation says, and a new table without a line in it fails the test.",
    tests: [
      "tests/access/matrix.test.ts",
      "tests/access/references.concurrency.test.ts",
      "sql/tests/access/every_table_is_closed_by_default.sql",
      "sql/tests/access/people_see_their_orgs_only.sql",
      "sql/tests/access/configuration_names_its_own_org.sql",
      "sql/tests/access/references.sql",
    ],
  },
  {
    name: "policies",
    group: "nobody-in",
    title: "Policies hold on a million rows",
    sentence:
      "The plan of every policy on a million rows: each is computed once a statement, and uses an index where its table has one.",
    tests: ["tests/access/plans.test.ts"],
  },
  {
    name: "doors",
    group: "nobody-in",
    title: "Only the documented doors",
    sentence:
      "`anon` calls nothing, who is signed in calls only what is documented, each door looks who calls before anything else, and the guard of states holds for every writer, superuser included.",
    tests: [
      "tests/access/functions.test.ts",
      "sql/tests/access/functions_are_closed_by_default.sql",
      "sql/tests/access/retry_and_cancel_ask_who_calls.sql",
      "sql/tests/state/guard_holds_for_every_writer.sql",
      "sql/tests/watch/explain_asks_who_calls.sql",
    ],
  },
  {
    name: "injection",
    group: "nobody-in",
    title: "No text runs",
    sentence:
      "Whole flows in which every text a tenant can give is hostile go through as they are: names, paths, templates, values, expressions, schedules, headers.",
    tests: [
      "tests/access/injection.test.ts",
      "tests/access/bombs.test.ts",
      "sql/tests/intake/strange_data.sql",
    ],
  },
  {
    name: "callers",
    group: "nobody-in",
    title: "The functions answer only who has the key",
    sentence:
      "Keys are compared in constant time; a wrong method, body or key gets 405, 400 or 401, and is told nothing else.",
    tests: [
      "tests/functions/shared.test.ts",
      "tests/functions/handlers.test.ts",
      "tests/functions/callers.test.ts",
    ],
  },
  {
    name: "way-out",
    group: "nobody-in",
    title: "No request to where it must not go",
    sentence:
      "Loopback, private, link-local, metadata, multicast and mapped addresses, in every notation, by name, by redirect, or by a name that changes between check and use, are refused unless the operator's allow-list says so.",
    tests: [
      "tests/functions/guard.test.ts",
      "tests/functions/egress.test.ts",
      "tests/functions/deno.test.ts",
    ],
  },
  {
    name: "audit",
    group: "nobody-in",
    title: "Who changed what, and nothing taken back",
    sentence:
      "Every change of configuration is one row, with who, from what and to what; the log only grows, for everyone, and a missing, altered or reordered row is found.",
    tests: [
      "sql/tests/audit/who_changed_what.sql",
      "sql/tests/audit/only_grows.sql",
      "sql/tests/audit/check_audit.sql",
      "sql/tests/audit/every_configuration_table_is_audited.sql",
      "tests/audit/chains.concurrency.test.ts",
    ],
  },
  {
    name: "planted-secrets",
    group: "secrets",
    title: "Secrets are nowhere but in the request",
    sentence:
      "Secrets are planted in every way, flows succeed, fail and echo them; afterwards they are in no table, view, message, log, WAL or file of the server.",
    tests: ["tests/e2e/planted-secrets.test.ts", "sql/tests/state/log_holds_no_secret.sql"],
  },
  {
    name: "sealed",
    group: "secrets",
    title: "The database never sees the clear text",
    sentence:
      "Outside a Vault secrets are sealed under a key that only the functions have; a row that was moved to another tenant or name opens for nobody.",
    tests: [
      "tests/secrets/seal.test.ts",
      "tests/secrets/manage.test.ts",
      "sql/tests/secrets/who_sees.sql",
      "sql/tests/secrets/read.sql",
      "sql/tests/secrets/vault.sql",
    ],
  },
  {
    name: "rotation",
    group: "secrets",
    title: "Secrets rotate and are revoked",
    sentence:
      "While a secret rotates, the old one goes on for as long as was said, messages are signed with both, and a revoked one is out within seconds; when each was last used is noted.",
    tests: [
      "sql/tests/secrets/life.sql",
      "sql/tests/secrets/read.sql",
      "sql/tests/secrets/rekey.sql",
      "tests/secrets/store.test.ts",
    ],
  },
  {
    name: "standard-webhooks",
    group: "delivery",
    title: "Messages as the standard says",
    sentence:
      "A message keeps its id over all attempts, is signed so that the official library accepts it, and comes by the schedule or later where the client asks for it.",
    tests: [
      "tests/functions/shared.test.ts",
      "tests/functions/handlers.test.ts",
      "tests/e2e/delivery.test.ts",
      "sql/tests/delivery/default_schedule.sql",
      "sql/tests/delivery/retry_schedule.sql",
      "sql/tests/delivery/retry_after.sql",
      "sql/tests/delivery/attempts.sql",
    ],
  },
  {
    name: "dead-endpoints",
    group: "delivery",
    title: "A dead endpoint delays nobody else",
    sentence:
      "With 10,000 messages to an endpoint that never answers, those of another org arrive as if it were not there.",
    tests: ["tests/e2e/delivery.test.ts", "sql/tests/delivery/lanes.sql"],
  },
  {
    name: "endpoints",
    group: "delivery",
    title: "Endpoints that fail are disabled, and lose nothing",
    sentence:
      "410 disables at once, five days of failure do with an alert; what comes meanwhile is held and goes out when it is enabled again; a message, a range, or a test can be sent again at any time, in order where that is asked for.",
    tests: [
      "tests/e2e/delivery.test.ts",
      "sql/tests/delivery/endpoint_gone.sql",
      "sql/tests/delivery/endpoint_failing.sql",
      "sql/tests/delivery/endpoint_disabled.sql",
      "sql/tests/delivery/replay.sql",
      "sql/tests/delivery/test_event.sql",
      "sql/tests/delivery/ordered.sql",
    ],
  },
  {
    name: "limits",
    group: "data",
    title: "Limits, with a clear error each",
    sentence:
      "Size and depth of data, objects, templates, answers (also compressed: a gigabyte that comes as a megabyte is stopped while it is read), values, paths and messages are limited, and whoever is over is told where, how much, and what to do.",
    tests: [
      "sql/tests/intake/limits.sql",
      "sql/tests/results/limits.sql",
      "sql/tests/access/template_limit.sql",
      "sql/tests/delivery/message_too_large.sql",
      "tests/functions/egress.test.ts",
    ],
  },
  {
    name: "own-answers",
    group: "data",
    title: "Nobody gets another's answer",
    sentence:
      "A server that answers twice, half, too much or unasked, over TLS or not, spoils its own connection: what arrives within a second of the answer (10 ms, from a server that was silent hundreds of times), or later while nobody asks, reaches no other request.",
    tests: ["tests/functions/stray.test.ts"],
  },
  {
    name: "deletion",
    group: "data",
    title: "What is deleted stays out of sight",
    sentence: "Every view and function respects `deleted_at`, found from the catalog.",
    tests: ["sql/tests/upkeep/deleted_is_respected.sql"],
  },
  {
    name: "erasure",
    group: "data",
    title: "What is erased is gone",
    sentence:
      "One object or one org is erased beside live work, with a report of what went; a dump afterwards holds no trace of it.",
    tests: [
      "tests/upkeep/erase.concurrency.test.ts",
      "sql/tests/upkeep/erase_object.sql",
      "sql/tests/upkeep/erase_landed.sql",
      "sql/tests/upkeep/erase_org.sql",
      "sql/tests/audit/erase_audit.sql",
    ],
  },
  {
    name: "retention",
    group: "data",
    title: "Kept as long as was said",
    sentence:
      "Retention by org and table, purged in bounded batches beside live work, which waits for nobody and takes nothing that is still needed.",
    tests: [
      "tests/upkeep/retention.test.ts",
      "tests/upkeep/purge.concurrency.test.ts",
      "tests/upkeep/retention.concurrency.test.ts",
      "sql/tests/upkeep/retention_rules.sql",
      "sql/tests/upkeep/retention_of_generations.sql",
      "sql/tests/upkeep/retention_of_the_rest.sql",
      "sql/tests/upkeep/purge_bounded.sql",
      "sql/tests/upkeep/purge_keeps_what_is_told.sql",
    ],
  },
];
