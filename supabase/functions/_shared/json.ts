/** JSON that keeps what JavaScript would lose, and leaves out what Postgres cannot hold. */

interface RawJson {
  rawJSON?(text: string): unknown;
  isRawJSON?(value: unknown): boolean;
}

const raw = JSON as unknown as RawJson;

/**
 * Parses JSON; a number that a JavaScript number cannot hold keeps its digits where the runtime can do that (Deno,
 * Node from 22): `JSON.stringify` writes it as it came.
 */
export function parseJson(text: string): unknown {
  // Only a number of many digits or with a large exponent can lose any.
  if (raw.rawJSON === undefined || !/[0-9.]{16}|[0-9][eE]/.test(text)) return JSON.parse(text);
  const keep = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined || holds(value, source)) return value;
    return raw.rawJSON!(source);
  };
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown);
}

function holds(value: number, source: string): boolean {
  // 1.0 and 1e2 are written otherwise and mean the same; what has few digits is exact for our purposes.
  return String(value) === source || (Number.isFinite(value) && source.replace(/[^0-9]/g, "").length <= 15);
}

/** The digits of a number {@link parseJson} kept; undefined for anything else. */
export function keptNumber(value: unknown): string | undefined {
  return raw.isRawJSON?.(value) ? (value as { rawJSON: string }).rawJSON : undefined;
}

/** A string without what `jsonb` refuses: the character U+0000 and halves of surrogate pairs become U+FFFD. */
export function storable(text: string): string {
  return text.replace(/\0|\p{Surrogate}/gu, "\ufffd");
}

/** The same for JSON text, where these are written as escapes. */
export function storableJson(text: string): string {
  if (!/\\u(0000|[dD][89a-fA-F])/.test(text)) return text;
  // Whole pairs and every other escape are taken first, so that what is left is half a pair; an escaped backslash
  // before u0000 is text.
  return text.replace(
    /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\(?:u[0-9a-fA-F]{4}|.)/gs,
    (escape) => (/^\\u(0000|[dD][89a-fA-F]..)$/.test(escape) ? "\\ufffd" : escape),
  );
}
