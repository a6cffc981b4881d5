/** Who may call a function, and with what. */
import { createHash, timingSafeEqual } from "node:crypto";

const MAX_BODY_BYTES = 65_536;
/** Characters a key has at least. */
export const MIN_KEY = 16;

/**
 * Whether a call is refused. Who has no key learns nothing but that: the body is looked at last.
 *
 * @param key - what callers must send; undefined where none is set, and nobody is let in
 * @returns the refusal; undefined for a call that is in order
 */
export async function refuse(request: Request, key: string | undefined): Promise<Response | undefined> {
  if (request.method !== "POST") return answer(405, { allow: "POST" });
  const token = /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
  if (!isKey(token, key)) return answer(401, { "www-authenticate": "Bearer" });
  return (await isEmptyOrObject(request)) ? undefined : answer(400);
}

function answer(status: number, headers: Record<string, string> = {}): Response {
  const error = { 400: "bad request", 401: "unauthorized", 405: "method not allowed" }[status];
  return Response.json({ error }, { status, headers });
}

/** Compares in a time that tells nothing, not even a length: what is compared is as long whatever was given. */
export function isKey(given: string, key = ""): boolean {
  // One that is missing or too short to be one is nobody's.
  return timingSafeEqual(digest(given), digest(key)) && key.length >= MIN_KEY;
}

const digest = (text: string) => createHash("sha256").update(text).digest();

/** The bell carries no data, so a body is only looked at to refuse what is no call of ours. */
async function isEmptyOrObject(request: Request): Promise<boolean> {
  if (request.headers.get("content-length") === "0" || request.body === null) return true;
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) return false;
      chunks.push(chunk);
    }
    if (size === 0) return true;
    const body: unknown = JSON.parse(await new Blob(chunks as BlobPart[]).text());
    return typeof body === "object" && body !== null && !Array.isArray(body);
  } catch {
    return false;
  }
}
