/** What docs/watching.md says of the log, of alerts and of following live is what happens. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const guide = readFileSync(new URL("../../docs/watching.md", import.meta.url), "utf8");

function section(title: string): string {
  const found = guide.split(/^## /m).find((text) => text.startsWith(`${title}\n`));
  if (found === undefined) throw new Error(`docs/watching.md has no section ${title}`);
  return found;
}

function blocks(text: string, language: string): { text: string; shown: string | undefined }[] {
  const pattern = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$\n(?:\n\`\`\`text\n(.*?)^\`\`\`$)?`, "gms");
  return [...text.matchAll(pattern)].map(([, code, shown]) => ({ text: code!, shown }));
}

describe("docs/watching.md", () => {
  let database: TestDatabase;
  const run = async (sql: string): Promise<(string | null)[][]> => {
    const result = await database.pool.query({
      text: sql,
      rowMode: "array",
      types: { getTypeParser: () => String } as never,
    });
    return (Array.isArray(result) ? result.at(-1) : result).rows as (string | null)[][];
  };
  const enrich = (domain: string, webhook = "") =>
    run(`
      insert into public.workflow_request (org_id, data)
      select o.id, jsonb_build_object(
        'input', '{"companies": [{"domain": "${domain}"}]}'::jsonb,
        'data', jsonb_build_object('enrich', jsonb_build_object('id', a.id, 'destination', '{${webhook}}'::jsonb)))
      from public.org as o, public.activity as a
      returning id`);
  const at = (minute: number) =>
    run(`set etl.fake_now = '2026-05-10 00:${String(minute).padStart(2, "0")}:00Z'`);
  const tryAll = async (title: string) => {
    const found = blocks(section(title), "sql");
    for (const { text, shown } of found) {
      const rows = await run(text);
      if (shown === undefined) continue;
      const lines = rows.map((row) =>
        row
          .map((field) => field ?? "")
          .join(" | ")
          .trimEnd(),
      );
      expect(lines.join("\n"), text).toBe(shown.trimEnd());
    }
    return found.length;
  };

  beforeAll(async () => {
    // One connection, since it holds the clock.
    database = await freshDatabase("guide", { max: 1, options: "-c timezone=UTC -c search_path=public" });
    await run(`
      insert into public.org (name, slug) values ('Acme', 'acme');
      insert into public.webhook_endpoint (org_id, url) select id, 'https://ops.test/alerts' from public.org;
      insert into public.object_type (name, key_datapoints) values ('company', '{domain}');
      insert into public.datapoint (object_type_id, name) select id, n from public.object_type, unnest('{domain,industry}'::text[]) as n;
      insert into public.source (name, run_request_template, retry_policy)
      values ('facts', '{"method": "GET", "url": "https://facts.test/<<$object.domain>>", "response": {"objects": "company"}}',
        '{"max_attempts": 2, "jitter": 0}');
      insert into public.object_source (source_id, object_type_id, direction, key_mapping_json)
      select s.id, t.id, 'input', '["input", "companies"]' from public.source as s, public.object_type as t;
      insert into public.datapoint_source (source_id, datapoint_id, key_mapping_json)
      select s.id, d.id, '"sector"' from public.source as s, public.datapoint as d where d.name = 'industry';
      insert into public.activity (name, activity_type, object_type_id, datapoints)
      select 'Enrich', 'enrichment', id, '{industry}' from public.object_type`);
    await at(0);
    await enrich("a.test");
    await run(`select test_setup.exchange('{}', 503)`);
    await at(5);
    await run(`select test_setup.exchange('{}', 500)`);
    await run(
      `insert into public.workflow_request (org_id, data) select id, '{"data": {"enrich": {}}}' from public.org`,
    );
  });
  afterAll(() => database.drop());

  it("shows the log and a trace as they are", async () => {
    expect(await tryAll("The log")).toBe(4);
    await run("update public.org set settings = '{}'");
    await run(`update etl_api.setting set value = '"info"' where name = 'log_level'`);
  });

  it("raises the alert it speaks of, and sends the message it shows", async () => {
    const [rule, alert] = blocks(section("Alerts"), "sql");
    await at(10);
    await run(rule!.text);
    await enrich("b.test");
    await run(`select test_setup.exchange('{"company": {"sector": "Anvils"}}')`);
    await at(11);
    await run("select * from etl_api.recover()");
    const lines = (await run(alert!.text)).map((row) => row.join(" | "));
    expect(lines.join("\n")).toBe(alert!.shown!.trimEnd());
    const [[body]] = (await run("select body from etl_api.claim_deliveries('guide', 10)")) as [[string]];
    const nameless = (text: string) =>
      JSON.parse(text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "an id")) as unknown;
    expect(nameless(body)).toEqual(nameless(blocks(section("Alerts"), "json")[0]!.text));
  });

  it("follows a request live with the program it shows", async () => {
    const live = section("Follow live");
    // Inside the project, so that it finds pg.
    await mkdir(".millrace", { recursive: true });
    const folder = await mkdtemp(join(process.cwd(), ".millrace/guide-"));
    try {
      await writeFile(join(folder, "follow.mjs"), blocks(live, "js")[0]!.text);
      const [[id]] = (await enrich("c.test", '"webhook": {"url": "https://client.test"}')) as [[string]];
      let said = "";
      let listens = () => {};
      const listening = new Promise<void>((resolve) => (listens = resolve));
      const ended = new Promise<void>((resolve, reject) => {
        const child = execFile(
          process.execPath,
          [join(folder, "follow.mjs"), id],
          { env: { ...process.env, DATABASE_URL: database.url }, timeout: 60_000 },
          (error) => (error === null ? resolve() : reject(error)),
        );
        child.stdout!.on("data", (text: string) => {
          said += text;
          if (said.includes("now ")) listens();
        });
      });
      await Promise.race([listening, ended]);
      await run(`select test_setup.exchange('{"company": {"sector": "Anvils"}}')`);
      await run("select test_setup.deliver()");
      await ended;
      expect(said.split("\n").map((line) => line.trimEnd())).toEqual([
        "now in_progress",
        "activity_request done",
        "workflow_request done",
        "activity_request delivered",
        "workflow_request delivered",
        "",
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("admits members to their org's topic only, and can be switched off", async () => {
    await run(`
      create schema realtime;
      grant usage on schema realtime to authenticated;
      create table realtime.messages (extension text, topic text);
      alter table realtime.messages enable row level security;
      grant select on realtime.messages to authenticated;
      insert into realtime.messages values ('broadcast', 'x');
      create function realtime.topic() returns text language sql stable as $$ select current_setting('realtime.topic', true) $$;
      insert into public.org_member (org_id, user_id, role) select id, test_setup.id('vera'), 'viewer' from public.org`);
    expect(await tryAll("Follow live")).toBe(2);
    const joins = async (person: string) => {
      await run("select set_config('realtime.topic', 'org:' || id, false) from public.org");
      return run(`select test_setup.as_user('${person}', 'select count(*) from realtime.messages')`);
    };
    expect(await joins("vera")).toEqual([["(1)"]]);
    expect(await joins("otto")).toEqual([["(0)"]]);
    expect(await run("select value from etl_api.setting where name = 'realtime'")).toEqual([["false"]]);
  });
});
