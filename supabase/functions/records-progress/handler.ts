/** Tells how far a job is, as server-sent events; whoever comes back says after which one. */
import type { Handler } from "../_shared/handler.ts";
import { found, idOf, storeOf } from "../_shared/record-calls.ts";
import type { Progress } from "../_shared/records.ts";
import { Refusal, storeHandler, type StoreSurroundings } from "../_shared/store-handler.ts";

const LOOK_MS = 1_000;
const SIGN_OF_LIFE_MS = 15_000;

/** What surrounds it; tests do not wait. */
export interface ProgressSurroundings extends StoreSurroundings {
  wait?: (ms: number) => Promise<void>;
}

/** The handler of `records-progress`. */
export function recordsProgressHandler(around: ProgressSurroundings = {}): Handler {
  const wait = around.wait ?? ((ms) => new Promise<void>((resolve) => setTimeout(resolve, ms)));
  return storeHandler("records-progress", around, async (call) => {
    const { request, url, config } = call;
    if (request.method !== "GET")
      return Response.json({ error: "method not allowed" }, { status: 405, headers: { allow: "GET" } });
    const store = await storeOf(call, around.fetch);
    const job = idOf(url, "records-progress");
    let last = placeOf(request.headers.get("last-event-id") ?? url.searchParams.get("after") ?? "0");
    const look = () => found(() => store.progress(job, last));
    const first = await look();
    if (first === null) throw new Refusal(404, "there is no such job");
    // An event source that is told this does not come back.
    if (isOver(first) && first.events.length === 0) return new Response(null, { status: 204 });

    let gone = false;
    const text = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        const until = performance.now() + config.wallMs - 2_000;
        let said = performance.now();
        let is: Progress | null = first;
        const say = (line: string): void => {
          if (gone) return;
          controller.enqueue(text.encode(line));
          said = performance.now();
        };
        try {
          say(`retry: ${LOOK_MS}\n\n`);
          while (is !== null && !gone) {
            for (const event of is.events) {
              say(eventText(event, is.job));
              last = event.seq;
            }
            if (is.events.length === 0) {
              // Before the platform ends the worker; the listener comes back where it was.
              if (isOver(is) || performance.now() > until) break;
              if (performance.now() - said > SIGN_OF_LIFE_MS) say(": still here\n\n");
              await wait(LOOK_MS);
            }
            is = await look();
          }
          if (!gone) controller.close();
        } catch {
          // The connection breaks, and the listener comes back by itself.
          if (!gone) controller.error(new Error("interrupted"));
        }
      },
      cancel() {
        gone = true;
      },
    });
    return new Response(body, {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      },
    });
  });
}

function placeOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Refusal(400, "Last-Event-ID is the id of an event");
  return Number(text);
}

const isOver = ({ job }: Progress): boolean => job.status === "completed" || job.status === "failed";

function eventText(event: Progress["events"][number], job: Progress["job"]): string {
  const { seq, stage, message, type, company, current, total, percentage } = event;
  const data = {
    stage,
    message,
    type,
    ...(company === null ? {} : { company }),
    ...(current === null ? {} : { progress: { current, total, percentage } }),
    job: {
      status: job.status,
      stage: job.stage,
      totalRecords: job.total_records,
      completedRecords: job.completed_records,
      failedRecords: job.failed_records,
    },
  };
  return `id: ${seq}\nevent: progress\ndata: ${JSON.stringify(data)}\n\n`;
}
