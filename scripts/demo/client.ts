/**
 * The client of the demo: the address that messages go to. It checks each signature with a library, as a client
 * should, and answers the first message it gets with 500, as a client sometimes does.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { close, listen, readBody, send } from "./http.ts";

/** What a message says. */
export interface MessageBody {
  type: string;
  timestamp: string;
  data: Record<string, unknown>;
}

/** One attempt to deliver a message. */
export interface Attempt {
  /** Milliseconds since the epoch. */
  at: number;
  /** What the client answered. */
  status: number;
}

/** A message with a good signature. */
export interface Message {
  /** The header `webhook-id`. */
  id: string;
  body: MessageBody;
  attempts: Attempt[];
  /** Whether the text was the same on every attempt. */
  unchanged: boolean;
}

/** Settings of the client. */
export interface ClientOptions {
  /** The secret it shares with the engine, `whsec_<base64>`. */
  secret: string;
  /** Whether the first message is answered with 500 on its first attempt; true by default. */
  failFirst?: boolean;
  /** Milliseconds it takes for an answer; 0 by default. */
  slowness?: number;
}

/** The running client. */
export interface Client {
  url: string;
  /** Messages with a good signature, by id. */
  messages: Map<string, Message>;
  /** Why requests were refused: a bad signature, an old timestamp. */
  rejected: string[];
  stop(): Promise<void>;
}

/** Starts the client. */
export async function startClient(options: ClientOptions): Promise<Client> {
  const webhook = new Webhook(options.secret);
  const messages = new Map<string, Message>();
  const texts = new Map<string, string>();
  const rejected: string[] = [];
  const halt = new AbortController();
  let mayFail = options.failFirst ?? true;

  const { server, url } = await listen(async (request, response) => {
    const at = Date.now();
    const text = await readBody(request);
    if (request.method !== "POST") return send(response, 405, { error: "messages come by POST" });
    let body: MessageBody;
    try {
      body = webhook.verify(text, request.headers as Record<string, string>) as MessageBody;
    } catch (error) {
      rejected.push((error as Error).message);
      return send(response, 401, { error: (error as Error).message });
    }
    const id = String(request.headers["webhook-id"]);
    const status = mayFail ? 500 : 200;
    mayFail = false;
    const message = messages.get(id) ?? { id, body, attempts: [], unchanged: true };
    message.attempts.push({ at, status });
    message.unchanged &&= (texts.get(id) ?? text) === text;
    messages.set(id, message);
    texts.set(id, text);
    if (options.slowness) {
      await delay(options.slowness, undefined, { signal: halt.signal, ref: false }).catch(() => {});
    }
    if (status === 200) return send(response, 200, { received: id });
    send(response, status, { error: "not now" });
  });

  return {
    url: `${url}/hook`,
    messages,
    rejected,
    async stop() {
      halt.abort();
      await close(server);
    },
  };
}
