/**
 * Serves every edge function in one Deno process, as Supabase's edge runtime does behind one address: the function
 * `execute-runs` answers under `/execute-runs`. Each `index.ts` calls `Deno.serve(handler)`; here that call hands over
 * the handler instead of opening a port.
 *
 * Started by functions.ts: `deno run … functions-server.ts <folder> <port>`. The first line of standard output says
 * which port and which functions, as JSON.
 */
type Handler = (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;

const [folder, port] = Deno.args as [string, string];
const serve = Deno.serve;
const handlers = new Map<string, Handler>();
const failed = new Map<string, string>();
let loading = "";

function collect(...args: unknown[]): Deno.HttpServer {
  const options = args[0] as { handler?: Handler } | Handler;
  const handler = [args[1], args[0], (options as { handler?: Handler }).handler].find(
    (candidate) => typeof candidate === "function",
  ) as Handler | undefined;
  if (handler === undefined) throw new TypeError("Deno.serve needs a handler");
  handlers.set(loading, handler);
  return {
    finished: new Promise<void>(() => {}),
    addr: { transport: "tcp", hostname: "127.0.0.1", port: Number(port) },
    shutdown: async () => {},
    ref() {},
    unref() {},
    [Symbol.asyncDispose]: async () => {},
  } as Deno.HttpServer;
}

function report(name: string, error: unknown): void {
  console.error(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}

// The platform keeps a function alive until this promise is settled; here the process lives anyway.
Object.assign(globalThis, {
  EdgeRuntime: {
    waitUntil: (work: Promise<unknown>) => void work.catch((error) => report("waitUntil", error)),
  },
});
// One function's forgotten promise must not end the others.
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  report("unhandled rejection", event.reason);
});

Object.defineProperty(Deno, "serve", { value: collect, configurable: true, writable: true });
const names = [...Deno.readDirSync(folder)]
  .filter((entry) => entry.isDirectory && !/^[_.]/.test(entry.name))
  .map((entry) => entry.name)
  .sort();
// One after the other: which function calls Deno.serve is known by whose turn it is.
for (const name of names) {
  const file = `${folder}/${name}/index.ts`;
  try {
    Deno.statSync(file);
  } catch {
    continue;
  }
  loading = name;
  try {
    await import(new URL(`file://${encodeURI(file)}`).href);
    if (!handlers.has(name)) throw new Error("index.ts does not call Deno.serve");
  } catch (error) {
    failed.set(name, error instanceof Error ? error.message : String(error));
    report(name, error);
  }
}

function problem(status: number, message: string): Response {
  return Response.json({ message }, { status });
}

serve(
  {
    hostname: "127.0.0.1",
    port: Number(port),
    onListen: (address) =>
      console.log(
        JSON.stringify({
          port: address.port,
          names: [...handlers.keys()],
          failed: Object.fromEntries(failed),
        }),
      ),
    onError: (error) => {
      report("function", error);
      return problem(500, "the function failed; its log says why");
    },
  },
  async (request, info) => {
    const name = new URL(request.url).pathname.split("/")[1] ?? "";
    const handler = handlers.get(name);
    if (handler) return await handler(request, info);
    if (failed.has(name)) return problem(503, `the function ${name} did not load: ${failed.get(name)}`);
    return problem(404, `there is no function ${name || "at /"}`);
  },
);
