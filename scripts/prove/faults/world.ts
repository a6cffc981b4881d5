/**
 * The outside world of the faults, in a process of its own: a third party and a client that remember everything they
 * were asked and told, hold their answers until they are let go, and misbehave when they are told to.
 *
 * Started by load.ts: `node world.ts <webhook secret>`. The first line of standard output says which port, as JSON.
 *
 * - `GET /companies?domain=d12.test`: the third party; what it knows of a company follows from the number
 * - `POST /hook`: the client
 * - `POST /control`: changes {@link Manners}
 * - `GET /now`, `GET /seen`: {@link Now}, {@link Seen}
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { Webhook } from "standardwebhooks";
import { faultsOf, type Misbehaviour } from "./misbehaviour.ts";

/** How the world behaves. */
export interface Manners {
  /** Answers of the third party wait until this is false again. */
  holdAsks: boolean;
  /** Answers of the client wait until this is false again. */
  holdHooks: boolean;
  /** Milliseconds an answer takes, at least and at most. */
  delay: [number, number];
  /** Misbehaves towards the companies that this seed says, as often and as it says. */
  misbehaveWith: number | null;
  /** Of a hundred messages, so many are refused with a 500 the first time. */
  refusedMessages: number;
}

/** What is going on. */
export interface Now {
  /** Questions that wait for their answer; their sender still listens. */
  asksOpen: number;
  hooksOpen: number;
  asks: number;
  hooks: number;
  badAnswers: number;
}

/** A message the client has seen. */
export interface SeenMessage {
  times: number;
  accepted: number;
  activity: string;
  /** All sightings had the same text. */
  unchanged: boolean;
}

/** What was seen so far. */
export interface Seen {
  /** By domain: how often it was asked for, and how often the answer was good. */
  asked: Record<string, { times: number; good: number; bad: Partial<Record<Misbehaviour, number>> }>;
  /** By webhook-id. */
  messages: Record<string, SeenMessage>;
  /** What was not in order: a signature, a request nobody expected. */
  faults: string[];
}

const webhook = new Webhook(process.argv[2]!);
const manners: Manners = {
  holdAsks: false,
  holdHooks: false,
  delay: [0, 0],
  misbehaveWith: null,
  refusedMessages: 0,
};
const now: Now = { asksOpen: 0, hooksOpen: 0, asks: 0, hooks: 0, badAnswers: 0 };
const asked: Seen["asked"] = {};
const messages = new Map<string, SeenMessage & { hash: string }>();
const faults: string[] = [];
const held = { asks: new Set<() => void>(), hooks: new Set<() => void>() };

function fault(text: string): void {
  if (faults.length < 20) faults.push(text);
}

/** Runs an answer when it may be given: not at all when the other side has gone. */
function whenAllowed(kind: "asks" | "hooks", response: ServerResponse, answer: () => void): void {
  const count = kind === "asks" ? "asksOpen" : "hooksOpen";
  const isHeld = () => (kind === "asks" ? manners.holdAsks : manners.holdHooks);
  now[count]++;
  const go = () => {
    held[kind].delete(go);
    if (!response.destroyed) answer();
  };
  // Counted as open until the answer is out or the other side has hung up.
  response.once("close", () => {
    now[count]--;
    held[kind].delete(go);
  });
  const [least, most] = manners.delay;
  const delay = least + Math.random() * (most - least);
  if (isHeld()) held[kind].add(go);
  else if (delay > 0) setTimeout(go, delay);
  else go();
}

const json = (response: ServerResponse, status: number, text: string): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(text);
};

/** What the third party knows of a company. */
const factsOf = (n: number): string => JSON.stringify({ company: { sector: `sector ${n}`, staff: n } });

