import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { signatureHeaders } from "../../supabase/functions/_shared/sign.ts";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const guide = read("../../docs/delivery.md");
const blocks = [...guide.matchAll(/^```sql\n(.*?)^```\n(?:\n```text\n(.*?)^```)?/gms)];

describe("docs/delivery.md", () => {
  let database: TestDatabase;
  const run = (sql: string): Promise<unknown> =>
    database.pool.query({ text: sql, rowMode: "array", types: { getTypeParser: () => String } as never });
  const at = (time: string) => run(`set etl.fake_now = '2026-05-10 ${time}Z'`);
  const answer = (result: object) =>
    database.pool.query(
      `select c.accepted
       from (select jsonb_agg(to_jsonb(d)) as claimed from etl_api.claim_deliveries('guide', 1) as d) as one
       cross join lateral jsonb_array_elements(claimed) as d
       cross join lateral etl_api.complete_deliveries(jsonb_build_array(d || $1::jsonb)) as c`,
      [JSON.stringify(result)],
    );
  const event = () =>
    run(`select etl_api.queue_messages(array_agg(e.org_id), array_agg(null::uuid), array_agg(null::uuid),
      array_agg(jsonb_build_object('endpoint', e.id)), array_agg('activity_request.done'::text), array_agg('{}'::jsonb))
      from webhook_endpoint as e`);
  // What happens between the words of the guide, before the block that shows it.
  const between: Record<string, () => Promise<void>> = {
    "from delivery_attempt": async () => {
      await at("10:00:00");
      await answer({ status: 500, body_text: "out of memory", duration_ms: 80 });
      await at("10:00:10");
      await answer({ error: { kind: "timeout", message: "no complete answer within 15000 ms" } });
      await at("10:05:00");
      await answer({ status: 200, body_text: "welcome", duration_ms: 80 });
    },
    "select disabled_reason": async () => {
      await at("12:00:00");
      await event();
      await answer({ status: 410, duration_ms: 80 });
      await at("12:10:00");
      await event();
      await event();
    },
  };

  beforeAll(async () => {
    database = await freshDatabase("guide", { max: 1, options: "-c timezone=UTC -c search_path=public" });
    await at("10:00:00");
    await run("insert into org (name, slug) values ('Acme', 'acme')");
  });
  afterAll(() => database.drop());

  it("has blocks to try", () => expect(blocks.length).toBeGreaterThan(8));

  for (const [, sql, shown] of blocks)
    it(`shows what comes of: ${sql!.replace(/\s+/g, " ")}`, async () => {
      for (const [words, happen] of Object.entries(between)) if (sql!.includes(words)) await happen();
      const { rows } = (await run(sql!)) as { rows: (string | null)[][] };
      if (shown === undefined) return;
      const lines = rows.map((row) =>
        row
          .map((field) => field ?? "")
          .join(" | ")
          .trimEnd(),
      );
      expect(lines).toEqual(
        shown
          .trimEnd()
          .split("\n")
          .map((line) => line.trimEnd()),
      );
    });

  it("names every setting with its default", async () => {
    const rows = [...guide.matchAll(/^\| `(\w+)`\s+\|[^|]*\| `?([^`|]*?)`?\s*\|$/gm)].filter(([, name]) =>
      /^(delivery|endpoint|lane|max)_/.test(name!),
    );
    expect(rows.length).toBe(6);
    for (const [, name, value] of rows) {
      const found = (await run(`select value from etl_api.setting where name = '${name}'`)) as {
        rows: string[][];
      };
      expect([name, JSON.parse(found.rows[0]![0]!)]).toEqual([name, JSON.parse(value!)]);
    }
  });

  it("has a receiver that takes what is signed, and nothing else", async () => {
    expect(guide).toContain(read("receiver.ts"));
    const secret = "whsec_Z3VpZGUtc2VjcmV0LWd1aWRlLXNlY3JldA==";
    vi.stubEnv("WEBHOOK_SECRET", secret);
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const { receive } = await import("./receiver.ts");
    const body = '{"type": "endpoint.test", "data": {}}';
    const send = async (headers: Record<string, string>, text = body) =>
      (await receive(new Request("https://client.test/hook", { method: "POST", headers, body: text })))
        .status;
    const signed = signatureHeaders(secret, "msg_1", body);
    expect(await send(signed)).toBe(204);
    expect(await send(signed)).toBe(204);
    expect(await send(signed, `${body} `)).toBe(401);
    expect(await send({})).toBe(401);
    expect(log).toHaveBeenCalledTimes(1);
  });
});
