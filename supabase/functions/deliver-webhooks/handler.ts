/** Sends messages to clients, signed. */
import type { DeliveryClaim, DeliveryResult, Failure, WantedSecret } from "../_shared/client.ts";
import { createExchange, type Exchange } from "../_shared/exchange.ts";
import { createHandler, type Handler, type Surroundings } from "../_shared/handler.ts";
import {
  MissingSecret,
  SecretNotHeld,
  SecretsUnreadable,
  type SecretStore,
} from "../_shared/secret-store.ts";
import { SecretFiller, wantedSecrets } from "../_shared/secrets.ts";
import { SecretError, signatureHeaders } from "../_shared/sign.ts";

/** The handler of `deliver-webhooks`. */
export function deliverWebhooks(around: Surroundings = {}): Handler {
  let kept: Exchange | undefined;
  return createHandler<DeliveryClaim, DeliveryResult>(
    "deliver-webhooks",
    (client, config, worker, secrets) => {
      // Kept over calls: it remembers where names lead.
      const exchange = (kept ??= createExchange(config, { secrets }));
      return {
        async claim(max) {
          const claims = await client.claimDeliveries(worker, max);
          secrets.expect(() =>
            claims.flatMap((claim) => [
              signingSecret(claim),
              ...wantedSecrets(claim.headers ?? null, claim.secret_scope),
            ]),
          );
          return claims;
        },
        timeoutOf: (claim) => claim.timeout_ms,
        leaseOf: (claim) => Date.parse(claim.lease_until),
        send: (claim, timeoutMs) => deliver(claim, timeoutMs, secrets, exchange),
        sizeOf: ({ body_text }) => 500 + (body_text?.length ?? 0),
        complete: (results) => client.completeDeliveries(results),
        withoutAnswer: ({ headers, body_text, ...rest }, reason) => ({
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

const signingSecret = ({ secret_scope, secret_name }: DeliveryClaim): WantedSecret => ({
  use: "sign",
  scope: secret_scope,
  name: secret_name,
});

/** What signs a message; at once when it is held. */
function findSecret(wanted: WantedSecret, secrets: SecretStore): string | Promise<string> {
  try {
    return secrets.find(wanted);
  } catch (error) {
    if (!(error instanceof SecretNotHeld)) throw error;
    return secrets.load([wanted]).then(() => secrets.find(wanted, true));
  }
}

async function deliver(
  claim: DeliveryClaim,
  timeoutMs: number,
  secrets: SecretStore,
  exchange: Exchange,
): Promise<DeliveryResult> {
  const { delivery_id, lease_token, webhook_id, url, body, secret_scope, secret_name } = claim;
  const ids = { delivery_id, lease_token };
  let signature: Record<string, string>;
  let own: OwnHeaders | undefined;
  try {
    const secret = findSecret(signingSecret(claim), secrets);
    signature = signatureHeaders(typeof secret === "string" ? secret : await secret, webhook_id, body);
    if (claim.headers != null) own = await ownHeaders(claim.headers, secret_scope, secrets);
  } catch (error) {
    const failure = whyUnsent(error, `${secret_name} in the scope ${secret_scope}`);
    return { ...ids, error: failure, duration_ms: 0 };
  }
  // The engine's own last: they are not for an endpoint to set.
  const headers = {
    ...own?.headers,
    "content-type": "application/json",
    "user-agent": "millrace",
    ...signature,
  };
  return { ...ids, ...(await exchange.post(url, headers, body, timeoutMs, own?.filler)) };
}

/** What an endpoint has every message carry. */
interface OwnHeaders {
  headers: Record<string, string>;
  /** Takes the secrets in them out of the answer. */
  filler: SecretFiller;
}

class HeaderError extends Error {}

async function ownHeaders(
  wanted: Record<string, string>,
  scope: string,
  secrets: SecretStore,
): Promise<OwnHeaders> {
  const filler = new SecretFiller(secrets, scope, wanted);
  const fill = () =>
    Object.entries(wanted).map(([name, text]) => [name.toLowerCase(), filler.text(text)] as const);
  let filled: ReturnType<typeof fill>;
  try {
    filled = fill();
  } catch (error) {
    if (!(error instanceof SecretNotHeld)) throw error;
    await filler.load();
    filled = fill();
  }
  for (const [name, text] of filled) {
    // What was written as a header is checked where it is written; a secret is not.
    if (!/^[\x20-\x7e]*$/.test(text))
      throw new HeaderError(`the header ${name} has a value that cannot be sent`);
  }
  return { headers: Object.fromEntries(filled), filler };
}

function whyUnsent(error: unknown, which: string): Failure {
  if (error instanceof SecretsUnreadable) return { kind: "network", message: error.message };
  if (error instanceof MissingSecret) return { kind: "secret_missing", message: error.message };
  if (error instanceof HeaderError) return { kind: "bad_request", message: error.message };
  if (error instanceof SecretError) return { kind: "secret_missing", message: `${error.message} (${which})` };
  throw error;
}
