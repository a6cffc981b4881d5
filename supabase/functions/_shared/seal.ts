/**
 * Secrets sealed under a key that only the functions have (`ETL_SECRET_KEY`): the database keeps what comes out of
 * {@link seal} and can do nothing with it.
 */
import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

/** What a sealed value belongs to. It is sealed with it, so that it opens in no other place. */
export interface Place {
  /** `shared`, or an org's id. */
  scope: string;
  name: string;
  version: number;
}

/** A key to seal and open with. */
export interface SecretKey {
  /** The first digits of a hash: tells which key it is, and nothing about it. */
  id: string;
  bytes: Uint8Array;
}

/** A value that cannot be opened. Says which and why, never what. */
export class SealError extends Error {
  override name = "SealError";
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
// The first byte of what is sealed, so that another way to seal can be told from this one.
const FORMAT = 1;

/**
 * Reads keys: 32 bytes in base64 each, several with spaces between while one is being replaced.
 *
 * @throws SealError when one is no key; quotes nothing
 */
export function readKeys(text: string): SecretKey[] {
  return text
    .split(/\s+/)
    .filter((one) => one !== "")
    .map((one) => {
      const bytes = Buffer.from(one, "base64");
      // What Buffer does not understand it leaves out.
      if (
        bytes.length !== KEY_BYTES ||
        bytes.toString("base64").replace(/=+$/, "") !== one.replace(/=+$/, "")
      )
        throw new SealError("a key is 32 bytes in base64, for instance of openssl rand -base64 32");
      const hash = createHash("sha256").update("millrace secret key\n").update(bytes);
      return { id: hash.digest("hex").slice(0, 8), bytes };
    });
}

/** Seals a value for one place; base64. Twice the same value gives two different texts. */
export function seal(key: SecretKey, place: Place, value: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key.bytes, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(nameOf(place));
  const text = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
  return Buffer.concat([Buffer.of(FORMAT), nonce, text, cipher.getAuthTag()]).toString("base64");
}

/**
 * Opens what {@link seal} made.
 *
 * @throws SealError when the key is not among these, or the value was changed or belongs to another place
 */
export function open(keys: readonly SecretKey[], keyId: string, place: Place, sealed: string): string {
  const which = `version ${place.version} of the secret ${place.name} in the scope ${place.scope}`;
  const key = keys.find((one) => one.id === keyId);
  if (key === undefined)
    throw new SealError(`${which} is sealed under the key ${keyId}, which ETL_SECRET_KEY does not hold`);
  const bytes = Buffer.from(sealed, "base64");
  try {
    if (bytes[0] !== FORMAT) throw new Error("another format");
    const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
    const decipher = createDecipheriv("aes-256-gcm", key.bytes, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(nameOf(place));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const text = bytes.subarray(1 + NONCE_BYTES, -TAG_BYTES);
    return Buffer.concat([decipher.update(text), decipher.final()]).toString("utf8");
  } catch {
    throw new SealError(
      `${which} cannot be opened: what the database holds was changed, or belongs elsewhere`,
    );
  }
}

function nameOf({ scope, name, version }: Place): Uint8Array {
  return Buffer.from(JSON.stringify(["millrace secret", scope, name, version]), "utf8");
}
