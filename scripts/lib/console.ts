const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint =
  (code: number) =>
  (text: string): string =>
    colour ? `\x1b[${code}m${text}\x1b[0m` : text;

export const green = paint(32);
export const red = paint(31);
export const dim = paint(2);
export const bold = paint(1);

/** Takes out colours that somebody else put in, where none are wanted. */
export function uncoloured(text: string): string {
  return colour ? text : text.replace(/\x1b\[[0-9;]*m/g, "");
}

/** `1.2 s`, `85 ms` */
export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Moves every line of a text to the right. */
export function indent(text: string, by = 4): string {
  return text.replace(/^(?=.)/gm, " ".repeat(by));
}

/** Runs an entry file: its number is the exit code, an error is told in one paragraph. */
export async function main(work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    const shown = process.env.DEBUG ? (error as Error).stack : (error as Error).message;
    console.error(red(shown ?? String(error)));
    process.exitCode = 1;
  }
}
