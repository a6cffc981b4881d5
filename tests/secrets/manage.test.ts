import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { projectRoot } from "../../scripts/lib/sources.ts";
import { localSecretKey } from "../../scripts/lib/secret-key.ts";
import { startFunctions, type Functions } from "../../scripts/lib/functions.ts";
import type { EtlClient } from "../../supabase/functions/_shared/client.ts";
import { createPgClient } from "../../supabase/functions/_shared/client-pg.ts";
import { manageSecrets, secretCommand, type Managed } from "../../supabase/functions/_shared/manage.ts";
import { readKeys } from "../../supabase/functions/_shared/seal.ts";
import { SecretStore } from "../../supabase/functions/_shared/secret-store.ts";
import { manageSecretsHandler } from "../../supabase/functions/manage-secrets/handler.ts";
import { freshDatabase, type TestDatabase } from "../helpers/database.ts";

const org = "a0000000-0000-4000-8000-000000000001";
const keyText = randomBytes(32).toString("base64");
let database: TestDatabase;
let client: EtlClient;

beforeEach(async () => {
  database = await freshDatabase();
  await database.pool.query("insert into public.org (id, name, slug) values ($1, 'Managed', 'managed')", [
    org,
  ]);
  client = createPgClient(database.url);
});
afterEach(async () => {
  await client.close();
  await database.drop();
});

const one = async <T>(sql: string, values: unknown[] = []): Promise<T> =>
  Object.values((await database.pool.query<Record<string, T>>(sql, values)).rows[0] ?? {})[0] as T;

/** What a function that has these keys would put into a request, or sign with. */
async function seen(keys: string, name: string, use: "fill" | "sign" = "fill", scope = org): Promise<string> {
  const store = new SecretStore({ secrets: {}, secretKeys: readKeys(keys) });
  store.source = client;
  await store.load([{ use, scope, name }]);
  return store.find({ use, scope, name });
}

describe("a command", () => {
  const run = (order: Record<string, unknown>, keys = keyText) =>
    manageSecrets(
      client,
      readKeys(keys),
      secretCommand.parse(order.action === "rekey" ? order : { scope: org, ...order }),
    );

  test("sets and rotates: functions find the new value, the database has neither", async () => {
    expect(await run({ action: "set", name: "API", value: "the first value" })).toEqual({ version: 1 });
    expect(await seen(keyText, "API")).toBe("the first value");
    expect(await run({ action: "rotate", name: "API", value: "the second value" })).toEqual({ version: 2 });
    expect(await seen(keyText, "API")).toBe("the second value");
    expect(await seen(keyText, "API", "sign")).toBe("the second value the first value");
    expect(await one("select string_agg(encode(ciphertext, 'escape'), ' ') from etl_api.secret")).not.toMatch(
      /value/,
    );
  });

  test("makes a value up that signs, tells it, and is not asked for it again", async () => {
    const { value } = await run({ action: "set", name: "webhook" });
    expect(value).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(await seen(keyText, "webhook")).toBe(value);
    expect(JSON.stringify(await run({ action: "list" }))).not.toContain("whsec_");
  });

  test("ten at once rotate one after the other: each gets a version, the last is active", async () => {
    await run({ action: "set", name: "API", value: "the first value" });
    const done = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        run({ action: "rotate", name: "API", value: `the value of ${n}` }),
      ),
    );
    expect(done.map(({ version }) => version).toSorted((a, b) => a! - b!)).toEqual([
      2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    ]);
    expect(await one("select count(*)::int from etl_api.secret where state = 'active'")).toBe(1);
    expect(await seen(keyText, "API")).toMatch(/^the value of \d$/);
  });

  test("replaces the key: with both nothing is missed, with the new one alone neither", async () => {
    for (let n = 0; n < 7; n++) await run({ action: "set", name: `K${n}`, value: `the value of ${n}` });
    const newKey = randomBytes(32).toString("base64");
    const both = `${newKey} ${keyText}`;
    expect(await seen(both, "K3")).toBe("the value of 3");
    expect(await run({ action: "rekey" }, newKey)).toEqual({
      rekeyed: 0,
      left: expect.arrayContaining([
        expect.stringContaining("which ETL_SECRET_KEY does not hold"),
      ]) as string[],
    });
    expect(await run({ action: "rekey" }, both)).toEqual({ rekeyed: 7, left: [] });
    expect(await seen(newKey, "K3")).toBe("the value of 3");
    await expect(seen(keyText, "K3")).rejects.toThrow("which ETL_SECRET_KEY does not hold");
    expect(await run({ action: "rekey" }, both)).toEqual({ rekeyed: 0, left: [] });
  });

  test("a row that was moved to another org opens there for nobody", async () => {
    const other = "b0000000-0000-4000-8000-000000000001";
    await database.pool.query("insert into public.org (id, name, slug) values ($1, 'Thief', 'thief')", [
      other,
    ]);
    await run({ action: "set", name: "API", value: "of the first org" });
    await database.pool.query("update etl_api.secret set org_id = $1", [other]);
    await expect(seen(keyText, "API", "fill", other)).rejects.toThrow("cannot be opened");
    await expect(seen(keyText, "API")).rejects.toThrow("there is no secret API");
  });

  test("without a key, and without a Vault, there is nothing to seal with; with a Vault there is", async () => {
    await expect(run({ action: "set", name: "API", value: "the first value" }, "")).rejects.toThrow(
      "ETL_SECRET_KEY is not set here, and the database has no Vault",
    );
    await database.pool.query("select test_setup.make_vault()");
    expect(await run({ action: "set", name: "API", value: "the first value" }, "")).toEqual({ version: 1 });
    expect(await seen("", "API")).toBe("the first value");
    expect(await run({ action: "rotate", name: "API", value: "sealed in the Vault" })).toEqual({
      version: 2,
    });
    expect(await seen(keyText, "API", "sign")).toBe("sealed in the Vault the first value");
    expect(await one("select string_agg(decrypted_secret, ' ') from vault.decrypted_secrets")).not.toContain(
      "sealed in",
    );
    expect(await run({ action: "revoke", name: "API" })).toEqual({ revoked: 2 });
    expect(await one("select count(*)::int from vault.secrets")).toBe(0);
  });
});

