/** The port to the database over a Postgres connection. */
import pg from "pg";
import { createClient, DatabaseError, JsonText, type EtlClient, type Port } from "./client.ts";
import { messageOf } from "./log.ts";
import { parseJson } from "./json.ts";

const JSON_TYPES: readonly number[] = [pg.types.builtins.JSON, pg.types.builtins.JSONB];
const TIMESTAMPTZ: number = pg.types.builtins.TIMESTAMPTZ;

// A function that returns other columns than when its call was prepared: since then the engine was upgraded.
const CHANGED_RESULT = "0A000";

// Points in time as text, as the other adapter brings them; JSON without losing digits.
const types: pg.CustomTypesConfig = {
  getTypeParser: (type: number, format?: "text" | "binary") => {
    if (type === TIMESTAMPTZ) return (text: string) => text;
    if (JSON_TYPES.includes(type)) return parseJson;
    return pg.types.getTypeParser(type, format as "text");
  },
};

/**
 * Connects to a database.
 *
 * @param connectionString - of a direct connection or a pooler in session mode, as a user who may become
 *   `service_role`: the role belongs to the session, and a pooler in transaction mode would forget it
 * @param kept - connections kept while there is nothing to do: a new one takes a hundred times as long as a call, for it
 *   has everything to compile. None in a worker that is one of many and soon gone
 */
export function createPgClient(connectionString: string, kept = 0): EtlClient {
  const { call, close } = createPgPort(connectionString, kept);
  return createClient(call, close);
}

/** The same, for whoever brings calls of its own. */
export function createPgPort(connectionString: string, kept = 0): Port {
  const pool = new pg.Pool({
    connectionString,
    min: kept,
    // Claiming, reporting and handing back hardly overlap; a database has few connections and many workers.
    max: 3,
    idleTimeoutMillis: 10_000,
    connectionTimeoutMillis: 10_000,
    allowExitOnIdle: true,
    application_name: "millrace-functions",
    // A call that hangs must not outlive the worker's wall clock.
    query_timeout: 30_000,
    types,
    // Awaited before the connection is used, so that nothing ever runs as the user who logged in.
    onConnect: async (client) => {
      await client.query("set role service_role");
    },
  });
  // A connection that breaks while idle: the next call makes another one.
  pool.on("error", () => {});
  return {
    call: async (name, values) => {
      const given = Object.values(values).map((value) => (value instanceof JsonText ? value.text : value));
      const places = given.map((_, index) => `$${index + 1}`).join(", ");
      const text = `select * from etl_api.${name}(${places})`;
      try {
        try {
          // By name it is parsed and planned once a connection, which takes as long as looking at an empty queue.
          return (await pool.query<Record<string, unknown>>({ name, text, values: given })).rows;
        } catch (error) {
          if ((error as { code?: unknown }).code !== CHANGED_RESULT) throw error;
          return (await pool.query<Record<string, unknown>>(text, given)).rows;
        }
      } catch (error) {
        const code = (error as { code?: unknown }).code;
        // Node's own errors have codes too (ECONNREFUSED); a SQLSTATE has five places.
        const sqlstate = typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
        throw new DatabaseError(name, messageOf(error) || String(code), sqlstate);
      }
    },
    close: () => pool.end(),
  };
}
