import { existsSync, readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startFunctions, type Functions } from "../../scripts/lib/functions.ts";

const folder = new URL("../../supabase/functions/", import.meta.url);
/** Every function there is: a new one is tried, too. */
const names = readdirSync(folder).filter((name) => existsSync(new URL(`${name}/index.ts`, folder)));
const id = "00000000-0000-4000-8000-000000000001";
/** How one is called, where that is not by a POST to its name. */
const calls: Record<string, { path: string; method?: string }> = {
  data: { path: `data/${id}` },
  "records-insert": { path: `records-insert/${id}` },
  "records-progress": { path: `records-progress/${id}`, method: "GET" },
};

/** The functions as they are served, by who calls and how. */
describe("a caller", () => {
  let functions: Functions;
  const lines: string[] = [];
  beforeAll(async () => {
    functions = await startFunctions({
      databaseUrl: "postgres://nobody@127.0.0.1:9/none",
      onLog: (line) => lines.push(line),
    });
  });
  afterAll(() => functions.stop());

  const call = async (name: string, init: RequestInit) => {
    const response = await fetch(`${functions.url}/${name}`, init);
    const headers = [...response.headers.keys()].filter(
      (header) => !["content-type", "content-length", "date", "vary"].includes(header),
    );
    return { status: response.status, headers, text: await response.text() };
  };

  test("finds every function there is", () => {
    expect(names.length).toBeGreaterThan(7);
    expect(functions.names.toSorted()).toEqual(names.toSorted());
  });

  test.each(names)("of %s without the right method or key is told no more than that", async (name) => {
    const { path, method = "POST" } = calls[name] ?? { path: name };
    const authorization = `Bearer ${functions.key}`;
    for (const headers of [{ authorization }, {}] as Record<string, string>[])
      expect(await call(path, { method: "PATCH", headers, body: "[" })).toEqual({
        status: 405,
        headers: ["allow"],
        text: '{"error":"method not allowed"}',
      });
    const tokens = ["", "x", `${functions.key}0`, functions.key.slice(0, -1), "a.b.c"];
    const wrong = [...tokens.map((token) => `Bearer ${token}`), functions.key, `Basic ${functions.key}`];
    for (const headers of [{}, ...wrong.map((one) => ({ authorization: one }))])
      expect([
        headers,
        await call(path, { method, headers, ...(method === "POST" && { body: "[" }) }),
      ]).toEqual([headers, { status: 401, headers: ["www-authenticate"], text: '{"error":"unauthorized"}' }]);
  });

  test.each(["execute-runs", "deliver-webhooks"])(
    "of %s without the right method, key and body is told no more than that",
    async (name) => {
      const authorization = `Bearer ${functions.key}`;
      const unauthorized = { status: 401, headers: ["www-authenticate"], text: '{"error":"unauthorized"}' };
      expect(await call(name, { method: "PUT", headers: { authorization } })).toEqual({
        status: 405,
        headers: ["allow"],
        text: '{"error":"method not allowed"}',
      });
      expect(await call(name, { method: "POST" })).toEqual(unauthorized);
      for (const wrong of [`${authorization}0`, authorization.slice(0, -1), `Basic ${functions.key}`]) {
        const init = { method: "POST", headers: { authorization: wrong }, body: "[" };
        expect(await call(name, init)).toEqual(unauthorized);
      }
      expect(await call(name, { method: "POST", headers: { authorization }, body: "[" })).toEqual({
        status: 400,
        headers: [],
        text: '{"error":"bad request"}',
      });
    },
  );

  test("with the key learns that it failed; why, the log says, without the key", async () => {
    const told = await call("execute-runs", {
      method: "POST",
      headers: { authorization: `Bearer ${functions.key}` },
    });
    expect(told.status).toBeGreaterThanOrEqual(500);
    expect(told.text).not.toMatch(/127\.0\.0\.1|postgres|refused|at file|stack/i);
    expect(lines.join("\n")).toMatch(/ECONNREFUSED|refused/i);
    expect(lines.join("\n")).not.toContain(functions.key);
  });
});
