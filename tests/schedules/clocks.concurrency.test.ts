/** Several clocks at once: every schedule and every waiting request has its turn exactly once. */
import { expect, test } from "vitest";
import { freshDatabase } from "../helpers/database.ts";

const schedules = 40;
const waiting = 60;

test("clocks that tick at the same time make and start each request once", async () => {
  const database = await freshDatabase("clocks", { max: 8 });
  const tick = async (now: string, what: string) => {
    const client = await database.pool.connect();
    try {
      await client.query("select set_config('etl.fake_now', $1, false)", [now]);
      return (await client.query<{ n: number }>(`select ${what} as n`)).rows[0]!.n;
    } finally {
      client.release();
    }
  };
  try {
    await database.pool.query("select test_setup.setup_enrichment_test_data()");
    const setup = await database.pool.connect();
    await setup.query("set etl.fake_now = '2026-05-01 09:59:30Z'");
    await setup.query(
      `insert into public.workflow_schedule (org_id, name, cron, data)
       select test_setup.id('org acme'), 'every ' || n, '*/5 * * * *', '{}' from generate_series(1, ${schedules}) as n`,
    );
    await setup.query(
      `insert into public.workflow_request (org_id, data, not_before)
       select test_setup.id('org acme'), jsonb_build_object(
         'input', '{"companies": [{"domain": "a.test"}]}'::jsonb,
         'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies')))), '2026-05-01 10:00Z'
       from generate_series(1, ${waiting}) as n`,
    );
    setup.release();

    // Seven clocks, small steps, three times; the second time two of the five-minute marks have passed unseen.
    for (const now of ["2026-05-01 10:00:01Z", "2026-05-01 10:16:00Z", "2026-05-01 10:20:00Z"]) {
      const made = await Promise.all(Array.from({ length: 28 }, () => tick(now, "etl_api.run_schedules(3)")));
      expect(made.reduce((sum, n) => sum + n, 0)).toBe(schedules);
    }
    const started = await Promise.all(
      Array.from({ length: 28 }, () =>
        tick("2026-05-01 10:00:01Z", "etl_api.start_due_workflow_requests(5)"),
      ),
    );
    expect(started.reduce((sum, n) => sum + n, 0)).toBe(waiting);

    const requests = await database.pool.query<{ times: string; number: number }>(
      `select right(idempotency_key, 20) as times, count(*)::int as number
       from public.workflow_request where schedule_id is not null group by 1 order by 1`,
    );
    expect(requests.rows).toEqual([
      { times: "2026-05-01T10:00:00Z", number: schedules },
      { times: "2026-05-01T10:15:00Z", number: schedules },
      { times: "2026-05-01T10:20:00Z", number: schedules },
    ]);
    const activities = await database.pool.query(
      "select from public.activity_request where state = 'in_progress'",
    );
    expect(activities.rowCount).toBe(waiting);
    expect((await database.pool.query("select * from etl_api.check_state_sync()")).rows).toEqual([]);
  } finally {
    await database.drop();
  }
});