/** Answers as badly as it is told. */
function misbehave(kind: Misbehaviour, response: ServerResponse, n: number): void {
  now.badAnswers++;
  const { socket } = response;
  const facts = factsOf(n);
  const head = (length: number, more = "") =>
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n${more}\r\n`;
  switch (kind) {
    case "garbage":
      return void response
        .writeHead(200, { "content-type": "application/json" })
        .end(Buffer.from(Array.from({ length: 300 }, () => Math.floor(Math.random() * 256))));
    case "html":
      return void response.writeHead(200, { "content-type": "text/html" }).end("<h1>Back soon</h1>");
    case "not http":
      return void socket?.end("\x00\xff SSH-2.0-OpenSSH_9.2\r\n\r\n");
    case "half":
      return void socket?.end(head(facts.length) + facts.slice(0, facts.length >> 1));
    case "half, as if whole":
      return json(response, 200, facts.slice(0, facts.length >> 1));
    case "broken gzip": {
      const packed = gzipSync(facts);
      return void socket?.end(
        Buffer.concat([
          Buffer.from(head(packed.length - 6, "content-encoding: gzip\r\n")),
          packed.subarray(0, packed.length - 6),
        ]),
      );
    }
    case "nothing":
      // Neither an answer nor an end: the sender has to give up by itself.
      return;
    case "reset":
      return void socket?.resetAndDestroy();
    case "500":
      return json(response, 500, '{"error": "try again"}');
    case "429":
      return void response.writeHead(429, { "retry-after": "1" }).end();
    case "other facts":
      // Well-formed, and nothing of what was asked for: the wrong shape for every path.
      return json(response, 200, '{"company": [[[[null]]]], "staff": {"sector": 1e400}}');
    case "twice":
      // The second one comes to a connection nobody has asked anything on, and is that of nobody.
      response.once(
        "finish",
        () => void (socket?.writable && socket.write(head(factsOf(0).length) + factsOf(0))),
      );
      return json(response, 200, facts);
  }
}

function ask(request: IncomingMessage, response: ServerResponse): void {
  const domain = new URL(request.url!, "http://x").searchParams.get("domain") ?? "";
  const n = Number(/^d(\d+)\.test$/.exec(domain)?.[1] ?? NaN);
  if (Number.isNaN(n)) return void (fault(`nobody is called ${domain}`), json(response, 404, "{}"));
  now.asks++;
  const entry = (asked[domain] ??= { times: 0, good: 0, bad: {} });
  const bad = manners.misbehaveWith === null ? [] : faultsOf(manners.misbehaveWith, n);
  const kind = bad[entry.times++];
  whenAllowed("asks", response, () => {
    if (kind === undefined) {
      entry.good++;
      return json(response, 200, factsOf(n));
    }
    entry.bad[kind] = (entry.bad[kind] ?? 0) + 1;
    if (kind === "twice") entry.good++;
    misbehave(kind, response, n);
  });
}

function hear(request: IncomingMessage, response: ServerResponse, body: string): void {
  now.hooks++;
  const id = String(request.headers["webhook-id"]);
  const hash = createHash("sha1").update(body).digest("base64");
  try {
    webhook.verify(body, request.headers as Record<string, string>);
  } catch (error) {
    fault(`message ${id} was not signed as it should be: ${(error as Error).message}`);
  }
  const told = JSON.parse(body) as { data: { activity_request_id?: string; workflow_request_id: string } };
  const activity = told.data.activity_request_id ?? told.data.workflow_request_id;
  const seen = messages.get(id) ?? { times: 0, accepted: 0, activity, unchanged: true, hash };
  messages.set(id, seen);
  seen.times++;
  if (seen.hash !== hash || seen.activity !== activity) seen.unchanged = false;
  const refuses = seen.times === 1 && parseInt(id.slice(-4), 16) % 100 < manners.refusedMessages;
  whenAllowed("hooks", response, () => {
    if (refuses) return void response.writeHead(500).end();
    seen.accepted++;
    response.writeHead(204).end();
  });
}

function control(change: Partial<Manners>): void {
  Object.assign(manners, change);
  if (!manners.holdAsks) for (const go of [...held.asks]) go();
  if (!manners.holdHooks) for (const go of [...held.hooks]) go();
}

// What is wrong with this process is no fault of the engine's, and must not pass for one.
process.on("uncaughtException", (error) => fault(`it failed itself: ${error.stack}`));

const server = createServer((request, response) => {
  request.on("error", () => {});
  response.on("error", () => {});
  let body = "";
  request.setEncoding("utf8").on("data", (part: string) => (body += part));
  request.on("end", () => {
    if (request.url!.startsWith("/companies?")) return ask(request, response);
    if (request.url === "/hook") return hear(request, response, body);
    if (request.url === "/control") {
      control(JSON.parse(body) as Partial<Manners>);
      return json(response, 200, JSON.stringify(now));
    }
    if (request.url === "/now") return json(response, 200, JSON.stringify(now));
    if (request.url === "/seen") {
      const seen: Seen = { asked, messages: Object.fromEntries(messages), faults };
      return json(response, 200, JSON.stringify(seen));
    }
    fault(`nobody expected ${request.method} ${request.url}`);
    response.writeHead(404).end();
  });
});
// As long as the functions': a connection they keep is not closed from here while they send on it.
server.keepAliveTimeout = 0;
server.requestTimeout = 0;
server.on("clientError", (_, socket) => socket.destroy());
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  console.log(JSON.stringify({ port: (server.address() as { port: number }).port }));
});
