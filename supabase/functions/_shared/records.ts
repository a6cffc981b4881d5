/** The records store, as far as its functions know it. */
import { z } from "zod";
import { DatabaseError, JsonText, type Port } from "./client.ts";

const generated = z.object({
  job_id: z.uuid(),
  workflow_request_id: z.uuid().optional(),
});
export type Generated = z.infer<typeof generated>;

const report = z.object({
  success: z.number(),
  failed: z.number(),
  repeated: z.number(),
  inserted_records: z.array(z.string()),
  errors: z.array(z.unknown()),
  warnings: z.array(z.unknown()),
  warning_count: z.number(),
});
export type Report = z.infer<typeof report>;

const progress = z.object({
  job: z.object({
    id: z.string(),
    status: z.enum(["pending", "processing", "completed", "failed"]),
    stage: z.string(),
    total_records: z.number(),
    completed_records: z.number(),
    failed_records: z.number(),
    error_message: z.string().nullable(),
  }),
  events: z.array(
    z.object({
      seq: z.number(),
      stage: z.string(),
      message: z.string(),
      type: z.string(),
      company: z.string().nullable(),
      current: z.number().nullable(),
      total: z.number().nullable(),
      percentage: z.number().nullable(),
      at: z.string(),
    }),
  ),
});
export type Progress = z.infer<typeof progress>;

/** Calls of the store with the rights of a user, or of the service where it is null. */
export class RecordStore {
  readonly #port: Port;
  readonly #asUser: string | null;
  constructor(port: Port, asUser: string | null) {
    this.#port = port;
    this.#asUser = asUser;
  }

  /** Begins a generation; with `request.workflow` it is a workflow request whose result lands in the table. */
  async generate(table: string, total: number, request: Record<string, unknown>): Promise<Generated> {
    return this.#one("generate_records", generated, {
      of_table: table,
      total_records: total,
      request: new JsonText(JSON.stringify(request)),
    });
  }

  /** The places of what is staged and selected; with `chosen` these are, and no others. */
  async places(job: string, table: string, chosen?: readonly number[]): Promise<number[]> {
    const found = z.object({ places: z.array(z.number()) });
    // Always the same values: a call is prepared under its name.
    const values = {
      of_job: job,
      of_table: table,
      chosen: chosen === undefined ? null : new JsonText(JSON.stringify(chosen)),
    };
    return (await this.#one("staged_places", found, values)).places;
  }

  /** Inserts staged records; those that are in already count, too. */
  async insert(job: string, table: string, places: readonly number[]): Promise<Report> {
    return this.#one("insert_staged", report, {
      of_job: job,
      of_table: table,
      places: new JsonText(JSON.stringify(places)),
    });
  }

  /** How far a job is and what happened after an event; null where there is no such job. */
  async progress(job: string, after: number): Promise<Progress | null> {
    const rows = await this.#port.call("generation_progress", {
      as_user: this.#asUser,
      of_job: job,
      after,
      max_events: 500,
    });
    return rows.length === 0 ? null : checked("generation_progress", progress, rows[0]);
  }

  async #one<T>(
    name: string,
    schema: z.ZodType<T>,
    values: Record<string, string | number | JsonText | null>,
  ): Promise<T> {
    const [row] = await this.#port.call(name, { as_user: this.#asUser, ...values });
    const bare = row as Record<string, unknown> | undefined;
    // One adapter names the value, the other may hand it over bare.
    return checked(name, schema, bare?.[name] ?? bare);
  }
}

function checked<T>(name: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new DatabaseError(name, `unexpected rows: ${issue!.path.join(".")}: ${issue!.message}`, undefined);
}
