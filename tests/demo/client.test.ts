import { afterEach, expect, it } from "vitest";
import { Webhook } from "standardwebhooks";
import { startClient, type Client } from "../../scripts/demo/client.ts";

const secret = `whsec_${Buffer.from("a secret of twenty-four b").toString("base64")}`;
let client: Client;

afterEach(() => client.stop());

interface Sending {
  id?: string;
  secret?: string;
  at?: Date;
  text?: string;
  /** What is sent although another text was signed. */
  instead?: string;
}

async function deliver(options: Sending = {}): Promise<number> {
  const id = options.id ?? "msg_1";
  const at = options.at ?? new Date();
  const text =
    options.text ?? JSON.stringify({ type: "activity_request.done", timestamp: "", data: { objects: [] } });
  const response = await fetch(client.url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": new Webhook(options.secret ?? secret).sign(id, at, text),
    },
    body: options.instead ?? text,
  });
  return response.status;
}

it("takes a message with a good signature", async () => {
  client = await startClient({ secret, failFirst: false });
  expect(await deliver()).toBe(200);
  expect([...client.messages.keys()]).toEqual(["msg_1"]);
  expect(client.messages.get("msg_1")).toMatchObject({
    body: { type: "activity_request.done" },
    attempts: [{ status: 200 }],
    unchanged: true,
  });
});

it("refuses a message that is signed with another secret, was changed, is old or has no signature", async () => {
  client = await startClient({ secret, failFirst: false });
  const other = `whsec_${Buffer.from("quite another secret here").toString("base64")}`;
  expect(await deliver({ secret: other })).toBe(401);
  expect(
    await deliver({ instead: '{"type": "activity_request.done", "timestamp": "", "data": {"more": 1}}' }),
  ).toBe(401);
  expect(await deliver({ at: new Date(Date.now() - 3_600_000) })).toBe(401);
  expect((await fetch(client.url, { method: "POST", body: "{}" })).status).toBe(401);
  expect(client.messages.size).toBe(0);
  expect(client.rejected).toHaveLength(4);
});

it("says 500 to the first message once, and knows it again by its id", async () => {
  client = await startClient({ secret });
  expect(await deliver({ id: "msg_1" })).toBe(500);
  expect(await deliver({ id: "msg_2" })).toBe(200);
  expect(await deliver({ id: "msg_1" })).toBe(200);
  expect(client.messages.size).toBe(2);
  expect(client.messages.get("msg_1")!.attempts.map(({ status }) => status)).toEqual([500, 200]);
});

it("does not spend its failure on a message it refuses", async () => {
  client = await startClient({ secret });
  expect(await deliver({ at: new Date(0) })).toBe(401);
  expect(await deliver()).toBe(500);
});

it("notices a message that does not say the same again", async () => {
  client = await startClient({ secret });
  await deliver({ text: '{"type": "a", "timestamp": "", "data": {}}' });
  await deliver({ text: '{"type": "b", "timestamp": "", "data": {}}' });
  expect(client.messages.get("msg_1")!.unchanged).toBe(false);
});
