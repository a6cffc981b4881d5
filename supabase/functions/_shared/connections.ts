/**
 * Connections that are used again. HTTP/1.1 numbers neither requests nor answers: which answer belongs to which request
 * follows from their order alone, so a server that says one thing too much would have every later request on that
 * connection answered with what belongs to the one before. Runtimes drop such a connection when a whole second answer
 * comes with the first; the rest they pass over or take for what comes next.
 *
 * So what a connection receives is counted here. It is used again only after an answer that ended exactly where it said
 * it would and some silence, less of it for a server that has been silent hundreds of times, and never after a byte that
 * nobody had asked for; and a server that has sent one such byte gets a connection for each request from then on.
 */
import { Buffer } from "node:buffer";
import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";

const END_OF_HEAD = "\r\n\r\n";
const LAST_CHUNK = "0\r\n\r\n";
const STEPS = 4;
const MAX_SERVERS = 10_000;
// Answers each followed by a whole rest: what sends two for one does so sooner.
const PROVEN_AFTER = 200;
// To one server. Beyond, a connection is closed: a new one costs less than thousands that are open.
const MAX_RESTING = 250;

/** What one connection receives. */
class Line {
  readonly #socket: Socket;
  #request: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  /** Bytes since the request began. */
  #received = 0;
  /** Bytes of the answer's head; 0 while its end has not come. */
  #head = 0;
  /** The latest bytes, as many as the last chunk has or more. */
  #latest: Buffer | undefined;
  #informed = false;
  #spoilt = false;
  readonly #strays: () => void;

