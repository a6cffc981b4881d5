import { createHmac, randomBytes } from "node:crypto";
import { App } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";

/** Supabase's REST interface in front of a database, in this process. */
export interface Rest {
  fetch: typeof fetch;
  /** A key for `service_role`, signed as Supabase signs them. */
  serviceKey: string;
  close(): Promise<void>;
}

export async function startRest(databaseUrl: string): Promise<Rest> {
  const secret = randomBytes(32).toString("hex");
  // It hands JSON over as text, which the driver would write as a JSON string once more.
  const jsonb = {
    to: 3802,
    from: [3802],
    serialize: (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value)),
    parse: (text: string) => JSON.parse(text) as unknown,
  };
  const connection = createPostgresConnection({ url: databaseUrl, postgresOptions: { types: { jsonb } } });
  const app = new App({
    connection,
    auth: { enabled: true, jwt_secret: secret },
    api: { schemas: ["public", "etl_api"] },
  });
  const rest = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> =>
    await app.fetch(new Request(input, init));
  const serviceKey = sign({ role: "service_role", exp: Math.floor(Date.now() / 1000) + 3600 }, secret);
  // The first request makes it grant the roles everything in these schemas, which it cannot do twice at once. (So a
  // missing grant shows over the other adapter only.)
  const headers = { authorization: `Bearer ${serviceKey}`, "accept-profile": "etl_api" };
  const first = await rest("http://rest.test/rest/v1/setting?limit=1", { headers });
  if (!first.ok) throw new Error(`the REST interface does not work: ${await first.text()}`);
  return { fetch: rest, serviceKey, close: async () => await connection.close() };
}

function sign(claims: object, secret: string): string {
  const [head, body] = [{ alg: "HS256", typ: "JWT" }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  const signature = createHmac("sha256", secret).update(`${head}.${body}`).digest("base64url");
  return `${head}.${body}.${signature}`;
}