describe("the function manage-secrets", () => {
  const env = {
    ETL_FUNCTION_KEY: "a-key-of-the-bell-",
    ETL_MANAGE_KEY: "a-key-of-the-managers",
    ETL_SECRET_KEY: keyText,
  };
  let lines: string[];

  async function call(body: unknown, key = env.ETL_MANAGE_KEY, method = "POST"): Promise<[number, unknown]> {
    const handler = manageSecretsHandler({
      env,
      connect: () => Promise.resolve(client),
      writeLog: (line) => lines.push(line),
    });
    const init = { method, headers: { authorization: `Bearer ${key}` } };
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await handler(
      new Request("http://functions.test/", method === "GET" ? init : { ...init, body: text }),
    );
    return [response.status, await response.json()];
  }

  beforeEach(() => {
    lines = [];
  });

  test("sets, lists and revokes, and writes no value anywhere", async () => {
    const value = "a value that nobody reads";
    expect(await call({ action: "set", scope: org, name: "API", value, by: "olga" })).toEqual([
      200,
      { version: 1 },
    ]);
    expect(await seen(keyText, "API")).toBe(value);
    const [status, listed] = await call({ action: "list", scope: org });
    expect([status, listed]).toMatchObject([
      200,
      { secrets: [{ name: "API", state: "active", created_by: "olga" }] },
    ]);
    expect(await call({ action: "set", scope: org, name: "API", value })).toEqual([
      409,
      { error: expect.stringContaining("there is a secret API in the scope") as string },
    ]);
    expect(await call({ action: "revoke", scope: org, name: "API" })).toEqual([200, { revoked: 1 }]);
    expect(JSON.stringify(listed) + lines.join()).not.toContain(value);
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
      ...["managed", "managed", "failed", "managed"],
    ]);
  });

  test("answers only those who have its own key", async () => {
    const order = { action: "list" };
    expect(await call(order, env.ETL_FUNCTION_KEY)).toEqual([401, { error: "unauthorized" }]);
    expect(await call(order, "")).toEqual([401, { error: "unauthorized" }]);
    expect(await call(order, env.ETL_MANAGE_KEY, "GET")).toEqual([405, { error: "method not allowed" }]);
  });

  test.each([
    ["no JSON", "{", "bad request"],
    ["no command", {}, "action: not as it should be"],
    ["one that there is not", { action: "read", name: "API" }, "action: not as it should be"],
    ["a short value", { action: "set", name: "API", value: "hushhsh" }, "value: has fewer than 8 characters"],
    [
      "a value that cannot be sent",
      { action: "set", name: "API", value: "hush-hush-\0" },
      "value: holds a character",
    ],
    ["more than it knows", { action: "list", value: "hush-hush-hush" }, "the command: not as it should be"],
    [
      "a name that is none",
      { action: "set", name: "hush hush", value: "hush-hush-hush" },
      "is no name of a secret",
    ],
  ])("%s is refused, and not quoted", async (_, body, words) => {
    const [status, answer] = await call(body);
    expect([400, 409]).toContain(status);
    expect((answer as { error: string }).error).toContain(words);
    expect(JSON.stringify(answer) + lines.join()).not.toMatch(/hush-hush|hushhsh/);
  });
});

