/** A picture of the contest: chains per second of everyone, as an SVG that is readable as text, in light and in dark. */
import { median, type Figure } from "./bench.ts";
import { short } from "../lib/markdown.ts";

/** One bar. */
export interface Bar {
  name: string;
  value: number;
  /** What it is: the engine, someone else, or a floor that does no work of its own. */
  kind: "engine" | "peer" | "floor";
}

/** The bars that the figures of the benchmark `chain` hold, the fastest first. */
export function bars(figures: Figure[]): Bar[] {
  const drains = figures.filter(({ name, against }) => name === "drain" && against !== undefined);
  if (drains.length === 0) return [];
  const kind = (name: string): Bar["kind"] =>
    name.includes("floor") ? "floor" : name.startsWith("Millrace") ? "engine" : "peer";
  return [
    { name: "Millrace", value: median(drains[0]!.values), kind: "engine" as const },
    ...drains.map(({ against, baseline }) => ({
      name: against!,
      value: median(baseline!),
      kind: kind(against!),
    })),
  ].sort((a, b) => b.value - a.value);
}

const row = 34;
const left = 170;
const width = 760;
const widest = width - left - 90;

const style = `
    .card { fill: #ffffff; stroke: #d0d7de; }
    text { font: 14px system-ui, sans-serif; fill: #1f2328; }
    .title { font-weight: 600; font-size: 16px; }
    .note { font-size: 12px; fill: #59636e; }
    .engine { fill: #0969da; } .peer { fill: #8c959f; } .floor { fill: #d8dee4; }
    .bold { font-weight: 600; }
    @media (prefers-color-scheme: dark) {
      .card { fill: #0d1117; stroke: #3d444d; }
      text { fill: #f0f6fc; } .note { fill: #9198a1; }
      .engine { fill: #4493f8; } .peer { fill: #656c76; } .floor { fill: #2a313c; }
    }`;

const escape = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** The picture. */
export function chart(all: Bar[], note: string): string {
  const most = Math.max(...all.map(({ value }) => value));
  const height = 74 + all.length * row + 16;
  const lines = all.map(({ name, value, kind }, index) => {
    const y = 74 + index * row;
    const length = Math.max(2, Math.round((value / most) * widest));
    const bold = kind === "engine" ? ` class="bold"` : "";
    return [
      `  <text x="${left - 12}" y="${y + 17}" text-anchor="end"${bold}>${escape(name)}</text>`,
      `  <rect x="${left}" y="${y}" width="${length}" height="24" rx="3" class="${kind}" />`,
      `  <text x="${left + length + 8}" y="${y + 17}"${bold}>${short(value)}</text>`,
    ].join("\n");
  });
  const spoken = all.map(({ name, value }) => `${name} ${short(value)}`).join("; ");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">
  <title id="title">Durable chains per second</title>
  <desc id="desc">${escape(`${spoken}. ${note}`)}</desc>
  <style>${style}
  </style>
  <rect class="card" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6" />
  <text x="20" y="32" class="title">Durable chains per second</text>
  <text x="20" y="54" class="note">${escape(note)}</text>
${lines.join("\n")}
</svg>
`;
}