  /** @param strays called when the server says more than it was asked */
  constructor(socket: Socket, strays: () => void) {
    this.#socket = socket;
    this.#strays = strays;
    // Ahead of the parser, which is attached by each request: what it makes of a part is not known yet.
    socket.on("data", (part: Buffer) => this.#hear(part));
    // While nobody asks, nobody else listens, and that ends the process.
    socket.on("error", () => {});
    // One that the runtime drops by itself is not given back.
    socket.on("close", () => void this.rest());
  }

  ask(request: ClientRequest): void {
    this.#request = request;
    this.#response = undefined;
    this.#received = this.#head = 0;
    this.#latest = undefined;
    this.#informed = false;
  }

  /** An answer before the answer: its head counts with neither. */
  inform(): void {
    this.#informed = true;
  }

  answer(response: IncomingMessage): void {
    this.#response = response;
  }

  #hear(part: Buffer): void {
    if (this.#request === undefined) {
      this.#strays();
      this.#socket.destroy();
      return;
    }
    // Its reader may not have got to its end yet, and shall: the connection goes when it is given back.
    if (this.#response?.complete === true) this.#spoilt = true;
    if (this.#spoilt) return;
    // What may begin in the part before: the end of the head, the last chunk.
    const before =
      this.#head === 0 || part.length < LAST_CHUNK.length ? this.#latest?.subarray(-4) : undefined;
    const latest = before === undefined ? part : Buffer.concat([before, part]);
    if (this.#head === 0) {
      const end = latest.indexOf(END_OF_HEAD);
      if (end >= 0) this.#head = this.#received - (before?.length ?? 0) + end + END_OF_HEAD.length;
    }
    this.#received += part.length;
    this.#latest = latest;
  }

  /** Ends the request; tells whether the connection is as it was before. */
  rest(): boolean {
    const request = this.#request;
    const isClean = request === undefined || this.#endsWhereItSaid(request);
    this.#request = this.#response = this.#latest = undefined;
    return isClean;
  }

  #endsWhereItSaid(request: ClientRequest): boolean {
    const response = this.#response;
    if (this.#head === 0 || response?.complete !== true) return false;
    const { headers, statusCode } = response;
    const isEmpty = request.method === "HEAD" || statusCode === 204 || statusCode === 304;
    // A second answer, or anything else that ends alike, the parser has refused already.
    if (!isEmpty && !this.#spoilt && headers["transfer-encoding"] !== undefined)
      return this.#latest!.subarray(-LAST_CHUNK.length).toString("latin1") === LAST_CHUNK;
    const excess = this.#received - this.#head - (isEmpty ? 0 : Number(headers["content-length"]));
    if (this.#spoilt || (excess > 0 && !this.#informed)) this.#strays();
    return excess === 0 && !this.#spoilt;
  }
}

const lines = new WeakMap<object, Line>();

/** Tells a connection of a request that begins on it. */
export function asks(request: ClientRequest): void {
  if (request.socket !== null) lines.get(request.socket)?.ask(request);
}

/** Tells a connection that an answer comes in more than one part. */
export function informs(request: ClientRequest): void {
  if (request.socket !== null) lines.get(request.socket)?.inform();
}

/** Tells a connection of an answer that begins on it. */
export function answers(request: ClientRequest, response: IncomingMessage): void {
  if (request.socket !== null) lines.get(request.socket)?.answer(response);
}

/** What is known of servers (`host:port`): which have said more than they were asked, and how often each did not. */
export class Servers {
  readonly #strayed = new Set<string>();
  readonly #silences = new Map<string, number>();

  hasStrayed(server: string): boolean {
    return this.#strayed.has(server);
  }

  strays(server: string): void {
    this.#strayed.add(server);
    this.#silences.delete(server);
    if (this.#strayed.size > MAX_SERVERS) this.#strayed.delete(first(this.#strayed));
  }

  isProven(server: string): boolean {
    return (this.#silences.get(server) ?? 0) >= PROVEN_AFTER;
  }

  /** A connection has rested, and nothing came. */
  wasSilent(server: string): void {
    const silences = this.#silences.get(server) ?? 0;
    if (silences >= PROVEN_AFTER || this.#strayed.has(server)) return;
    this.#silences.set(server, silences + 1);
    if (this.#silences.size > MAX_SERVERS) this.#silences.delete(first(this.#silences.keys()));
  }
}

const first = (servers: Iterable<string>): string => servers[Symbol.iterator]().next().value!;

type Connect = (this: Agent, to: { host: string; port: number | string }, ...more: unknown[]) => Socket;

/** Milliseconds of silence after which a connection is used again. */
export interface Rest {
  usual: number;
  /** After an answer of a server that was silent hundreds of times. */
  proven: number;
}

/**
 * Has an agent use a connection again only when it is certain that nothing is left on it.
 *
 * @param rest what was sent with an answer may come a little later, and once the next request is under way nothing tells
 * one from the other
 */
export function guarded<A extends Agent>(agent: A, rest: Rest, servers: Servers): A {
  const { createConnection, emit } = agent as unknown as { createConnection: Connect; emit: Agent["emit"] };
  const restingTo = new Map<string, number>();
  const usually = shelf(rest.usual);
  const proven = shelf(rest.proven);

  return Object.assign(agent, {
    createConnection(this: Agent, ...to: Parameters<Connect>): Socket {
      const socket = createConnection.apply(this, to);
      const [{ host, port }] = to;
      lines.set(socket, new Line(socket, () => servers.strays(`${host}:${port}`)));
      return socket;
    },
    emit(event: string, ...told: unknown[]): boolean {
      const say = () => emit.call(agent, event, ...told);
      if (event !== "free") return say();
      const [socket, { host, port }] = told as [Socket, { host: string; port: number | string }];
      const server = `${host}:${port}`;
      const others = restingTo.get(server) ?? 0;
      if (lines.get(socket)?.rest() !== true || others >= MAX_RESTING || servers.hasStrayed(server)) {
        socket.destroy();
        return true;
      }
      restingTo.set(server, others + 1);
      const isProven = servers.isProven(server);
      (isProven ? proven : usually)(() => {
        const left = restingTo.get(server)! - 1;
        if (left === 0) restingTo.delete(server);
        else restingTo.set(server, left);
        if (servers.hasStrayed(server)) socket.destroy();
        else if (!socket.destroyed) {
          if (!isProven) servers.wasSilent(server);
          say();
        }
      });
      return true;
    },
  });
}

/** A place where something waits so many milliseconds for its turn, or none; what came first goes first. */
function shelf(milliseconds: number): (go: () => void) => void {
  const waiting: { until: number; go: () => void }[] = [];
  let step = 0;
  let isWaiting = false;

  // In steps, for a machine that stands still now and then: meanwhile nothing could have come.
  const wait = (): void => {
    isWaiting = true;
    setTimeout(look, milliseconds / STEPS).unref();
  };
  // What has arrived is heard first: timers come before it in a process that is late.
  const look = (): void =>
    void setImmediate(() => {
      step++;
      while (waiting.length > 0 && waiting[0]!.until <= step) waiting.shift()!.go();
      isWaiting = false;
      if (waiting.length > 0) wait();
    });

  return (go) => {
    if (milliseconds === 0) return go();
    // The step under way is not a whole one.
    waiting.push({ until: step + STEPS + 1, go });
    if (!isWaiting) wait();
  };
}
