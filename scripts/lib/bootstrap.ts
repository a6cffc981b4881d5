/**
 * What Supabase brings by itself, for a server that is not Supabase's.
 */
import { readFileSync } from "node:fs";
import pg from "pg";

/**
 * Creates the roles, the schema `auth` and its functions, each only where it is missing. On Supabase this
 * changes nothing. Databases of one server may be bootstrapped at the same time.
 *
 * @param url - database to prepare, as a user who may create roles
 */
export async function bootstrapDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(readFileSync(new URL("./bootstrap.sql", import.meta.url), "utf8"));
  } finally {
    await client.end();
  }
}
