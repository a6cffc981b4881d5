/** Numbers, tables and the parts of a page that a command writes. */

/** Which columns of a table hold numbers. */
export type Numeric = (column: number) => boolean;

/** A number with as many digits as it deserves. */
export function short(value: number): string {
  if (value === 0) return "0";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(Math.abs(value) >= 10 ? 3 : 2)));
}

/** How wide each column must be. */
export const widths = (rows: string[][], least: number): number[] =>
  rows[0]!.map((_, column) => Math.max(least, ...rows.map((row) => row[column]!.length)));

/** The cells of a row, each as wide as its column. */
export const padded = (row: string[], wide: number[], numeric: Numeric): string[] =>
  row.map((cell, column) => (numeric(column) ? cell.padStart(wide[column]!) : cell.padEnd(wide[column]!)));

/** A table of Markdown whose first row are headings, laid out as prettier does. */
export function markdownTable(rows: string[][], numeric: Numeric): string {
  const wide = widths(rows, 3);
  const rule = wide.map((width, column) =>
    numeric(column) ? `${"-".repeat(width - 1)}:` : "-".repeat(width),
  );
  const [heads, ...rest] = rows.map((row) => padded(row, wide, numeric));
  return [heads!, rule, ...rest].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/**
 * Puts new content between the markers of one part of a page, and leaves all else alone.
 *
 * @throws Error when the page has no such part, or has it twice
 */
export function replacePart(page: string, name: string, content: string): string {
  const [begin, end] = [`<!-- figures:${name}:begin -->`, `<!-- figures:${name}:end -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  const once = from === page.lastIndexOf(begin) && to === page.lastIndexOf(end);
  if (from < 0 || to < from || !once)
    throw new Error(
      `the page needs the lines ${begin} and ${end}, once each and in this order: figures go between them`,
    );
  return `${page.slice(0, from + begin.length)}\n\n${content.trim()}\n\n${page.slice(to)}`;
}
