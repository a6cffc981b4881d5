import { AsyncLocalStorage } from "node:async_hooks";
import { createHmac, randomBytes } from "node:crypto";
import { App } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import pg from "pg";

/** Supabase's REST interface in front of a database, in this process. */
export interface Rest {
  fetch: typeof fetch;
  /** A key for `service_role`, signed as Supabase signs them. */
  serviceKey: string;
  /** Cuts its connections to the database; they are gone when this returns. How many there were. */
  cut(): Promise<number>;
  close(): Promise<void>;
}

/** What Postgres says of an error. */
interface Said {
  code: string;
  message: string;
  detail?: string;
  hint?: string;
}

// The HTTP statuses PostgREST gives SQLSTATEs, by how they begin; the longest counts.
const statuses: Record<string, number> = {
  ...{ "08": 503, "09": 500, "0L": 403, "0P": 403, "23503": 409, "23505": 409, "25": 500, "25006": 405 },
  ...{ "28": 403, "2D": 500, "38": 500, "39": 500, "3B": 500, "40": 500, "53": 503, "53400": 500, "54": 500 },
  ...{ "55": 500, "57": 500, "58": 500, F0: 500, HV: 500, P0: 500, P0001: 400, XX: 500 },
  ...{ "42883": 404, "42P01": 404, "42P17": 500 },
};

/** The status PostgREST gives an SQLSTATE: 400 for those it has no other for, the engine's own among them. */
export function statusOf(code: string): number {
  for (let length = code.length; length > 0; length--) {
    const status = statuses[code.slice(0, length)];
    if (status !== undefined) return status;
  }
  return 400;
}

/** The error as PostgREST tells it; undefined where the stand-in tells it alike: rights, and statuses a function chose. */
function answerTo({ code, message, detail, hint }: Said): Response | undefined {
  if (code === "42501" || /^(PT|PGRST)/.test(code)) return undefined;
  if (/^CONNECT/.test(code) || /^E[A-Z]{4,}$/.test(code))
    return Response.json(
      {
        code: "PGRST001",
        message: "Database client error. Retrying the connection.",
        details: message,
        hint: null,
      },
      { status: 503 },
    );
  return Response.json(
    { code, message, details: detail ?? null, hint: hint ?? null },
    { status: statusOf(code) },
  );
}

/** Starts it, before a database that has the engine. */
export async function startRest(databaseUrl: string): Promise<Rest> {
  const secret = randomBytes(32).toString("hex");
  // It hands JSON over as text, which the driver would write as a JSON string once more.
  const jsonb = {
    to: 3802,
    from: [3802],
    serialize: (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value)),
    parse: (text: string) => JSON.parse(text) as unknown,
  };
  let gone = () => {};
  const connection = createPostgresConnection({
    url: databaseUrl,
    postgresOptions: {
      types: { jsonb },
      connection: { application_name: "rest" },
      onclose: () => gone(),
    },
  });
  const app = new App({
    connection,
    auth: { enabled: true, jwt_secret: secret },
    api: { schemas: ["public", "etl_api"] },
  });
  // It answers most SQLSTATEs with a 500 and a code of its own. What Postgres said is noted on the way there.
  const call = new AsyncLocalStorage<{ said?: Said }>();
  connection.normalizeDbError = (error) => {
    const noted = call.getStore();
    if (noted !== undefined && typeof (error as Partial<Said> | null)?.code === "string")
      noted.said = error as Said;
    return error;
  };
  const rest = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> =>
    await call.run({}, async () => {
      const answer = await app.fetch(new Request(input, init));
      const { said } = call.getStore()!;
      return (!answer.ok && said !== undefined && answerTo(said)) || answer;
    });
  const serviceKey = sign({ role: "service_role", exp: Math.floor(Date.now() / 1000) + 3600 }, secret);
  // The first request makes it grant the roles everything in these schemas, which it cannot do twice at once. (So a
  // missing grant shows over the other adapter only.)
  const headers = { authorization: `Bearer ${serviceKey}`, "accept-profile": "etl_api" };
  const first = await rest("http://rest.test/rest/v1/setting?limit=1", { headers });
  if (!first.ok) throw new Error(`the REST interface does not work: ${await first.text()}`);
  // Its driver breaks when it is asked in the moment before it hears of the cut.
  const cut = async (): Promise<number> => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    let closed = 0;
    let all = Infinity;
    const heard = new Promise<void>((resolve) => {
      gone = () => void (++closed === all && resolve());
    });
    const { rows } = await client.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and application_name = 'rest'`,
    );
    all = rows.length;
    await client.query("select pg_terminate_backend(pid) from unnest($1::int[]) as pid", [
      rows.map(({ pid }) => pid),
    ]);
    if (all > 0) await heard;
    await client.end();
    return all;
  };
  return { fetch: rest, serviceKey, cut, close: async () => await connection.close() };
}

function sign(claims: object, secret: string): string {
  const [head, body] = [{ alg: "HS256", typ: "JWT" }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  const signature = createHmac("sha256", secret).update(`${head}.${body}`).digest("base64url");
  return `${head}.${body}.${signature}`;
}
