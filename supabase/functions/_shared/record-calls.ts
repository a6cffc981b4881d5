/** What calls of the records functions have in common: who calls, for which job, with which body. */
import { z } from "zod";
import { isKey } from "./auth.ts";
import { DatabaseError } from "./client.ts";
import { RecordStore } from "./records.ts";
import { Refusal, type StoreCall } from "./store-handler.ts";
import { tokenOf, userOf } from "./users.ts";

const MAX_BODY_BYTES = 1_000_000;

/** The store with the rights of whoever calls: a user by their token, the service by the key of the functions. */
export async function storeOf(
  { request, config, env, port }: StoreCall,
  send?: typeof fetch,
): Promise<RecordStore> {
  const token = tokenOf(request);
  if (isKey(token, config.functionKey)) return new RecordStore(await port(), null);
  const user = await userOf(token, env, send);
  if (user === null) throw new Refusal(401, "unauthorized");
  return new RecordStore(await port(), user);
}

/** The id at the end of the address. */
export function idOf(url: URL, name: string): string {
  const id = new RegExp(`/${name}/([^/]+)/?$`).exec(url.pathname)?.[1];
  if (id === undefined || !z.uuid().safeParse(id).success)
    throw new Refusal(400, `the address is /${name}/{id}`);
  return id;
}

/** The body, as it should be. */
export async function bodyOf<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Refusal(413, "the body has more than 1 MB");
    chunks.push(chunk);
  }
  let value: unknown;
  try {
    value = JSON.parse(await new Blob(chunks as BlobPart[]).text());
  } catch {
    throw new Refusal(400, "the body is not JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Refusal(400, `${issue!.path.join(".") || "the body"}: ${issue!.message}`);
}

/** Runs a call; what the engine does not know, or does not show, is not found. */
export async function found<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (
      error instanceof DatabaseError &&
      error.code === "ETL04" &&
      /there is no (table|generation job) /.test(error.message)
    )
      throw new Refusal(404, "there is no such job or table");
    throw error;
  }
}
