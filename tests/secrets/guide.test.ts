/** What docs/secrets.md says is what happens. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectRoot } from "../../scripts/lib/sources.ts";
import { createPgClient } from "../../supabase/functions/_shared/client-pg.ts";
import { secretCommand } from "../../supabase/functions/_shared/manage.ts";
import { readKeys } from "../../supabase/functions/_shared/seal.ts";
import { HELD_MS } from "../../supabase/functions/_shared/secret-store.ts";
import { manageSecretsHandler } from "../../supabase/functions/manage-secrets/handler.ts";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const guide = readFileSync(new URL("../../docs/secrets.md", import.meta.url), "utf8");
const blocks = (language: string) =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map((match) =>
    match[1]!.trim(),
  );
const org = "a0000000-0000-4000-8000-000000000001";

describe("docs/secrets.md", () => {
  let database: TestDatabase;
  let folder: string;
  let key: string;

  beforeAll(async () => {
    database = await freshDatabase();
    await database.pool.query("insert into public.org (id, name, slug) values ($1, 'Guide', 'guide')", [org]);
    folder = mkdtempSync(join(tmpdir(), "millrace-guide-"));
    writeFileSync(join(folder, "facts-key.txt"), "the key of the facts\n");
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await database.drop();
  });

  function shell(line: string): Promise<{ code: number | null; out: string; err: string }> {
    const command = line.replace("npm run secrets --", `node --import tsx scripts/secrets.ts`);
    const child = spawn("sh", ["-c", command.replace("facts-key.txt", join(folder, "facts-key.txt"))], {
      cwd: projectRoot,
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: database.url,
        ETL_SECRET_KEY: key,
        ORG: org,
        NO_COLOR: "1",
      },
    });
    let [out, err] = ["", ""];
    child.stdout.on("data", (part) => (out += String(part)));
    child.stderr.on("data", (part) => (err += String(part)));
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
  }

  test("its commands do what it says", async () => {
    const [makeKey, commands] = blocks("sh");
    key = randomBytes(32).toString("base64");
    expect(makeKey).toBe("openssl rand -base64 32");
    const made = await shell(makeKey!);
    if (made.code === 0) {
      key = made.out.trim();
      expect(readKeys(key)).toHaveLength(1);
    }
    const told: string[] = [];
    for (const line of commands!.split("\n")) {
      const { code, out, err } = await shell(line);
      expect([line, code, err.includes("Error")]).toEqual([line, 0, false]);
      told.push(out + err);
    }
    expect(told).toHaveLength(5);
    expect(told[0]).toContain(`FACTS_KEY in the scope ${org} is at version 1.`);
    expect(told[1]).toMatch(/^whsec_/);
    expect(told[2]!.trim().split("\n")).toHaveLength(2);
    expect(told[3]).toContain("is at version 2.");
    expect(told[4]).toContain("1 revoked.");
  });

  test("its query shows what there is", async () => {
    const [query] = blocks("sql");
    const { rows } = await database.pool.query<Record<string, unknown>>(query!);
    expect(rows.map(({ name, version, state, storage }) => [name, version, state, storage])).toEqual([
      ["FACTS_KEY", 1, "revoked", "table"],
      ["webhook", 2, "active", "table"],
      ["webhook", 1, "retiring", "table"],
    ]);
    expect(rows[1]!.key_id).toBe(readKeys(key)[0]!.id);
  });

  test("its JSON is what the function takes, and the statuses are what it answers", async () => {
    const orders = blocks("json")[0]!
      .replaceAll("<org id>", org)
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(orders).toHaveLength(5);
    const value = "a value of its own";
    for (const order of orders) secretCommand.parse("value" in order ? { ...order, value } : order);
    const client = createPgClient(database.url);
    const handler = manageSecretsHandler({
      env: {
        ETL_FUNCTION_KEY: "the-key-of-the-bell",
        ETL_MANAGE_KEY: "the-key-of-managers",
        ETL_SECRET_KEY: key,
      },
      connect: () => Promise.resolve(client),
      writeLog: () => {},
    });
    const call = async (method: string, bearer: string, body?: unknown) => {
      const init = { method, headers: { authorization: `Bearer ${bearer}` } };
      const response = await handler(
        new Request("http://f.test/", body === undefined ? init : { ...init, body: JSON.stringify(body) }),
      );
      return response.status;
    };
    const statuses = new Set<number>();
    for (const order of orders) {
      const given = order.action === "set" ? { ...order, value } : order;
      statuses.add(await call("POST", "the-key-of-managers", given));
    }
    expect([...statuses]).toEqual([200]);
    statuses.add(
      await call("POST", "the-key-of-managers", {
        action: "set",
        scope: org,
        name: "FACTS_KEY",
        value: "12345678",
      }),
    );
    statuses.add(await call("POST", "the-key-of-managers", { action: "show" }));
    statuses.add(await call("POST", "the-key-of-the-bell", { action: "list" }));
    statuses.add(await call("GET", "the-key-of-managers"));
    await client.close();
    const table = [...guide.matchAll(/^\| (\d{3}) /gm)].map(([, status]) => Number(status));
    expect([...statuses].sort()).toEqual(table);
  });

  test("its figures are the code's", () => {
    expect(guide).toContain(`more than ${HELD_MS / 1000} seconds later`);
    expect(guide).toContain("it has 8 to 32,768 characters");
    const value = (length: number) =>
      secretCommand.safeParse({ action: "set", name: "A", value: "x".repeat(length) }).success;
    expect([7, 8, 32_768, 32_769].map(value)).toEqual([false, true, true, false]);
  });
});
