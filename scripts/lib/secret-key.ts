/** The key that seals secrets on this machine: `ETL_SECRET_KEY`, or one made once and kept beside the local data. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { newKey } from "../../supabase/functions/_shared/manage.ts";

const folder = resolve(dirname(fileURLToPath(import.meta.url)), "../../.millrace");

let passing: string | undefined;

/**
 * Finds the key, or makes it: secrets that were put into a local database shall open again after a restart. Where the
 * checkout cannot be written to, it is good for this process only.
 */
export function localSecretKey(home = folder): string {
  if (process.env.ETL_SECRET_KEY) return process.env.ETL_SECRET_KEY;
  const file = join(home, "secret_key");
  try {
    if (!existsSync(file)) {
      mkdirSync(home, { recursive: true });
      // Of two who make one at the same time the second takes the first one's.
      writeFileSync(file, `${newKey()}\n`, { mode: 0o600, flag: "wx" });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") return (passing ??= newKey());
  }
  return readFileSync(file, "utf8").trim();
}
