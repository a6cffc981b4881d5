/** Signatures of messages, after Standard Webhooks. */
import { Webhook } from "standardwebhooks";

/** A secret that cannot sign. */
export class SecretError extends Error {
  override name = "SecretError";
}

/**
 * The headers that let a receiver check who sent a message, that nobody changed it and that it is not an old one sent
 * again.
 *
 * @param secret - `whsec_` and the key in base64; several with spaces between while a secret is being replaced, each
 *   gives a signature
 * @param id - the message's id, the same on every attempt
 * @param body - the exact text that is sent
 */
export function signatureHeaders(
  secret: string,
  id: string,
  body: string,
  at = new Date(),
): Record<string, string> {
  const signatures = secret
    .split(/\s+/)
    .filter((one) => one !== "")
    .map((one) => signer(one).sign(id, at, body));
  if (signatures.length === 0) throw new SecretError("the secret is empty");
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": signatures.join(" "),
  };
}

function signer(secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch {
    // The library's message may quote the secret.
    throw new SecretError("the secret is not of the form whsec_<base64>");
  }
}
