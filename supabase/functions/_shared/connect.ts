/** Which way to the database the environment offers. */
import type { EtlClient } from "./client.ts";
import { ConfigError } from "./config.ts";
import { workerIsMortal } from "./runtime.ts";

/**
 * Connects with `DATABASE_URL`, or with `SUPABASE_URL` and `SUPABASE_SERVICE_ROLE_KEY`, which Supabase sets by itself.
 *
 * @throws ConfigError when neither is set
 */
export async function connect(env: Record<string, string | undefined>): Promise<EtlClient> {
  // Loaded when chosen: a worker's start counts against its CPU time.
  if (env["DATABASE_URL"]) {
    const { createPgClient } = await import("./client-pg.ts");
    return createPgClient(env["DATABASE_URL"], workerIsMortal(env) ? 0 : 1);
  }
  const url = env["SUPABASE_URL"];
  const key = env["SUPABASE_SERVICE_ROLE_KEY"];
  if (url && key) {
    const { createSupabaseClient } = await import("./client-supabase.ts");
    return createSupabaseClient({ url, key });
  }
  throw new ConfigError(
    "no way to the database: set DATABASE_URL, or SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY",
  );
}
