/** Begins a generation of records: a job, or a workflow whose result lands in a table. */
import { z } from "zod";
import type { Handler } from "../_shared/handler.ts";
import { bodyOf, found, storeOf } from "../_shared/record-calls.ts";
import { storeHandler, type StoreSurroundings } from "../_shared/store-handler.ts";

const wanted = z.looseObject({
  tableId: z.uuid(),
  count: z.number().int().min(0).max(10_000_000).default(0),
  /** The data of a workflow request, an activity of which has `destination.table`. */
  workflow: z.record(z.string(), z.unknown()).optional(),
});

/** The handler of `records-generate`. */
export function recordsGenerateHandler(around: StoreSurroundings = {}): Handler {
  return storeHandler("records-generate", around, async (call) => {
    if (call.request.method !== "POST")
      return Response.json({ error: "method not allowed" }, { status: 405, headers: { allow: "POST" } });
    const store = await storeOf(call, around.fetch);
    const { tableId, count, ...request } = await bodyOf(call.request, wanted);
    const begun = await found(() => store.generate(tableId, count, request));
    return Response.json({
      jobId: begun.job_id,
      // Whoever follows the job, follows the session.
      sessionId: begun.job_id,
      ...(begun.workflow_request_id === undefined ? {} : { workflowRequestId: begun.workflow_request_id }),
      status: "processing",
      message: "Generation started",
    });
  });
}
