/** The third party and the client of the model's workflows: one server on loopback, with the faults of its seed. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { chance, type Fault, fateOf, pageOf, questionOf, valueOf } from "./case.ts";

/** What the engine asks. */
interface Question {
  case: number;
  node: string;
  source: string;
  about: { k: string }[];
  ask: string[];
  cursor: number | null;
}

/** The running third party and client. */
export interface World {
  url: string;
  /** How often each question was answered, by fault or `ok`. */
  answers: Map<string, Record<string, number>>;
  /** Messages by `webhook-id`: what they say, how often they came, how often they were accepted. */
  messages: Map<string, { body: string; came: number; accepted: number }>;
  /** What should not happen: another text under the same id. */
  troubles: string[];
  stop(): Promise<void>;
}

/** Milliseconds after which a late answer comes; longer than the sources' time limit. */
const lateness = 2_600;

/** Starts it. */
export async function startWorld(seed: number): Promise<World> {
  const answers: World["answers"] = new Map();
  const messages: World["messages"] = new Map();
  const troubles: string[] = [];
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      troubles.push(String(error));
      response.destroy();
    });
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    if (request.url === "/hook") receive(request.headers["webhook-id"] as string, text, response);
    else await answer(JSON.parse(text) as Question, response);
  }

  function receive(id: string, body: string, response: ServerResponse): void {
    const message = messages.get(id) ?? { body, came: 0, accepted: 0 };
    messages.set(id, message);
    if (message.body !== body) troubles.push(`${id} says something else when it comes again`);
    const { type, data } = JSON.parse(body) as { type: string; data: Record<string, string> };
    const refusals = Math.floor(chance(seed, type, data.activity_key ?? "", data.org_id!) * 4) - 1;
    const accepted = message.came++ >= refusals;
    if (accepted) message.accepted++;
    response.writeHead(accepted ? 204 : 503).end();
  }

  async function answer(question: Question, response: ServerResponse): Promise<void> {
    const page = question.cursor ?? 1;
    const about = question.about[0]?.k ?? "-";
    const id = questionOf(question.case, question.node, question.source, about, page);
    const fate = fateOf(seed, id);
    const counts = answers.get(id) ?? {};
    answers.set(id, counts);
    const attempt = Object.values(counts).reduce((sum, one) => sum + one, 0);
    const fault = fate.always ?? fate.faults[attempt];
    counts[fault ?? "ok"] = (counts[fault ?? "ok"] ?? 0) + 1;
    if (fault !== undefined && fault !== "late") return spoil(fault, response);
    if (fault === "late") await delay(lateness);
    const json = question.source.startsWith("f") ? searched(id, page) : known(id, question, about);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(json));
  }

  function searched(id: string, page: number): object {
    const { keys, more } = pageOf(seed, id, page);
    return { things: keys.map((k) => ({ k })), next: more ? page + 1 : null };
  }

  function known(id: string, { ask }: Question, k: string): object {
    const thing: Record<string, string | null> = { k };
    for (const name of ask) thing[name] = valueOf(seed, id, Number(name.split("_")[1]));
    return { things: chance(seed, id, "twice") < 0.2 ? [thing, thing] : thing };
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    messages,
    troubles,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function spoil(fault: Exclude<Fault, "late">, response: ServerResponse): void {
  switch (fault) {
    case "reset":
      // In the middle of the answer: before it, a sender may ask once more by itself.
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write('{"things": ', () => response.destroy());
      return;
    case "broken":
      response.writeHead(200, { "content-type": "application/json" }).end('{"things": [');
      return;
    case "429":
      response.writeHead(429, { "retry-after": "0" }).end("{}");
      return;
    default:
      response.writeHead(Number(fault), { "content-type": "application/json" }).end("{}");
  }
}
