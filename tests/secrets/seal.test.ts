import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { open, readKeys, seal } from "../../supabase/functions/_shared/seal.ts";

const text = randomBytes(32).toString("base64");
const other = randomBytes(32).toString("base64");
const [key] = readKeys(text);
const place = { scope: "shared", name: "API_KEY", version: 3 };

test("any text opens again, and nothing of it shows in what is sealed", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (value) => {
      const sealed = seal(key!, place, value);
      expect(open([key!], key!.id, place, sealed)).toBe(value);
      if (value.length >= 8) expect(Buffer.from(sealed, "base64").includes(value)).toBe(false);
    }),
  );
});

test("the same text sealed twice gives two different texts", () => {
  expect(seal(key!, place, "the same text")).not.toBe(seal(key!, place, "the same text"));
});

test.each([
  ["another org", { ...place, scope: "a0000000-0000-4000-8000-000000000001" }],
  ["another name", { ...place, name: "API_KEY2" }],
  ["another version", { ...place, version: 4 }],
])("what was moved to %s does not open, and the fault tells nothing of it", (_, elsewhere) => {
  const sealed = seal(key!, place, "a secret text");
  expect(() => open([key!], key!.id, elsewhere, sealed)).toThrow(
    /cannot be opened: what the database holds was/,
  );
  expect(() => open([key!], key!.id, elsewhere, sealed)).not.toThrow(/a secret text/);
});

test("nor does what was changed, wherever that was", () => {
  const bytes = Buffer.from(seal(key!, place, "a secret text"), "base64");
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    expect(() => open([key!], key!.id, place, changed.toString("base64"))).toThrow("cannot be opened");
  }
  for (const cut of [0, 1, 12, 20, bytes.length - 1])
    expect(() => open([key!], key!.id, place, bytes.subarray(0, cut).toString("base64"))).toThrow(
      "cannot be",
    );
});

test("several keys: the first seals, each opens what it sealed, and one that is gone is named", () => {
  const [first, second] = readKeys(` ${other}  ${text}\n`);
  expect(second!.id).toBe(key!.id);
  expect(first!.id).toMatch(/^[0-9a-f]{8}$/);
  const sealed = seal(key!, place, "a secret text");
  expect(open([first!, second!], key!.id, place, sealed)).toBe("a secret text");
  expect(() => open([first!], key!.id, place, sealed)).toThrow(
    `version 3 of the secret API_KEY in the scope shared is sealed under the key ${key!.id}, which ETL_SECRET_KEY does not hold`,
  );
});

test.each([
  "short",
  randomBytes(31).toString("base64"),
  randomBytes(33).toString("base64"),
  `${text}%`,
  "=".repeat(44),
])("%j is no key, and is not quoted", (bad) => {
  expect(() => readKeys(bad)).toThrow("a key is 32 bytes in base64");
  expect(() => readKeys(bad)).not.toThrow(bad);
});
