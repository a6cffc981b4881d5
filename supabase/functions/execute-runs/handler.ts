/**
 * Sends the HTTP requests of runs. Asking for a result, polling the status of an asynchronous one and fetching it are
 * all rows of `run_request` that differ in `kind` and are sent alike, so this is the status checker too.
 */
import type { RunClaim, RunResult } from "../_shared/client.ts";
import { createExchange, type Exchange } from "../_shared/exchange.ts";
import { createHandler, type Handler, type Surroundings } from "../_shared/handler.ts";
import { wantedSecrets } from "../_shared/secrets.ts";

/** The handler of `execute-runs`. */
export function executeRuns(around: Surroundings = {}): Handler {
  let kept: Exchange | undefined;
  return createHandler<RunClaim, RunResult>(
    "execute-runs",
    (client, config, worker, secrets) => {
      // Kept over calls: it remembers where names lead.
      const exchange = (kept ??= createExchange(config, { secrets }));
      return {
        async claim(max) {
          const claims = await client.claimRunRequests(worker, max);
          secrets.expect(() => claims.flatMap((claim) => wantedSecrets(claim.request, claim.secret_scope)));
          return claims;
        },
        timeoutOf: (claim) => claim.timeout_ms,
        leaseOf: (claim) => Date.parse(claim.lease_until),
        async send({ run_request_id, lease_token, request, secret_scope }, timeoutMs) {
          const answer = await exchange.ask({ request, secretScope: secret_scope, timeoutMs });
          return { run_request_id, lease_token, ...answer };
        },
        sizeOf: (result) => 500 + (result.bodyJson?.length ?? 0) + (result.body_text?.length ?? 0),
        complete: (results) => client.completeRunRequests(results),
        withoutAnswer: ({ bodyJson, body_text, ...rest }, reason) => ({
          ...rest,
          error: {
            kind: "invalid_json",
            message: `the database cannot hold the answer: ${reason}`.slice(0, 2_000),
          },
        }),
        release: (claims) => client.releaseRunRequests(claims),
        ring: () => client.ring("execute-runs"),
      };
    },
    around,
  );
}
