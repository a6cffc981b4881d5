/** Signatures of messages, after Standard Webhooks. */
import { Buffer } from "node:buffer";
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";

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
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signed = `${id}.${timestamp}.${body}`;
  const signatures = keysOf(secret).map(
    (key) => `v1,${createHmac("sha256", key).update(signed).digest("base64")}`,
  );
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures.join(" "),
  };
}

// Secrets are few, messages many.
const known = new Map<string, KeyObject[]>();

function keysOf(secret: string): KeyObject[] {
  const found = known.get(secret);
  if (found !== undefined) return found;
  const keys = secret
    .split(/\s+/)
    .filter((one) => one !== "")
    .map(keyOf);
  if (keys.length === 0) throw new SecretError("the secret is empty");
  if (known.size >= 1_000) known.clear();
  known.set(secret, keys);
  return keys;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function keyOf(secret: string): KeyObject {
  const text = secret.replace(/^whsec_/, "");
  // What Buffer does not understand it leaves out, and would sign with the rest.
  if (text === "" || !BASE64.test(text))
    throw new SecretError("the secret is not of the form whsec_<base64>");
  return createSecretKey(Buffer.from(text, "base64"));
}
