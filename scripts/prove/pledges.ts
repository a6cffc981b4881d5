/** Everything the engine promises, in the order of the page. */
import { idempotency } from "./idempotency.ts";
import type { Pledge } from "./proof.ts";

export const pledges: Pledge[] = [
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
