/** One JSON line per event. */
import type { Config } from "./config.ts";

const levels = ["debug", "info", "warn", "error"] as const;

/** How much an event matters. */
export type Level = (typeof levels)[number];

/** Writes one event. Ids and figures go in `facts`; what was sent or received never does. */
export type Log = (level: Level, event: string, facts?: Record<string, unknown>) => void;

// Supabase cuts a line at 10,000 characters, which would leave broken JSON.
const MAX_TEXT = 2_000;

/**
 * Makes the log of one function. Every secret the functions know is masked, wherever it might turn up: in the message
 * of a library's error, for instance.
 */
export function createLog(
  config: Pick<Config, "functionKey" | "secrets" | "logLevel">,
  name: string,
  write: (line: string) => void = console.log,
): Log {
  const least = levels.indexOf(config.logLevel);
  const hidden = [
    config.functionKey,
    ...Object.values(config.secrets).flatMap((scope) => Object.values(scope)),
  ]
    .filter((secret) => secret !== "")
    // The longest first, so that no secret is cut into by one it contains.
    .sort((a, b) => b.length - a.length);
  const mask = (text: string): string =>
    hidden.reduce((masked, secret) => masked.replaceAll(secret, "[secret]"), text).slice(0, MAX_TEXT);
  return (level, event, facts = {}) => {
    if (levels.indexOf(level) < least) return;
    const shown = Object.entries(facts).map(([key, fact]) => [
      key,
      typeof fact === "string" ? mask(fact) : fact,
    ]);
    write(
      JSON.stringify({
        at: new Date().toISOString(),
        level,
        function: name,
        event,
        ...Object.fromEntries(shown),
      }),
    );
  };
}

/** What an error says, in one line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
