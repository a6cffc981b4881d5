/** Inserts what a job has staged into its table, part by part, so that its progress can be followed. */
import { z } from "zod";
import { DatabaseError } from "../_shared/client.ts";
import type { Handler } from "../_shared/handler.ts";
import { bodyOf, found, idOf, storeOf } from "../_shared/record-calls.ts";
import type { Report } from "../_shared/records.ts";
import { storeHandler, type StoreSurroundings } from "../_shared/store-handler.ts";

const wanted = z.strictObject({
  tableId: z.uuid(),
  selectedIndices: z.array(z.number().int().min(0).max(2_147_483_647)).min(1).max(100_000).optional(),
});
/** Records in one transaction. */
const PART = 1_000;
const TRIES = 3;

/** What surrounds it; tests do not wait. */
export interface InsertSurroundings extends StoreSurroundings {
  wait?: (ms: number) => Promise<void>;
}

/** The handler of `records-insert`. */
export function recordsInsertHandler(around: InsertSurroundings = {}): Handler {
  const wait = around.wait ?? ((ms) => new Promise<void>((resolve) => setTimeout(resolve, ms)));

  /** What passes by itself is tried again: a part that was in after all is not inserted twice. */
  async function persistently<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof DatabaseError) || !error.isTransient || attempt === TRIES) throw error;
        await wait(2 ** attempt * 1000);
      }
    }
  }

  return storeHandler("records-insert", around, async (call) => {
    if (call.request.method !== "POST")
      return Response.json({ error: "method not allowed" }, { status: 405, headers: { allow: "POST" } });
    const store = await storeOf(call, around.fetch);
    const job = idOf(call.url, "records-insert");
    const { tableId, selectedIndices } = await bodyOf(call.request, wanted);
    // Which ones is settled first, so that a part whose answer was lost is asked for again and not left out.
    const selected = await persistently(() => found(() => store.places(job, tableId, selectedIndices)));
    // Of those that were named some may be in already, and count.
    const places = selectedIndices === undefined ? selected : [...new Set(selectedIndices)];
    let sum: Report = {
      ...{ success: 0, failed: 0, repeated: 0, warning_count: 0 },
      ...{ inserted_records: [], errors: [], warnings: [] },
    };
    for (let at = 0; at < places.length; at += PART) {
      const part = places.slice(at, at + PART);
      sum = together(sum, await persistently(() => found(() => store.insert(job, tableId, part))));
    }
    return Response.json({
      success: sum.success,
      failed: sum.failed,
      repeated: sum.repeated,
      insertedRecords: sum.inserted_records,
      errors: sum.errors,
      warnings: sum.warnings,
    });
  });
}

function together(one: Report, other: Report): Report {
  return {
    success: one.success + other.success,
    failed: one.failed + other.failed,
    repeated: one.repeated + other.repeated,
    inserted_records: [...one.inserted_records, ...other.inserted_records],
    errors: [...one.errors, ...other.errors],
    warnings: [...one.warnings, ...other.warnings].slice(0, 1_000),
    warning_count: one.warning_count + other.warning_count,
  };
}
