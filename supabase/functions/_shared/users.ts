/** Who is signed in: what Supabase Auth vouches for by a token. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { AuthClient } from "@supabase/supabase-js";
import { z } from "zod";

const claims = z.object({ sub: z.uuid(), role: z.literal("authenticated"), exp: z.number() });

/** The token of a call. */
export function tokenOf(request: Request): string {
  return /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
}

/**
 * Finds out whose token it is: by `ETL_JWT_SECRET`, the secret that tokens are signed with, where it is set; else by the
 * keys that the project of `SUPABASE_URL` publishes, or, where it has none, by asking it.
 *
 * @returns the user's id; null for anything but the token of somebody who is signed in now
 * @throws Error when the project does not answer
 */
export async function userOf(
  token: string,
  env: Record<string, string | undefined>,
  send: typeof fetch = fetch,
): Promise<string | null> {
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return null;
  const secret = env["ETL_JWT_SECRET"];
  const found = secret ? signedBy(token, secret) : await vouchedFor(token, env, send);
  const parsed = claims.safeParse(found);
  return parsed.success && parsed.data.exp > Date.now() / 1000 ? parsed.data.sub : null;
}

function signedBy(token: string, secret: string): unknown {
  const [head, body, signature] = token.split(".") as [string, string, string];
  const wanted = createHmac("sha256", secret).update(`${head}.${body}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
  try {
    const { alg } = JSON.parse(Buffer.from(head, "base64url").toString()) as { alg?: unknown };
    return alg === "HS256" ? JSON.parse(Buffer.from(body, "base64url").toString()) : null;
  } catch {
    return null;
  }
}

async function vouchedFor(
  token: string,
  env: Record<string, string | undefined>,
  send: typeof fetch,
): Promise<unknown> {
  const url = env["SUPABASE_URL"];
  const key = env["SUPABASE_ANON_KEY"] ?? env["SUPABASE_SERVICE_ROLE_KEY"];
  if (!url || !key) return null;
  const auth = new AuthClient({
    url: `${url.replace(/\/+$/, "")}/auth/v1`,
    headers: { apikey: key },
    persistSession: false,
    autoRefreshToken: false,
    detectSessionInUrl: false,
    fetch: send,
  });
  const { data, error } = await auth.getClaims(token);
  if (error === null) return data?.claims;
  // Above all, a token that is no good must not look like a project that is down, nor the other way round.
  if ((error.status ?? 0) >= 500 || error.name === "AuthRetryableFetchError")
    throw new Error(`Supabase Auth did not say whose token it is: ${error.message}`);
  return null;
}
