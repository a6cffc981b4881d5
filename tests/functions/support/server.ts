import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

/** A request as the server saw it. */
export interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  /** Names and values in the order they were sent. */
  rawHeaders: string[];
  body: string;
}

export type Answering = (request: Seen, response: ServerResponse) => void | Promise<void>;

/** A real HTTP server on the loopback interface. */
export interface TestServer {
  url: string;
  /** host:port. */
  host: string;
  seen: Seen[];
  close(): Promise<void>;
}

export async function startServer(answering: Answering): Promise<TestServer> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("error", () => {});
    request.on("end", () => {
      const { method = "", url = "", headers, rawHeaders } = request;
      const one = { method, url, headers, rawHeaders, body: Buffer.concat(parts).toString() };
      seen.push(one);
      void answering(one, response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    seen,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
