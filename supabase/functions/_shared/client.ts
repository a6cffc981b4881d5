/**
 * The port to the database: what the functions ask of it, batches in, batches out. Two adapters speak it, one over a
 * Postgres connection and one over Supabase's REST interface; both give the same rows.
 */
import { z } from "zod";

const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const milliseconds = z.number().int().positive();

/** A claimed HTTP request of a run. */
export const runClaim = z.object({
  run_request_id: uuid,
  org_id: uuid,
  lease_token: uuid,
  lease_until: z.string(),
  /** What it is for: asking, polling a status, fetching a result. All are sent alike. */
  kind: z.string(),
  /** `shared`, or the id of the org whose secrets may be used. */
  secret_scope: z.string(),
  /** `{method, url, query, headers, body}`, secrets still as placeholders. Checked when it is sent. */
  request: z.unknown(),
  timeout_ms: milliseconds,
  attempt: z.number().int(),
});
export type RunClaim = z.infer<typeof runClaim>;
const runClaims = z.array(runClaim);

/** A claimed message. */
export const deliveryClaim = z.object({
  delivery_id: uuid,
  /** The same on every attempt. */
  webhook_id: z.string().min(1),
  org_id: uuid,
  lease_token: uuid,
  lease_until: z.string(),
  url: z.string(),
  secret_name: z.string(),
  secret_scope: z.string(),
  /** Whatever the engine has to tell: `activity_request.done`, `alert.raised`, …; new ones need no new function. */
  event_type: z.string(),
  /** Headers of the endpoint, secrets still as placeholders; absent from a database that does not know them yet. */
  headers: z.record(z.string(), z.string()).nullish(),
  /** The exact text to sign and send. */
  body: z.string(),
  timeout_ms: milliseconds,
  attempt: z.number().int(),
});
export type DeliveryClaim = z.infer<typeof deliveryClaim>;
const deliveryClaims = z.array(deliveryClaim);

/** Classes of failure the database decides upon. */
export type FailureKind =
  "timeout" | "network" | "too_large" | "blocked" | "secret_missing" | "invalid_json" | "bad_request";

/** What went wrong, in a sentence without secrets. */
export interface Failure {
  kind: FailureKind;
  message: string;
}

/** What came back. */
export interface Answer {
  /** Absent when no answer came. */
  status?: number;
  headers?: Record<string, string>;
  /** The answer as JSON text: passed on as it came, so that no number loses digits on the way. */
  bodyJson?: string;
  /** The beginning of an answer that is not JSON. */
  body_text?: string;
  error?: Failure;
  duration_ms: number;
}

export type RunResult = Answer & Pick<RunClaim, "run_request_id" | "lease_token">;
export type DeliveryResult = Omit<Answer, "bodyJson"> & Pick<DeliveryClaim, "delivery_id" | "lease_token">;

/** What became of a reported result. */
export interface Completion {
  id: string;
  /** False when the lease was lost or the result was reported before. */
  accepted: boolean;
  message: string | null;
}

const runCompletions = z.array(
  z
    .object({ run_request_id: uuid, accepted: z.boolean(), message: z.string().nullable() })
    .transform(({ run_request_id: id, accepted, message }): Completion => ({ id, accepted, message })),
);
const deliveryCompletions = z.array(
  z
    .object({ delivery_id: uuid, accepted: z.boolean(), message: z.string().nullable() })
    .transform(({ delivery_id: id, accepted, message }): Completion => ({ id, accepted, message })),
);

/** A secret that a request needs. */
export interface WantedSecret {
  /** For a placeholder its newest version; to sign a message all that are in force. */
  use: "fill" | "sign";
  /** `shared`, or an org's id. */
  scope: string;
  name: string;
}

/** A version of a secret as the database keeps it. */
export const secretRow = z.object({
  scope: z.string(),
  name: z.string(),
  use: z.enum(["fill", "sign"]),
  version: z.number().int(),
  /** Which key opens it; null: the value is clear, the database's Vault keeps it. */
  key_id: z.string().nullable(),
  value: z.string(),
});
export type SecretRow = z.infer<typeof secretRow>;
// An entry of the Vault that somebody has deleted there has no value any more.
const secretRows = z
  .array(secretRow.extend({ value: z.string().nullable() }))
  .transform((rows) => rows.filter((row): row is SecretRow => row.value !== null));

