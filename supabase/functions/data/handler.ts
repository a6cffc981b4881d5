/** Hands out a client's rows, and takes files of rows in, with the rights of whoever asks. */
import { z } from "zod";
import { isKey } from "../_shared/auth.ts";
import { ClientStore, sendRows } from "../_shared/clients.ts";
import { DatabaseError } from "../_shared/client.ts";
import type { Handler } from "../_shared/handler.ts";
import { formats, readRows, UnreadableFile, type Format } from "../_shared/rows.ts";
import { Refusal, storeHandler, type StoreCall, type StoreSurroundings } from "../_shared/store-handler.ts";
import { tokenOf, userOf } from "../_shared/users.ts";

const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    context.addIssue({ code: "custom", message: "is not JSON" });
    return z.NEVER;
  }
});
const asked = z.strictObject({
  limit: z.coerce
    .number("is not from 1 to 10000")
    .int("is not from 1 to 10000")
    .min(1, "is not from 1 to 10000")
    .max(10_000, "is not from 1 to 10000")
    .default(100),
  table: z.string().max(200).optional(),
  filter: json.pipe(z.record(z.string(), z.unknown(), "is no object")).optional(),
  before: z.coerce.number("is no id").int("is no id").min(1, "is no id").optional(),
});
const offered = z.strictObject({
  type: z.string().optional(),
  format: z.enum(formats, `is none of ${formats.join(", ")}`).optional(),
  encoding: z.string().max(40).default("utf-8"),
  name: z.string().max(500).default("upload"),
});

const types: Record<string, Format> = {
  "text/csv": "csv",
  "text/tab-separated-values": "tsv",
  "application/x-ndjson": "ndjson",
  "application/jsonl": "ndjson",
  "application/json": "json",
};

/** The handler of `data`. */
export function dataHandler(around: StoreSurroundings = {}): Handler {
  return storeHandler("data", around, async (call) => {
    const { request, url, env, config } = call;
    if (request.method !== "GET" && request.method !== "POST") {
      return Response.json({ error: "method not allowed" }, { status: 405, headers: { allow: "GET, POST" } });
    }
    const token = tokenOf(request);
    const asUser = isKey(token, config.functionKey) ? null : await userOf(token, env, around.fetch);
    if (asUser === null && !isKey(token, config.functionKey)) throw new Refusal(401, "unauthorized");
    // Whoever has no token of any kind does not learn which addresses there are.
    const clientId = /\/data\/([^/]+)\/?$/.exec(url.pathname)?.[1];
    if (clientId === undefined || !z.uuid().safeParse(clientId).success)
      throw new Refusal(400, "the address is /data/{client_id}");
    return request.method === "GET" ? await read(call, clientId, asUser) : await take(call, clientId, asUser);
  });
}

function parametersOf<T>(schema: z.ZodType<T>, url: URL): T {
  const parsed = schema.safeParse(Object.fromEntries(url.searchParams));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = issue!.code === "unrecognized_keys" ? issue!.keys.join(", ") : issue!.path.join(".");
  throw new Refusal(
    400,
    issue!.code === "unrecognized_keys" ? `there is no ${name}` : `${name} ${issue!.message}`,
  );
}

async function read({ url, port }: StoreCall, clientId: string, asUser: string | null): Promise<Response> {
  const { limit, table, filter, before } = parametersOf(asked, url);
  const found = await new ClientStore(await port()).read({
    clientId,
    tableName: table ?? null,
    limit,
    filter: filter ?? null,
    before: before ?? null,
    asUser,
  });
  // Another's client and no client at all look the same.
  if (found === null) throw new Refusal(404, "there is no such client");
  return Response.json(found);
}

async function take(call: StoreCall, clientId: string, asUser: string | null): Promise<Response> {
  const { request, url, port } = call;
  const { type, format: named, encoding, name } = parametersOf(offered, url);
  const mediaType = (request.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  const format = named ?? types[mediaType];
  if (format === undefined) throw new Refusal(415, `the body is one of ${Object.keys(types).join(", ")}`);
  try {
    new TextDecoder(encoding);
  } catch {
    throw new Refusal(400, "encoding is none that is known");
  }
  if (request.body === null) throw new Refusal(400, "the body is empty");
  const store = new ClientStore(await port());
  const key = request.headers.get("idempotency-key");
  const begun = await store.begin({
    clientId,
    dataType: type ?? null,
    fileName: name,
    // The same key goes on where it stopped; without one each body is a file of its own.
    fingerprint: key === null ? crypto.randomUUID() : `key:${key}`,
    ifBegun: "resume",
    asUser,
  });
  if (begun.finished_at !== null) return Response.json(begun);
  let last = begun;
  try {
    const bytes = request.body as unknown as AsyncIterable<Uint8Array>;
    const done = await sendRows(store, begun, readRows(bytes, format, encoding), {
      asUser,
      maxRows: 2_000,
      onPart: (upload) => (last = upload),
    });
    return Response.json(done, { status: begun.taken === 0 ? 201 : 200 });
  } catch (error) {
    if (error instanceof UnreadableFile)
      throw new Refusal(400, `${error.message}; ${last.stored} rows before are in`);
    if (error instanceof DatabaseError) throw error;
    // The body broke off: what came is in.
    throw new Refusal(400, `the body broke off; ${last.stored} rows are in`);
  }
}
