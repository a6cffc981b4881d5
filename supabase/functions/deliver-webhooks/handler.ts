/** Sends messages to clients, signed. */
import type { DeliveryClaim, DeliveryResult, Failure } from "../_shared/client.ts";
import type { Config } from "../_shared/config.ts";
import { createExchange, type Exchange } from "../_shared/exchange.ts";
import { createHandler, type Handler, type Surroundings } from "../_shared/handler.ts";
import { findSecret, MissingSecret } from "../_shared/secrets.ts";
import { SecretError, signatureHeaders } from "../_shared/sign.ts";

/** The handler of `deliver-webhooks`. */
export function deliverWebhooks(around: Surroundings = {}): Handler {
  let kept: Exchange | undefined;
  return createHandler<DeliveryClaim, DeliveryResult>(
    "deliver-webhooks",
    (client, config, worker) => {
      // Kept over calls: it remembers where names lead.
      const exchange = (kept ??= createExchange(config));
      return {
        claim: (max) => client.claimDeliveries(worker, max),
        timeoutOf: (claim) => claim.timeout_ms,
        send: (claim, timeoutMs) => deliver(claim, timeoutMs, config, exchange),
        sizeOf: () => 500,
        complete: (results) => client.completeDeliveries(results),
        withoutAnswer: ({ headers, ...rest }, reason) => ({
          ...rest,
          error: {
            kind: "bad_request",
            message: `the database refused the report: ${reason}`.slice(0, 2_000),
          },
        }),
        release: (claims) => client.releaseDeliveries(claims),
        ring: () => client.ring("deliver-webhooks"),
      };
    },
    around,
  );
}

async function deliver(
  { delivery_id, lease_token, webhook_id, url, body, secret_scope, secret_name }: DeliveryClaim,
  timeoutMs: number,
  config: Config,
  exchange: Exchange,
): Promise<DeliveryResult> {
  const ids = { delivery_id, lease_token };
  let signature: Record<string, string>;
  try {
    signature = signatureHeaders(findSecret(config.secrets, secret_scope, secret_name), webhook_id, body);
  } catch (error) {
    if (!(error instanceof MissingSecret) && !(error instanceof SecretError)) throw error;
    const where = error instanceof SecretError ? ` (${secret_name} in the scope ${secret_scope})` : "";
    const failure: Failure = { kind: "secret_missing", message: error.message + where };
    return { ...ids, error: failure, duration_ms: 0 };
  }
  const headers = { "content-type": "application/json", "user-agent": "millrace", ...signature };
  return { ...ids, ...(await exchange.post(url, headers, body, timeoutMs)) };
}
