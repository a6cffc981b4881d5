/** Which way to the database the environment offers. */
import { createClient, type EtlClient, type Port } from "./client.ts";
import { ConfigError } from "./config.ts";
import { workerIsMortal } from "./runtime.ts";

/**
 * Connects with `DATABASE_URL`, or with `SUPABASE_URL` and `SUPABASE_SERVICE_ROLE_KEY`, which Supabase sets by itself.
 *
 * @throws ConfigError when neither is set
 */
export async function connect(env: Record<string, string | undefined>): Promise<EtlClient> {
  const { call, close } = await connectPort(env);
  return createClient(call, close);
}

/**
 * The same, for whoever brings calls of its own.
 *
 * @throws ConfigError when neither is set
 */
export async function connectPort(env: Record<string, string | undefined>): Promise<Port> {
  // Loaded when chosen: a worker's start counts against its CPU time.
  if (env["DATABASE_URL"]) {
    const { createPgPort } = await import("./client-pg.ts");
    return createPgPort(env["DATABASE_URL"], workerIsMortal(env) ? 0 : 1);
  }
  const url = env["SUPABASE_URL"];
  const key = env["SUPABASE_SERVICE_ROLE_KEY"];
  if (url && key) {
    const { createSupabasePort } = await import("./client-supabase.ts");
    return createSupabasePort({ url, key });
  }
  throw new ConfigError(
    "no way to the database: set DATABASE_URL, or SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY",
  );
}
