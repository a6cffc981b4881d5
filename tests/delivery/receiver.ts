import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env["WEBHOOK_SECRET"]!);
// In a real receiver a table with a unique index, written in the transaction of what the message leads to.
const known = new Set<string>();

export async function receive(request: Request): Promise<Response> {
  const body = await request.text();
  let message: { type: string; data: unknown };
  try {
    message = webhook.verify(body, Object.fromEntries(request.headers)) as typeof message;
  } catch {
    return new Response("not signed by us, or too old", { status: 401 });
  }
  const id = request.headers.get("webhook-id")!;
  if (!known.has(id)) {
    known.add(id);
    console.log(message.type, message.data);
  }
  return new Response(null, { status: 204 });
}