/** What to know before a secret is sealed. */
export const nextSecret = z.object({
  version: z.number().int(),
  /** Whether the database has a Vault, which takes clear text. */
  has_vault: z.boolean(),
  /** Whether there is an active version. */
  is_live: z.boolean(),
});
export type NextSecret = z.infer<typeof nextSecret>;
const nextSecrets = z.array(nextSecret);

/** A version of a secret that is to be written. */
export interface NewSecret {
  scope: string;
  name: string;
  version: number;
  /** Sealed, or clear where {@link keyId} is null. */
  value: string;
  keyId: string | null;
  by: string | null;
}

const time = z
  .string()
  .nullable()
  .transform((text) => (text === null ? null : new Date(text).toISOString()));

/** A secret as it may be shown. */
export const secretInfo = z.object({
  scope: z.string(),
  name: z.string(),
  version: z.number().int(),
  state: z.enum(["active", "retiring", "revoked"]),
  storage: z.enum(["table", "vault"]),
  key_id: z.string().nullable(),
  created_at: time,
  created_by: z.string(),
  expires_at: time,
  revoked_at: time,
  last_used_at: time,
});
export type SecretInfo = z.infer<typeof secretInfo>;
const secretInfos = z.array(secretInfo);

/** A secret that lies under an old key. */
export const sealedSecret = z.object({
  id: uuid,
  scope: z.string(),
  name: z.string(),
  version: z.number().int(),
  key_id: z.string(),
  value: z.string(),
});
export type SealedSecret = z.infer<typeof sealedSecret>;
const sealedSecrets = z.array(sealedSecret);

/** The same under a new one. */
export interface ResealedSecret {
  id: string;
  value: string;
  old_key: string;
  new_key: string;
}

const counts = z.array(z.record(z.string(), z.coerce.number()));

/** A function of the engine. */
export type BellName = "execute-runs" | "deliver-webhooks";

/** The database, as far as the functions know it. */
export interface EtlClient {
  claimRunRequests(worker: string, max: number): Promise<RunClaim[]>;
  completeRunRequests(results: readonly RunResult[]): Promise<Completion[]>;
  /** Hands unsent requests back; the attempt does not count. */
  releaseRunRequests(claims: readonly RunClaim[]): Promise<number>;
  claimDeliveries(worker: string, max: number): Promise<DeliveryClaim[]>;
  completeDeliveries(results: readonly DeliveryResult[]): Promise<Completion[]>;
  releaseDeliveries(claims: readonly DeliveryClaim[]): Promise<number>;
  /** Wakes another call of a function. */
  ring(name: BellName): Promise<void>;
  /** Secrets for requests that are about to be sent; what is not there gives no row. Their use is noted. */
  readSecrets(wanted: readonly WantedSecret[]): Promise<SecretRow[]>;
  nextSecret(scope: string, name: string): Promise<NextSecret>;
  /** Adds a secret; its version. */
  putSecret(secret: NewSecret): Promise<number>;
  /** Replaces one; the old version goes on signing for so long. */
  rotateSecret(secret: NewSecret, keepSeconds: number): Promise<number>;
  /** Throws values away: of one version, or of all. Returns of how many. */
  revokeSecret(scope: string, name: string, version: number | null, by: string | null): Promise<number>;
  listSecrets(scope: string | null): Promise<SecretInfo[]>;
  secretsToRekey(newKey: string, max: number): Promise<SealedSecret[]>;
  rekeySecrets(resealed: readonly ResealedSecret[]): Promise<number>;
  close(): Promise<void>;
}

/** A call the database refused or did not answer. */
export class DatabaseError extends Error {
  override name = "DatabaseError";
  /** SQLSTATE, or PostgREST's own code; absent when the database did not answer. */
  readonly code: string | undefined;
  /** What the database said, and nothing else. */
  readonly sentence: string;
  constructor(call: string, message: string, code: string | undefined) {
    super(`etl_api.${call}: ${message}${code === undefined ? "" : ` (${code})`}`);
    this.sentence = message;
    this.code = code;
  }

  /** True when the same call may succeed in a moment: the connection, a conflict, a server that has no room. */
  get isTransient(): boolean {
    return this.code === undefined || /^(08|40|53|55|57|58|PGRST00)/.test(this.code);
  }
}

/**
 * What an adapter provides: a call of a function in schema `etl_api`.
 *
 * @param name - the function
 * @param values - its arguments in order, by name
 * @returns its rows
 */
export type Call = (
  name: string,
  values: Record<string, string | number | null | JsonText>,
) => Promise<unknown[]>;

