/** What the environment says, checked once. */
import { isIP } from "node:net";
import { z } from "zod";
import { readKeys, type SecretKey } from "./seal.ts";

const seconds = (fallback: number, max: number) => z.coerce.number().positive().max(max).default(fallback);
const count = (fallback: number, max: number) => z.coerce.number().int().min(1).max(max).default(fallback);

const list = z
  .string()
  .default("")
  .transform((text) =>
    text
      .split(",")
      .map((item) => item.trim().toLowerCase())
      .filter((item) => item !== ""),
  );

const secrets = z
  .string()
  .default("{}")
  .transform((text, context) => {
    try {
      return JSON.parse(text || "{}") as unknown;
    } catch {
      // The parser's own message would quote the text.
      context.addIssue({ code: "custom", message: "is not JSON" });
      return z.NEVER;
    }
  })
  .pipe(z.record(z.string(), z.record(z.string(), z.string())));

const secretKeys = z
  .string()
  .default("")
  .transform((text, context) => {
    try {
      return readKeys(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
      return z.NEVER;
    }
  });

const schema = z.object({
  /** Bearer token callers must send. */
  ETL_FUNCTION_KEY: z.string().min(16),
  /** `{"shared": {NAME: value}, "<org uuid>": {NAME: value}}`. */
  ETL_SECRETS: secrets,
  /** 32 bytes in base64 that seal secrets in the database; several while it is replaced: the first seals, all open. */
  ETL_SECRET_KEY: secretKeys,
  /** Bearer token of those who manage secrets; `ETL_FUNCTION_KEY` when not set. */
  ETL_MANAGE_KEY: z.string().min(16).optional(),
  /** Hosts (`name` or `name:port`) requests may go to although the guard would refuse them. */
  ETL_ALLOW_HOSTS: list,
  /** The only ports requests may go to; empty: 80, 443 and all from 1024. */
  ETL_ALLOW_PORTS: list
    .transform((ports) => ports.map(Number))
    .pipe(z.array(z.number().int().min(1).max(65535))),
  /** Networks (`198.51.100.0/24`) requests may not go to although they are of the public internet. */
  ETL_DENY_NETWORKS: list.pipe(
    z.array(z.string().refine(isNetwork, { error: "is not a list of networks like 198.51.100.0/24" })),
  ),
  /** Seconds one call of a function may take. Supabase ends a worker after 150 (free) or 400 seconds. */
  ETL_WALL_SECONDS: seconds(120, 390),
  /** Milliseconds of CPU time after which nothing more is claimed. Supabase gives 2,000. */
  ETL_CPU_MS: count(1_500, 3_600_000),
  /** Requests one call sends at most, where CPU time cannot be read or is misread. */
  ETL_MAX_REQUESTS: count(1_000, 1_000_000),
  /** Rows claimed at once, at most; what a row costs the database falls with their number, up to a few hundred. */
  ETL_BATCH: count(500, 1_000),
  /** Requests in flight at once, per call. */
  ETL_CONCURRENCY: count(20, 200),
  /** Bytes one answer may have. */
  ETL_MAX_ANSWER_BYTES: count(10_000_000, 100_000_000),
  /** Bytes one request may have: address, headers and body. */
  ETL_MAX_REQUEST_BYTES: count(10_000_000, 100_000_000),
  /** Whether a connection may carry more than one request, one after the other. */
  ETL_REUSE_CONNECTIONS: z.enum(["true", "false"]).default("true"),
  /** debug, info, warn or error. */
  ETL_LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
});

/** Secrets by scope (`shared` or an org's id) and name. */
export type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The settings of the functions. */
export interface Config {
  functionKey: string;
  secrets: Secrets;
  secretKeys: readonly SecretKey[];
  manageKey: string;
  allowHosts: readonly string[];
  allowPorts: readonly number[];
  denyNetworks: readonly string[];
  /** Schemes whose requests leave through a proxy: the runtime reads HTTP_PROXY, HTTPS_PROXY and ALL_PROXY by itself. */
  proxied: readonly ("http:" | "https:")[];
  wallMs: number;
  cpuMs: number;
  maxRequests: number;
  batch: number;
  concurrency: number;
  maxAnswerBytes: number;
  maxRequestBytes: number;
  reuseConnections: boolean;
  logLevel: "debug" | "info" | "warn" | "error";
}

/** A variable that is missing or wrong. Names the variable, never its value. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

function isNetwork(text: string): boolean {
  const [address = "", prefix = "", ...more] = text.split("/");
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)]!;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits && more.length === 0;
}

function proxiedBy(given: Record<string, unknown>): Config["proxied"] {
  const isSet = (name: string) => name in given || name.toLowerCase() in given;
  return (["http:", "https:"] as const).filter(
    (scheme) => isSet("ALL_PROXY") || isSet(scheme === "http:" ? "HTTP_PROXY" : "HTTPS_PROXY"),
  );
}

/** Reads the settings from environment variables. */
export function readConfig(env: Record<string, string | undefined>): Config {
  // An empty variable is one that nobody has set.
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => {
      // Beyond the variable's own name the path would name an org or a secret.
      const name = String(issue.path[0]);
      return given[name] === undefined ? `${name} is not set` : `${name}: ${issue.message}`;
    });
    throw new ConfigError(faults.join("; "));
  }
  const read = parsed.data;
  return {
    functionKey: read.ETL_FUNCTION_KEY,
    secrets: read.ETL_SECRETS,
    secretKeys: read.ETL_SECRET_KEY,
    manageKey: read.ETL_MANAGE_KEY ?? read.ETL_FUNCTION_KEY,
    allowHosts: read.ETL_ALLOW_HOSTS,
    allowPorts: read.ETL_ALLOW_PORTS,
    denyNetworks: read.ETL_DENY_NETWORKS,
    proxied: proxiedBy(given),
    wallMs: read.ETL_WALL_SECONDS * 1000,
    cpuMs: read.ETL_CPU_MS,
    maxRequests: read.ETL_MAX_REQUESTS,
    batch: read.ETL_BATCH,
    concurrency: read.ETL_CONCURRENCY,
    maxAnswerBytes: read.ETL_MAX_ANSWER_BYTES,
    maxRequestBytes: read.ETL_MAX_REQUEST_BYTES,
    reuseConnections: read.ETL_REUSE_CONNECTIONS === "true",
    logLevel: read.ETL_LOG_LEVEL,
  };
}
