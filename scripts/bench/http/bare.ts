/**
 * What the edge functions are measured against: the least a Deno process can do for a workflow. It asks the third
 * party, builds the same message from the answer, signs it and posts it to the client; nothing is claimed, checked or
 * kept.
 *
 * Started by stage.ts: `deno run … bare.ts <address> <secret> <message>`. The first line of standard output says which
 * port, as JSON; `GET /<count>/<concurrency>` does so many workflows, so many at once, and answers `{seconds}`.
 */
import { createHmac, createSecretKey } from "node:crypto";

declare const Deno: {
  args: string[];
  serve(
    options: { hostname: string; port: number; onListen(address: { port: number }): void },
    handler: (request: Request) => Promise<Response>,
  ): unknown;
};

const [address, secret, sample] = Deno.args as [string, string, string];
const key = createSecretKey(Buffer.from(secret.replace(/^whsec_/, ""), "base64"));
const message = JSON.parse(sample) as {
  data: { workflow_request_id: string; objects: { key: unknown; values: Record<string, unknown> }[] };
};

async function workflow(number: number): Promise<void> {
  const asked = await fetch(`${address}/companies?domain=d${number}.test`, {
    headers: { accept: "application/json" },
  });
  const { company } = (await asked.json()) as { company: { sector: string; staff: number } };

  const id = crypto.randomUUID();
  message.data.workflow_request_id = id;
  message.data.objects[0]!.values = { industry: company.sector, employees: company.staff };
  const body = JSON.stringify(message);
  const at = Math.floor(Date.now() / 1000);
  const signature = createHmac("sha256", key).update(`${id}.${at}.${body}`).digest("base64");
  const told = await fetch(`${address}/hook`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(at),
      "webhook-signature": `v1,${signature}`,
    },
    body,
  });
  await told.body?.cancel();
  if (asked.status !== 200 || told.status !== 204) throw new Error(`${asked.status}, ${told.status}`);
}

Deno.serve(
  {
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => console.log(JSON.stringify({ port })),
  },
  async (request) => {
    const [, count, concurrency] = new URL(request.url).pathname.split("/").map(Number);
    const begun = performance.now();
    let next = 0;
    const work = async () => {
      while (next < count!) await workflow(++next);
    };
    await Promise.all(Array.from({ length: concurrency! }, work));
    return Response.json({ seconds: (performance.now() - begun) / 1000 });
  },
);
