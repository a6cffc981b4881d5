/**
 * Setting, rotating and revoking secrets. Values are sealed here, before they leave for the database: it gets what it
 * cannot read, or, where it has a Vault and no key is set, what its Vault encrypts.
 */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { DatabaseError, type EtlClient, type SecretInfo } from "./client.ts";
import { open, seal, SealError, type SecretKey } from "./seal.ts";

const anyScope = z.string().min(1).max(100);
const scope = anyScope.default("shared");
const name = z.string().min(1).max(100);
const by = z.string().max(200).optional();
const value = z
  .string()
  // A shorter one could not be told from a word, and so not be taken out of an answer that repeats it.
  .min(8, "has fewer than 8 characters")
  .max(32_768, "has more than 32,768 characters")
  .refine((text) => !text.includes("\0"), "holds a character that no header, query or body can carry")
  .optional();

/** What can be done, as JSON. */
export const secretCommand = z.discriminatedUnion("action", [
  /** Adds one; without a value it is made up, as one that signs messages, and told in the answer. */
  z.strictObject({ action: z.literal("set"), scope, name, value, by }),
  /** Replaces one; the old value goes on signing for so many seconds. */
  z.strictObject({
    action: z.literal("rotate"),
    scope,
    name,
    value,
    by,
    keep_seconds: z.number().int().min(0).max(2_592_000).default(86_400),
  }),
  z.strictObject({
    action: z.literal("revoke"),
    scope,
    name,
    version: z.number().int().min(1).optional(),
    by,
  }),
  z.strictObject({ action: z.literal("list"), scope: anyScope.optional() }),
  /** Seals anew what lies under another key than the first of `ETL_SECRET_KEY`. */
  z.strictObject({ action: z.literal("rekey") }),
]);
export type SecretCommand = z.infer<typeof secretCommand>;

/** What came of it. */
export interface Managed {
  /** The version that was written. */
  version?: number;
  /** A value that was made up: it is told here and never again. */
  value?: string;
  /** Versions whose value is gone. */
  revoked?: number;
  secrets?: SecretInfo[];
  /** Secrets that were sealed anew. */
  rekeyed?: number;
  /** Secrets that lie under a key that is not here. */
  left?: string[];
}

/** A command that cannot be carried out, in a sentence without values. */
export class ManageError extends Error {
  override name = "ManageError";
}

// Two who write the same secret at once: the later finds another version.
const CONFLICT = "40001";
const TRIES = 20;

/** Carries out a command. */
export async function manageSecrets(
  client: EtlClient,
  keys: readonly SecretKey[],
  command: SecretCommand,
): Promise<Managed> {
  switch (command.action) {
    case "set":
    case "rotate":
      return write(client, keys, command);
    case "revoke": {
      const { version = null, by = null } = command;
      return { revoked: await client.revokeSecret(command.scope, command.name, version, by) };
    }
    case "list":
      return { secrets: await client.listSecrets(command.scope ?? null) };
    case "rekey":
      return rekey(client, keys);
  }
}

async function write(
  client: EtlClient,
  keys: readonly SecretKey[],
  command: Extract<SecretCommand, { action: "set" | "rotate" }>,
): Promise<Managed> {
  const { scope, name, by = null } = command;
  const made = command.value === undefined ? `whsec_${randomBytes(32).toString("base64")}` : undefined;
  const clear = command.value ?? made!;
  for (let left = TRIES; ; left--) {
    const { version, has_vault } = await client.nextSecret(scope, name);
    const [key] = keys;
    if (key === undefined && !has_vault) {
      throw new ManageError(
        "ETL_SECRET_KEY is not set here, and the database has no Vault: there is nothing to seal the secret with",
      );
    }
    const sealed = key === undefined ? clear : seal(key, { scope, name, version }, clear);
    const secret = { scope, name, version, value: sealed, keyId: key?.id ?? null, by };
    try {
      const written =
        command.action === "set"
          ? await client.putSecret(secret)
          : await client.rotateSecret(secret, command.keep_seconds);
      return { version: written, ...(made === undefined ? {} : { value: made }) };
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.code !== CONFLICT || left === 1) throw error;
    }
  }
}

async function rekey(client: EtlClient, keys: readonly SecretKey[]): Promise<Managed> {
  const [key] = keys;
  if (key === undefined)
    throw new ManageError("ETL_SECRET_KEY is not set here: there is nothing to seal with");
  let rekeyed = 0;
  for (;;) {
    const old = await client.secretsToRekey(key.id, 500);
    const left: string[] = [];
    const anew = old.flatMap((one) => {
      try {
        const value = seal(key, one, open(keys, one.key_id, one, one.value));
        return [{ id: one.id, value, old_key: one.key_id, new_key: key.id }];
      } catch (error) {
        if (!(error instanceof SealError)) throw error;
        left.push(error.message);
        return [];
      }
    });
    const changed = anew.length === 0 ? 0 : await client.rekeySecrets(anew);
    rekeyed += changed;
    // What is left over is the same next time.
    if (changed === 0 || old.length < 500) return { rekeyed, left };
  }
}

/** A key for `ETL_SECRET_KEY`. */
export function newKey(): string {
  return Buffer.from(randomBytes(32)).toString("base64");
}
