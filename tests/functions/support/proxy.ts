import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

/** A proxy that decides by name where requests may go, as the one of docs/egress.md does. */
export interface Proxy {
  url: string;
  /** What it was asked for: `CONNECT name:port` or `GET address`. */
  asked: string[];
  close(): Promise<void>;
}

/**
 * Starts it.
 *
 * @param names - names it knows, and the address of each; all others it refuses
 */
export async function startProxy(names: Readonly<Record<string, string>>): Promise<Proxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const url = new URL(request.url!);
    const address = names[url.hostname];
    if (address === undefined)
      return void response.writeHead(407).end("Egress proxying is denied to this host");
    const { method, headers } = request;
    const onward = httpRequest({
      hostname: address,
      port: url.port,
      path: url.pathname + url.search,
      method,
      headers,
    });
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.on("connect", (request, client: Socket) => {
    asked.push(`CONNECT ${request.url}`);
    const [host, port] = request.url!.split(":");
    const address = names[host!];
    client.on("error", () => {});
    if (address === undefined) return void client.end("HTTP/1.1 407 Request rejected by proxy\r\n\r\n");
    const onward = connect(Number(port), address, () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(client).pipe(onward);
    });
    onward.on("error", () => client.destroy());
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
