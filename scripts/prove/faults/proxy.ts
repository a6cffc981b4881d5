/** A TCP proxy that cuts connections in the middle of what is said. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** A proxy at work. */
export interface Proxy {
  port: number;
  /** Connections cut so far. */
  cuts: number;
  /** Cuts every connection after so many more bytes, whichever way they go; null leaves them alone again. */
  cutAfter(bytes: (() => number) | null): void;
  stop(): Promise<void>;
}

interface Pair {
  client: Socket;
  server: Socket;
  /** Bytes that still go through; null as many as there are. */
  left: number | null;
}

/** Starts a proxy to a port of this machine. */
export async function startProxy(target: number): Promise<Proxy> {
  const pairs = new Set<Pair>();
  let cutting: (() => number) | null = null;

  function cut(pair: Pair): void {
    proxy.cuts++;
    pairs.delete(pair);
    // One side learns it by a reset, the other by an end, as behind a broken line.
    pair.client.resetAndDestroy();
    pair.server.destroy();
  }

  function pass(pair: Pair, from: Socket, to: Socket): void {
    from.on("data", (chunk: Buffer) => {
      if (pair.left === null || chunk.length < pair.left) {
        if (pair.left !== null) pair.left -= chunk.length;
        if (!to.write(chunk)) from.pause();
        return;
      }
      // What was said up to here arrives: a length without its message, half a row, half a header.
      to.write(chunk.subarray(0, pair.left), () => cut(pair));
      from.removeAllListeners("data");
      pair.left = 0;
    });
    to.on("drain", () => from.resume());
    from.on("end", () => to.end());
    const close = () => {
      pairs.delete(pair);
      to.destroy();
    };
    from.on("error", close);
    from.on("close", close);
  }

  const server: Server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: target, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    const pair: Pair = { client, server: upstream, left: cutting?.() ?? null };
    pairs.add(pair);
    pass(pair, client, upstream);
    pass(pair, upstream, client);
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
  await once(server, "listening");
  const proxy: Proxy = {
    port: (server.address() as { port: number }).port,
    cuts: 0,
    cutAfter(bytes) {
      cutting = bytes;
      for (const pair of pairs) pair.left = bytes?.() ?? null;
    },
    async stop() {
      for (const { client, server: upstream } of pairs) {
        client.destroy();
        upstream.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
