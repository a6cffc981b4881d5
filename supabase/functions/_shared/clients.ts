/** Data of clients: reading it, and taking files in part by part. */
import { z } from "zod";
import { DatabaseError, JsonText, type Port } from "./client.ts";
import type { Row } from "./rows.ts";

const upload = z.object({
  id: z.string(),
  parts: z.coerce.number(),
  taken: z.coerce.number(),
  stored: z.coerce.number(),
  failed: z.coerce.number(),
  warned: z.coerce.number(),
  faults: z.array(z.object({ index: z.coerce.number(), code: z.string(), error: z.string() })),
  finished_at: z.string().nullable(),
});
/** How far a file has come: a row of etl_api.client_upload. */
export type Upload = z.infer<typeof upload>;

/** A file to be taken in. */
export interface NewUpload {
  clientId: string;
  dataType: string | null;
  fileName: string;
  fingerprint: string;
  /** What to do when the same file is in already, whole or in part. */
  ifBegun: "refuse" | "resume" | "again";
  asUser: string | null;
}

/** What of a client's rows is asked for. */
export interface Wanted {
  clientId: string;
  tableName: string | null;
  limit: number;
  filter: unknown;
  before: number | null;
  /** Whose rights apply; null: the service's. */
  asUser: string | null;
}

/** A client to be made. */
export interface NewClient {
  organization_id: string;
  company_name: string;
  email?: string | undefined;
  user_id?: string | undefined;
  data_type?: string | undefined;
  data?: unknown[] | undefined;
}

/** What the database does for clients' data. */
export class ClientStore {
  readonly #port: Port;
  constructor(port: Port) {
    this.#port = port;
  }

  async #one(name: string, values: Parameters<Port["call"]>[1]): Promise<unknown> {
    const [row] = (await this.#port.call(name, values)) as Record<string, unknown>[];
    return row?.[name] ?? null;
  }

  async #upload(name: string, values: Parameters<Port["call"]>[1]): Promise<Upload> {
    const parsed = upload.safeParse(await this.#one(name, values));
    if (parsed.success) return parsed.data;
    throw new DatabaseError(name, "it did not answer with an upload", undefined);
  }

  /** A client's rows; null: there is no such client for whoever asks. */
  read({ clientId, tableName, limit, filter, before, asUser }: Wanted): Promise<unknown> {
    return this.#one("read_client_data", {
      client_id: clientId,
      table_name: tableName,
      max_rows: limit,
      filter: filter === null ? null : new JsonText(JSON.stringify(filter)),
      before,
      as_user: asUser,
    });
  }

  create(client: NewClient): Promise<unknown> {
    return this.#one("create_client", {
      organization_id: client.organization_id,
      company_name: client.company_name,
      email: client.email ?? null,
      user_id: client.user_id ?? null,
      data_type: client.data_type ?? null,
      rows: client.data === undefined ? null : new JsonText(JSON.stringify(client.data)),
    });
  }

  begin({ clientId, dataType, fileName, fingerprint, ifBegun, asUser }: NewUpload): Promise<Upload> {
    return this.#upload("begin_client_upload", {
      client_id: clientId,
      data_type: dataType,
      file_name: fileName,
      fingerprint,
      if_begun: ifBegun,
      as_user: asUser,
    });
  }

  part(id: string, part: number, rows: string, faults: object, asUser: string | null): Promise<Upload> {
    return this.#upload("ingest_client_part", {
      upload_id: id,
      part,
      rows: new JsonText(rows),
      unreadable: new JsonText(JSON.stringify(faults)),
      as_user: asUser,
    });
  }

  finish(id: string): Promise<Upload> {
    return this.#upload("finish_client_upload", { upload_id: id });
  }

  close(): Promise<void> {
    return this.#port.close();
  }
}

/** How rows are sent. */
export interface Sending {
  asUser?: string | null;
  /** Rows and characters of a part. */
  maxRows?: number;
  maxLength?: number;
  /** Pauses before a part is sent again when the database did not take it for a reason of the moment. */
  pauses?: readonly number[];
  signal?: AbortSignal;
  onPart?: (upload: Upload) => void;
}

/**
 * Sends the rows of a file, those that are in left out, while the next ones are read: two parts are in memory at most.
 *
 * @throws UnreadableFile, DatabaseError; what was sent before is in
 */
export async function sendRows(
  store: ClientStore,
  begun: Upload,
  rows: AsyncIterable<Row>,
  {
    asUser = null,
    maxRows = 5_000,
    maxLength = 4_000_000,
    pauses = [500, 2_000, 5_000],
    ...more
  }: Sending = {},
): Promise<Upload> {
  let upload = begun;
  let sent: Promise<void> = Promise.resolve();
  let part = begun.parts;
  let toSkip = begun.taken;
  let texts: string[] = [];
  let length = 0;
  let faults: Record<number, string> = {};

  const send = async (number: number, text: string, unreadable: object): Promise<void> => {
    for (let attempt = 0; ; attempt++) {
      try {
        upload = await store.part(upload.id, number, text, unreadable, asUser);
        more.onPart?.(upload);
        return;
      } catch (error) {
        const pause = pauses[attempt];
        if (pause === undefined || !(error instanceof DatabaseError) || !error.isTransient) throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  };
  const flush = async (): Promise<void> => {
    await sent;
    more.signal?.throwIfAborted();
    if (texts.length === 0) return;
    sent = send(++part, `[${texts.join(",")}]`, faults);
    // Waited for before the next; until then it must not end the process.
    sent.catch(() => {});
    [texts, length, faults] = [[], 0, {}];
  };

  for await (const row of rows) {
    if (toSkip > 0) {
      toSkip--;
      continue;
    }
    const text = "json" in row ? row.json : "null";
    if ("fault" in row) faults[texts.length] = row.fault;
    texts.push(text);
    length += text.length;
    if (texts.length >= maxRows || length >= maxLength) await flush();
  }
  await flush();
  await sent;
  return store.finish(upload.id);
}