describe("npm run secrets", () => {
  interface Outcome {
    code: number | null;
    out: string;
    err: string;
  }

  function run(args: string[], input = "", env: Record<string, string> = {}): Promise<Outcome> {
    const child = spawn(process.execPath, ["--import", "tsx", "scripts/secrets.ts", ...args], {
      cwd: projectRoot,
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: database.url,
        ETL_SECRET_KEY: keyText,
        NO_COLOR: "1",
        ...env,
      },
    });
    let [out, err] = ["", ""];
    child.stdout.on("data", (part) => (out += String(part)));
    child.stderr.on("data", (part) => (err += String(part)));
    child.stdin.end(input);
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
  }

  test("sets a value from standard input, lists it, rotates it to one it makes up, and revokes it", async () => {
    const set = await run(["set", "API", "--scope", org], "the value of the file\n");
    expect(set).toEqual({ code: 0, out: "", err: `API in the scope ${org} is at version 1.\n` });
    expect(await seen(keyText, "API")).toBe("the value of the file");
    const rotated = await run(["rotate", "API", "--scope", org, "--generate", "--keep", "30m", "--json"]);
    const { version, value } = JSON.parse(rotated.out) as Managed;
    expect([rotated.code, version]).toEqual([0, 2]);
    expect(await seen(keyText, "API", "sign")).toBe(`${value} the value of the file`);
    expect(
      await one(
        "select extract(epoch from expires_at - now()) / 60 from etl_api.secret where version = 1",
      ).then(Number),
    ).toBeCloseTo(30, 0);
    const list = await run(["list"]);
    expect(list.out.split("\n")).toHaveLength(3);
    expect(list.out).toMatch(/API +v2 +active +key [0-9a-f]{8} .* by \S+ +used 2/);
    expect(list.out).toMatch(/API +v1 +retiring until/);
    expect((await run(["revoke", "API", "--scope", org, "--version", "1"])).err).toBe("1 revoked.\n");
    expect(await seen(keyText, "API", "sign")).toBe(value);
  });

  test.each([
    [[], "What shall be done"],
    [["set"], "Its name is missing"],
    [["set", "API", "hush-hush-hush"], "A value is read from standard input"],
    [["forget", "API"], "There are list, set, rotate, revoke and rekey"],
    [["list", "--generate"], "--generate goes with set and rotate"],
    [["set", "API", "--keep", "1h"], "That does not go with keep_seconds"],
    [["rotate", "API", "--keep", "long"], "--keep is a time"],
    [["revoke", "API", "--version", "x"], "version: "],
  ])("wrong arguments %j: 2, and what is right", async (args, words) => {
    const { code, out, err } = await run(args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(words);
    expect(err).not.toContain("hush-hush");
  });

  test("a refusal is told in a sentence, with exit code 1", async () => {
    const twice = ["set", "API", "--scope", org];
    await run(twice, "the value of the file");
    const { code, err } = await run(twice, "the other value");
    expect(code).toBe(1);
    expect(err).toContain("there is a secret API in the scope");
    expect(err).not.toContain("the other value");
    const short = await run(["set", "SHORT"], "1234567");
    expect([short.code, short.err.split("\n")[0]]).toEqual([2, "value: has fewer than 8 characters."]);
  });

  test("asks the edge function of a running stack, which then sends with it", async () => {
    const functions: Functions = await startFunctions({
      databaseUrl: database.url,
      env: { ETL_SECRET_KEY: keyText },
      onLog: () => {},
    });
    try {
      expect(functions.names).toContain("manage-secrets");
      const there = { ETL_FUNCTION_KEY: functions.key, DATABASE_URL: "", ETL_SECRET_KEY: "" };
      const set = await run(["set", "API", "--scope", org, "--url", functions.url], "over the wire", there);
      expect([set.code, set.err]).toEqual([0, `API in the scope ${org} is at version 1.\n`]);
      expect(await seen(keyText, "API")).toBe("over the wire");
      const refused = await run(["list", "--url", functions.url], "", {
        ...there,
        ETL_FUNCTION_KEY: "wrong",
      });
      expect([refused.code, refused.err]).toEqual([
        1,
        expect.stringContaining("The function said 401") as string,
      ]);
    } finally {
      await functions.stop();
    }
  });
});

test("the local stack makes a key once and keeps it for itself", () => {
  const home = mkdtempSync(join(tmpdir(), "millrace-key-"));
  const before = process.env.ETL_SECRET_KEY;
  delete process.env.ETL_SECRET_KEY;
  try {
    const key = localSecretKey(home);
    expect(readKeys(key)).toHaveLength(1);
    expect(localSecretKey(home)).toBe(key);
    expect(existsSync(join(home, "secret_key"))).toBe(true);
    expect(statSync(join(home, "secret_key")).mode & 0o077).toBe(0);
    expect(readFileSync(join(home, "secret_key"), "utf8").trim()).toBe(key);
    process.env.ETL_SECRET_KEY = keyText;
    expect(localSecretKey(home)).toBe(keyText);
  } finally {
    if (before === undefined) delete process.env.ETL_SECRET_KEY;
    else process.env.ETL_SECRET_KEY = before;
    rmSync(home, { recursive: true });
  }
});
