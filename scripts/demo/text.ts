/** Text for a terminal: tables, bars, a panel that is drawn over. */
import type { WriteStream } from "node:tty";

const escapes = /\x1b\[[0-9;]*m/g;

/** How many columns a text takes, colours not counted. */
export function width(text: string): number {
  return [...text.replace(escapes, "")].length;
}

/** Fills a text with spaces, or cuts it, to a width. */
export function fit(text: string, columns: number, right = false): string {
  const spare = columns - width(text);
  if (spare < 0) return [...text].slice(0, columns - 1).join("") + "…";
  return right ? " ".repeat(spare) + text : text + " ".repeat(spare);
}

/** A column of a table. */
export interface Column {
  title: string;
  /** Widest it may become; not limited by default. */
  max?: number;
  /** Numbers stand on the right. */
  right?: boolean;
}

/** Lines of a table, two spaces between its columns. */
export function table(columns: Column[], rows: string[][], paintTitle = (text: string) => text): string[] {
  const widths = columns.map((column, i) =>
    Math.min(
      column.max ?? Infinity,
      Math.max(width(column.title), ...rows.map((row) => width(row[i] ?? ""))),
    ),
  );
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => fit(cell, widths[i]!, columns[i]!.right))
      .join("  ")
      .trimEnd();
  return [paintTitle(line(columns.map(({ title }) => title))), ...rows.map((row) => line(row))];
}

/** `████████░░░░` */
export function bar(percent: number, columns = 24): string {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * columns);
  return "█".repeat(full) + "░".repeat(columns - full);
}

/** `3 done, 2 waiting`, in the order states come in. */
export function counts(byState: Record<string, number>): string {
  const order = ["new", "valid", "waiting", "ready", "in_progress", "done", "delivered"];
  const place = (state: string) => (order.includes(state) ? order.indexOf(state) : order.length);
  return Object.entries(byState)
    .sort(([a], [b]) => place(a) - place(b))
    .map(([state, number]) => `${number} ${state}`)
    .join(", ");
}

/** A block of lines at the end of a terminal that is drawn over each time. */
export class Panel {
  private lines = 0;
  constructor(private readonly out: WriteStream) {}

  /** Shows these lines instead of the last ones. */
  draw(lines: string[]): void {
    const columns = this.out.columns || 80;
    const up = this.lines > 0 ? `\x1b[${this.lines}A` : "";
    // A line that wraps would count twice.
    const shown = lines.map((line) =>
      width(line) >= columns ? fit(line.replace(escapes, ""), columns - 1) : line,
    );
    this.out.write(`${up}\r\x1b[J${shown.map((line) => `${line}\n`).join("")}`);
    this.lines = shown.length;
  }
}
