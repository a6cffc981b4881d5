/** Rows of a file, one after the other, however large it is: CSV, TSV, NDJSON, and a JSON array of objects. */
import { Readable } from "node:stream";
import { parse } from "csv-parse";
import { storable, storableJson } from "./json.ts";

/** What a file is written in. */
export const formats = ["csv", "tsv", "ndjson", "json"] as const;
export type Format = (typeof formats)[number];

/** A row as JSON, or why it is none. */
export type Row = { json: string } | { fault: string };

/** A file that cannot be read any further. */
export class UnreadableFile extends Error {
  override name = "UnreadableFile";
  /** Whether another encoding might read it. */
  readonly isEncoding: boolean;
  constructor(message: string, isEncoding = false) {
    super(message);
    this.isEncoding = isEncoding;
  }
}

/** Characters that a row may have; more of them are a quote or a bracket that nobody closed. */
const MAX_ROW = 4_000_000;
const MAX_DEPTH = 200;

/**
 * Reads rows.
 *
 * @param encoding - as TextDecoder knows it
 * @throws UnreadableFile where there is no going on
 */
export async function* readRows(
  bytes: AsyncIterable<Uint8Array>,
  format: Format,
  encoding = "utf-8",
): AsyncGenerator<Row> {
  const text = decode(bytes, encoding);
  if (format === "json") yield* elements(text);
  else if (format === "ndjson") yield* lines(text);
  else yield* records(text, format === "tsv" ? "\t" : undefined);
}

async function* decode(bytes: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  try {
    for await (const chunk of bytes) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UnreadableFile(`the file is not written in ${encoding}`, true);
  }
}

/** What separates the cells of the first line: the mark that it has most of, outside of quotes. */
export function delimiterOf(line: string): string {
  const bare = line.replace(/"(?:[^"]|"")*"?/g, "");
  const counts = [",", ";", "\t", "|"].map((mark) => [mark, bare.split(mark).length] as const);
  return counts.reduce((most, next) => (next[1] > most[1] ? next : most))[0];
}

/** Names of the columns: one that is missing or there already gets a number. */
export function namesOf(header: readonly string[]): string[] {
  const taken = new Set<string>();
  return header.map((cell, place) => {
    const wanted = storable(cell).trim() || `column_${place + 1}`;
    let name = wanted;
    for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`;
    taken.add(name);
    return name;
  });
}

/** The first line; what ends lines within quotes does not end it. */
const headerOf = (text: string) => /^(?:"(?:[^"]+|"")*"?|[^"\r\n]+)*/.exec(text)![0];

async function* records(text: AsyncIterable<string>, given: string | undefined): AsyncGenerator<Row> {
  const parts = text[Symbol.asyncIterator]();
  let start = "";
  while (headerOf(start).length + 1 >= start.length && start.length < MAX_ROW) {
    const next = await parts.next();
    if (next.done) break;
    start += next.value;
  }
  // A line for spreadsheets that say themselves what separates.
  const said = /^sep=([^\r\n])[ \t]*(?:\r\n|[\r\n]|$)/i.exec(start);
  if (said !== null) start = start.slice(said[0].length);
  const rest = async function* (): AsyncGenerator<string> {
    yield start;
    for (let next = await parts.next(); !next.done; next = await parts.next()) yield next.value;
  };
  const parser = parse({
    delimiter: said?.[1] ?? given ?? delimiterOf(headerOf(start)),
    // Many programs write quotes inside of cells as they are.
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW,
  });
  const source = Readable.from(rest());
  source.on("error", (error) => parser.destroy(error));
  source.pipe(parser);
  let names: string[] | undefined;
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      if (names === undefined) names = namesOf(cells);
      else yield record(names, cells);
    }
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    if (typeof code !== "string" || !code.startsWith("CSV_")) throw error;
    throw new UnreadableFile(message);
  } finally {
    source.destroy();
  }
}

/** An empty cell is no value. */
function record(names: readonly string[], cells: readonly string[]): Row {
  if (cells.slice(names.length).some((cell) => cell !== ""))
    return { fault: `${cells.length} cells, but the first line names ${names.length}` };
  // Made as text: a field called __proto__ is one like any other.
  const members = cells.flatMap((cell, place) =>
    cell === "" ? [] : [`${JSON.stringify(names[place])}:${JSON.stringify(storable(cell))}`],
  );
  return { json: `{${members.join(",")}}` };
}

async function* lines(text: AsyncIterable<string>): AsyncGenerator<Row> {
  let held = "";
  for await (const chunk of text) {
    const parts = (held + chunk).split("\n");
    held = parts.pop()!;
    if (held.length > MAX_ROW) throw new UnreadableFile(`a line has more than ${MAX_ROW} characters`);
    for (const line of parts) if (line.trim() !== "") yield element(line);
  }
  if (held.trim() !== "") yield element(held);
}

/** JSON as it came, if it is any: its numbers keep all their digits. */
function element(text: string): Row {
  try {
    const value: unknown = JSON.parse(text);
    const fault = faultOf(value, MAX_DEPTH);
    return fault === undefined ? { json: storableJson(text.trim()) } : { fault };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { fault: "not JSON" };
  }
}

function faultOf(value: unknown, depth: number): string | undefined {
  // Postgres has an end of numbers, too, though a later one.
  if (typeof value === "number") return Number.isFinite(value) ? undefined : "a number is too large";
  if (typeof value !== "object" || value === null) return undefined;
  if (depth === 0) return `more than ${MAX_DEPTH} levels deep`;
  for (const member of Object.values(value)) {
    const fault = faultOf(member, depth - 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** The elements of an array, found by its brackets and quotes alone. */
async function* elements(text: AsyncIterable<string>): AsyncGenerator<Row> {
  let depth = 0;
  let inString = false;
  let escaped = false;
  let ended = false;
  let held = "";
  for await (const chunk of text) {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const char = chunk[at]!;
      if (inString) {
        if (escaped) escaped = false;
        else if (char === "\\") escaped = true;
        else if (char === '"') inString = false;
      } else if (depth === 0) {
        if (/\s/.test(char)) continue;
        if (char !== "[" || ended) throw new UnreadableFile("the file is not one JSON array");
        depth = 1;
        from = at + 1;
      } else if (char === '"') inString = true;
      else if (char === "[" || char === "{") depth++;
      else if ((char === "," && depth === 1) || ((char === "]" || char === "}") && --depth === 0)) {
        held += chunk.slice(from, at);
        from = at + 1;
        ended = depth === 0;
        // Only an empty array has nothing before its end.
        if (held.trim() !== "" || !ended) yield element(held);
        held = "";
      }
    }
    if (depth > 0) held += chunk.slice(from);
    if (held.length > MAX_ROW) throw new UnreadableFile(`an element has more than ${MAX_ROW} characters`);
  }
  if (!ended) throw new UnreadableFile("the JSON array has no end");
}
