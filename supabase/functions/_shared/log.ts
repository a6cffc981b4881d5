/** One JSON line per event. */
import { Buffer } from "node:buffer";
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
 *
 * @param held - secrets known by now beyond those of the environment
 */
export function createLog(
  config: Pick<Config, "functionKey" | "secrets" | "logLevel"> &
    Partial<Pick<Config, "manageKey" | "secretKeys">>,
  name: string,
  write: (line: string) => void = console.log,
  held: () => Iterable<string> = () => [],
): Log {
  const least = levels.indexOf(config.logLevel);
  const given = [
    config.functionKey,
    config.manageKey ?? "",
    ...(config.secretKeys ?? []).map(({ bytes }) => Buffer.from(bytes).toString("base64")),
    // Several in one text are several secrets.
    ...Object.values(config.secrets).flatMap((scope) =>
      Object.values(scope).flatMap((value) => [
        value,
        ...value.split(/\s+/).filter((one) => one.length >= 16),
      ]),
    ),
  ];
  return (level, event, facts = {}) => {
    if (levels.indexOf(level) < least) return;
    const hidden = [...new Set([...given, ...held()])]
      .filter((secret) => secret !== "")
      // The longest first, so that no secret is cut into by one it contains.
      .sort((a, b) => b.length - a.length);
    const mask = (text: string): string =>
      hidden.reduce((masked, secret) => masked.replaceAll(secret, "[secret]"), text).slice(0, MAX_TEXT);
    const shown = JSON.parse(
      JSON.stringify(facts, (_key, fact: unknown) => (typeof fact === "string" ? mask(fact) : fact)),
    ) as Record<string, unknown>;
    write(JSON.stringify({ at: new Date().toISOString(), level, function: name, event, ...shown }));
  };
}

/** What an error says, in one line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
