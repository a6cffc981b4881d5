/** The port to the database over Supabase's REST interface. */
import { createClient as createSupabase, type SupabaseClientOptions } from "@supabase/supabase-js";
import { createClient, DatabaseError, JsonText, type EtlClient, type Port } from "./client.ts";

/** Where the interface is, and with which key. */
export interface SupabaseOptions {
  url: string;
  /** The service role's key. */
  key: string;
  fetch?: typeof fetch;
  /** A WebSocket implementation, where the runtime has none (Node 20); it is never opened. */
  transport?: NonNullable<SupabaseClientOptions<"etl_api">["realtime"]>["transport"];
}

/** Connects to a project. */
export function createSupabaseClient(options: SupabaseOptions): EtlClient {
  const { call, close } = createSupabasePort(options);
  return createClient(call, close);
}

/** The same, for whoever brings calls of its own. */
export function createSupabasePort(options: SupabaseOptions): Port {
  const send = options.fetch ?? fetch;
  // The library writes arguments as JSON itself, so JSON that must stay as it is takes its place under a mark.
  const texts = new Map<string, string>();
  const supabase = createSupabase(options.url, options.key, {
    db: { schema: "etl_api" },
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    ...(options.transport === undefined ? {} : { realtime: { transport: options.transport } }),
    global: {
      fetch: (input, init) => {
        const body = init?.body;
        if (typeof body !== "string" || texts.size === 0) return send(input, init);
        const filled = body.replace(/"(raw:[0-9a-f-]{36})"/g, (all, mark: string) => texts.get(mark) ?? all);
        return send(input, { ...init, body: filled });
      },
    },
  });
  return {
    call: async (name, values) => {
      const marks: string[] = [];
      const given = Object.entries(values).map(([key, value]) => {
        if (!(value instanceof JsonText)) return [key, value];
        const mark = `raw:${crypto.randomUUID()}`;
        texts.set(mark, value.text);
        marks.push(mark);
        return [key, mark];
      });
      try {
        const { data, error, status } = await supabase
          .rpc(name, Object.fromEntries(given) as never)
          .abortSignal(AbortSignal.timeout(30_000));
        // Status 0: nobody answered, and the code is the network's. A gateway's answer has none.
        if (error !== null)
          throw new DatabaseError(name, error.message, (status > 0 && error.code) || undefined);
        // A function that returns one value gives it bare here, and as a row over a connection.
        return Array.isArray(data) ? data : data === null ? [] : [{ [name]: data as unknown }];
      } finally {
        for (const mark of marks) texts.delete(mark);
      }
    },
    close: async () => {},
  };
}
