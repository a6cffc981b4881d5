/** Reading rows of files: every format, cut anywhere, and what is wrong with one. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  delimiterOf,
  namesOf,
  readRows,
  UnreadableFile,
  type Format,
} from "../../supabase/functions/_shared/rows.ts";

const bytesOf = (text: string | Uint8Array): Uint8Array =>
  typeof text === "string" ? new TextEncoder().encode(text) : text;

/** A file that comes in parts of so many bytes. */
async function* inParts(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function read(
  text: string | Uint8Array,
  format: Format,
  size = 1_000_000,
  encoding?: string,
): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const row of readRows(inParts(bytesOf(text), size), format, encoding))
    rows.push("json" in row ? JSON.parse(row.json) : row.fault);
  return rows;
}

describe("CSV", () => {
  test("quotes, line ends within them, a mark of byte order, empty lines and cells", async () => {
    const text = '\ufeffname,said,n\r\n"Acme, Inc","he said ""hi""\r\nand left",1\r\n\r\nBase,,２\r\n';
    expect(await read(text, "csv")).toEqual([
      { name: "Acme, Inc", said: 'he said "hi"\r\nand left', n: "1" },
      { name: "Base", n: "２" },
    ]);
  });

  test("finds out what separates cells", async () => {
    expect(await read('a;"b;c"\n1,5;2\n', "csv")).toEqual([{ a: "1,5", "b;c": "2" }]);
    expect(await read("a\tb\n1\t2\n", "csv")).toEqual([{ a: "1", b: "2" }]);
    expect(await read("a,b\tc\n1,2\t3\n", "tsv")).toEqual([{ "a,b": "1,2", c: "3" }]);
    expect(delimiterOf('"a,b,c"|d')).toBe("|");
    for (const size of [1, 2, 5, 1_000]) {
      expect(await read('"a,\r\nb";c\r\n1;2\r\n', "csv", size)).toEqual([{ "a,\r\nb": "1", c: "2" }]);
      expect(await read("sep=;\r\na,b;c\r\n1;2\r\n", "csv", size)).toEqual([{ "a,b": "1", c: "2" }]);
      expect(await read("\ufeffSEP=|\na|b\n", "csv", size)).toEqual([]);
      expect(await read("sep=;,x\n1,2\n", "csv", size)).toEqual([{ "sep=;": "1", x: "2" }]);
    }
    expect(delimiterOf("alone")).toBe(",");
  });

  test("a row with more cells than names is told, one with fewer is short", async () => {
    expect(await read("a,b\n1,2,3\n4\n5,6,\n", "csv")).toEqual([
      "3 cells, but the first line names 2",
      { a: "4" },
      { a: "5", b: "6" },
    ]);
  });

  test("names that are missing or doubled get a number", () => {
    expect(namesOf(["a", "", "a ", "a_2", "__proto__"])).toEqual([
      "a",
      "column_2",
      "a_2",
      "a_2_2",
      "__proto__",
    ]);
  });

  test("a field called __proto__ is one like any other", async () => {
    expect(await read("__proto__,b\n1,2\n", "csv")).toEqual([JSON.parse('{"__proto__": "1", "b": "2"}')]);
  });

  test("a quote that nobody closed is told", async () => {
    await expect(read('a,b\n1,"2\n3,4\n', "csv")).rejects.toThrow(UnreadableFile);
  });

  test("what Postgres cannot hold is replaced", async () => {
    expect(await read("a\n1\u00002\n", "csv")).toEqual([{ a: "1\ufffd2" }]);
  });

  test("nothing but a first line, or not even that, has no rows", async () => {
    expect(await read("a,b\n", "csv")).toEqual([]);
    expect(await read("", "csv")).toEqual([]);
  });
});

test("other encodings are read when they are named, and told when they are not", async () => {
  const shiftJis = Uint8Array.from([0x61, 0x0a, 0x83, 0x65, 0x83, 0x58, 0x83, 0x67, 0x0a]);
  expect(await read(shiftJis, "csv", 1, "shift_jis")).toEqual([{ a: "テスト" }]);
  await expect(read(shiftJis, "csv")).rejects.toThrow("the file is not written in utf-8");
});

test("NDJSON: a line that is no JSON costs itself, numbers keep their digits", async () => {
  expect(await read('{"a": 1}\r\n\n{"a": \n[1]\n{"a": 1e999}\n{"a": "\\u0000"}', "ndjson")).toEqual([
    { a: 1 },
    "not JSON",
    [1],
    "a number is too large",
    { a: "\ufffd" },
  ]);
  const digits = bytesOf('{"n": 12345678901234567890.10}');
  for await (const row of readRows(inParts(digits, 7), "ndjson"))
    expect(row).toEqual({ json: '{"n": 12345678901234567890.10}' });
});

test("JSON: an array of anything, each element by itself", async () => {
  expect(await read(' [ {"a": "],[\\"{"} , [1, {"b": []}], 3,, "x" ] ', "json", 3)).toEqual([
    { a: '],["{' },
    [1, { b: [] }],
    3,
    "not JSON",
    "x",
  ]);
  expect(await read("[]", "json")).toEqual([]);
  for (const wrong of ["{}", "[1", "[1] 2", "", "nope"])
    await expect(read(wrong, "json")).rejects.toThrow(UnreadableFile);
  expect(await read(`[${"[".repeat(300)}${"]".repeat(300)}]`, "json")).toEqual(["more than 200 levels deep"]);
});

test("any rows come back from any format, wherever the file is cut", async () => {
  const cell = fc.string({ unit: "grapheme" }).map((text) => text.replace(/\0/g, ""));
  const table = fc.array(fc.record({ a: cell, 'b "x"': cell, "c,d": cell }), { maxLength: 20 });
  const csv = (rows: Record<string, string>[]): string =>
    [["a", 'b "x"', "c,d"], ...rows.map((row) => Object.values(row))]
      .map((cells) => cells.map((text) => `"${text.replaceAll('"', '""')}"`).join(","))
      .join("\n");
  await fc.assert(
    fc.asyncProperty(table, fc.integer({ min: 1, max: 50 }), async (rows, size) => {
      expect(await read(JSON.stringify(rows), "json", size)).toEqual(rows);
      expect(await read(rows.map((row) => JSON.stringify(row)).join("\n"), "ndjson", size)).toEqual(rows);
      const filled = rows.map((row) =>
        Object.fromEntries(Object.entries(row).filter(([, text]) => text !== "")),
      );
      expect(await read(csv(rows), "csv", size)).toEqual(filled);
    }),
  );
});

test("a file of any size is read in little memory", async () => {
  const line = new TextEncoder().encode(`${"x".repeat(200)},${"y".repeat(200)}\n`.repeat(1000));
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    for (let n = 0; n < 150; n++) yield await Promise.resolve(line);
  };
  const before = process.memoryUsage().rss;
  let [count, most] = [0, 0];
  for await (const _ of readRows(endless(), "csv"))
    if (++count % 10_000 === 0) most = Math.max(most, process.memoryUsage().rss);
  expect(count).toBe(149_999);
  // The file has 60 MB.
  expect((most - before) / 1e6).toBeLessThan(150);
});