/** Calls, and the end of them. */
export interface Port {
  call: Call;
  close(): Promise<void>;
}

/** JSON that goes to the database as it is. */
export class JsonText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** The client over an adapter's call. */
export function createClient(call: Call, close: () => Promise<void>): EtlClient {
  const unexpected = (name: string, faults: string) =>
    new DatabaseError(name, `unexpected rows: ${faults}`, undefined);
  // The schema is that of all rows, and made once: zod compiles each anew.
  const rows = async <T>(schema: z.ZodType<T[]>, name: string, values: Parameters<Call>[1]): Promise<T[]> => {
    const parsed = schema.safeParse(await call(name, values));
    if (parsed.success) return parsed.data;
    const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw unexpected(name, faults.slice(0, 3).join("; "));
  };
  const claims = async <T extends { lease_until: string }>(
    ...args: Parameters<typeof rows<T>>
  ): Promise<T[]> => {
    const claimed = await rows(...args);
    // One adapter brings Postgres's notation, the other ISO 8601. Not for the schema to change, which would cost more
    // than all it checks: the rows of a batch mostly have one time.
    let seen = "";
    let time = "";
    for (const [index, claim] of claimed.entries()) {
      if (claim.lease_until !== seen) {
        const date = new Date((seen = claim.lease_until));
        if (Number.isNaN(date.getTime()))
          throw unexpected(args[1], `${index}.lease_until: is no point in time`);
        time = date.toISOString();
      }
      claim.lease_until = time;
    }
    return claimed;
  };
  const one = async (name: string, values: Parameters<Call>[1]): Promise<number> => {
    const [row] = await rows(counts, name, values);
    return row?.[name] ?? 0;
  };
  return {
    claimRunRequests: (worker, max) => claims(runClaims, "claim_run_requests", { worker, max_requests: max }),
    completeRunRequests: (results) =>
      rows(runCompletions, "complete_run_requests", { results: encodeResults(results) }),
    releaseRunRequests: (claims) =>
      one("release_run_requests", {
        leases: encode(claims.map(({ run_request_id, lease_token }) => ({ run_request_id, lease_token }))),
      }),
    claimDeliveries: (worker, max) =>
      claims(deliveryClaims, "claim_deliveries", { worker, max_deliveries: max }),
    completeDeliveries: (results) =>
      rows(deliveryCompletions, "complete_deliveries", { results: encode(results) }),
    releaseDeliveries: (claims) =>
      one("release_deliveries", {
        leases: encode(claims.map(({ delivery_id, lease_token }) => ({ delivery_id, lease_token }))),
      }),
    async ring(name) {
      await call("ring", { function_name: name });
    },
    readSecrets: (wanted) => rows(secretRows, "read_secrets", { wanted: encode(wanted) }),
    async nextSecret(scope, name) {
      const [next] = await rows(nextSecrets, "next_secret", { of_scope: scope, of_name: name });
      if (next === undefined) throw unexpected("next_secret", "none");
      return next;
    },
    putSecret: (secret) => one("put_secret", newSecret(secret)),
    rotateSecret: (secret, keepSeconds) =>
      one("rotate_secret", { ...newSecret(secret), keep_seconds: keepSeconds }),
    revokeSecret: (scope, name, version, by) =>
      one("revoke_secret", { of_scope: scope, of_name: name, of_version: version, by_whom: by }),
    listSecrets: (scope) => rows(secretInfos, "list_secrets", { of_scope: scope }),
    secretsToRekey: (newKey, max) =>
      rows(sealedSecrets, "secrets_to_rekey", { new_key: newKey, max_secrets: max }),
    rekeySecrets: (resealed) => one("rekey_secrets", { resealed: encode(resealed) }),
    close,
  };
}

function newSecret({ scope, name, version, value, keyId, by }: NewSecret): Parameters<Call>[1] {
  return {
    of_scope: scope,
    of_name: name,
    of_version: version,
    sealed: value,
    sealed_by: keyId,
    by_whom: by,
  };
}

function encode(value: unknown): JsonText {
  return new JsonText(JSON.stringify(value));
}

/** Answers are put in as text: not parsed and written again, which would cost time and digits. */
function encodeResults(results: readonly RunResult[]): JsonText {
  const elements = results.map(({ bodyJson, ...rest }) => {
    const element = JSON.stringify(rest);
    return bodyJson === undefined ? element : `${element.slice(0, -1)},"body":${bodyJson}}`;
  });
  return new JsonText(`[${elements.join(",")}]`);
}
