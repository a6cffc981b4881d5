/** Makes clients, with their first rows, for whoever has the key of those who manage. */
import { z } from "zod";
import { isKey } from "../_shared/auth.ts";
import { ClientStore } from "../_shared/clients.ts";
import type { Handler } from "../_shared/handler.ts";
import { parseJson, storableJson } from "../_shared/json.ts";
import { Refusal, storeHandler, type StoreSurroundings } from "../_shared/store-handler.ts";
import { tokenOf } from "../_shared/users.ts";

const MAX_BODY_BYTES = 10_000_000;

const newClient = z.strictObject({
  organization_id: z.uuid("is no id"),
  company_name: z.string("is missing").trim().min(1, "is missing").max(500, "has more than 500 characters"),
  email: z.email("is no e-mail address").optional(),
  user_id: z.uuid("is no id").optional(),
  data_type: z.string("is no text").optional(),
  data: z.array(z.unknown(), "is no list of rows").optional(),
});

/** The handler of `superadmin-clients`. */
export function superadminClientsHandler(around: StoreSurroundings = {}): Handler {
  return storeHandler("superadmin-clients", around, async ({ request, config, port }) => {
    if (request.method !== "POST")
      return Response.json({ error: "method not allowed" }, { status: 405, headers: { allow: "POST" } });
    if (!isKey(tokenOf(request), config.manageKey)) throw new Refusal(401, "unauthorized");
    const parsed = newClient.safeParse(await bodyOf(request));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const name = issue!.path.join(".") || "the body";
      if (issue!.code === "unrecognized_keys")
        throw new Refusal(400, `there is no ${issue!.keys.join(", ")}`);
      throw new Refusal(400, `${name} ${name === "the body" ? "is no object" : issue!.message}`);
    }
    return Response.json(await new ClientStore(await port()).create(parsed.data), { status: 201 });
  });
}

async function bodyOf(request: Request): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      throw new Refusal(413, "the body is too large: send the rows to /data/{client_id}");
    chunks.push(chunk);
  }
  try {
    return parseJson(storableJson(await new Blob(chunks as BlobPart[]).text()));
  } catch {
    throw new Refusal(400, "the body is not JSON");
  }
}
