import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createBrotliCompress, deflateRawSync, constants } from "node:zlib";

/** A server that speaks HTTP as no server should, by path. */
export interface RawServer {
  host: string;
  port: number;
  /** How often each address (path and query) was asked for. */
  asked: Map<string, number>;
  /** Connections made so far. */
  connections: number;
  close(): Promise<void>;
}

const lines = (...text: string[]) => text.join("\r\n");

/** Ten megabytes of nothing, compressed such that they can be repeated: a hundred times, they are a gigabyte. */
const block = deflateRawSync(Buffer.alloc(10_000_000), { finishFlush: constants.Z_FULL_FLUSH });

type Act = (socket: Socket, nth: number) => void;

const say =
  (...text: string[]): Act =>
  (socket) =>
    void socket.write(lines(...text));
const sayAndEnd =
  (...text: string[]): Act =>
  (socket) =>
    void socket.end(lines(...text));

/** Says something, then the same thing as long as anybody listens. */
const flood =
  (head: string, chunk: string | Buffer): Act =>
  (socket) => {
    socket.write(head);
    const more = () => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on("drain", more);
    more();
  };

/** Says something, then a little now and again. */
const drip =
  (head: string, text: string, every: number): Act =>
  (socket) => {
    socket.write(head);
    const timer = setInterval(() => void socket.write(text), every);
    socket.on("close", () => clearInterval(timer));
  };

const bomb =
  (encoding: string, head: Buffer): Act =>
  (socket) => {
    socket.write(lines("HTTP/1.1 200 OK", `content-encoding: ${encoding}`, "connection: close", "", ""));
    socket.write(head);
    let left = 100;
    const more = () => {
      while (left-- > 0 && !socket.destroyed && socket.write(block));
      if (left < 0) socket.end();
    };
    socket.on("drain", more);
    more();
  };

const brotliBomb: Act = (socket) => {
  socket.write(lines("HTTP/1.1 200 OK", "content-encoding: br", "connection: close", "", ""));
  const packer = createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
  let left = 1_000;
  const more = () => {
    while (left-- > 0 && !socket.destroyed && packer.write(Buffer.alloc(1_000_000)));
    if (left < 0) packer.end();
  };
  packer.on("drain", more);
  packer.pipe(socket);
  socket.on("close", () => packer.destroy());
  more();
};

const ok = "HTTP/1.1 200 OK";
const chunked = "transfer-encoding: chunked";
const json = lines(ok, "content-length: 2", "", "{}");

const acts: Record<string, Act> = {
  "/ok": say(json),
  "/headers": flood(
    `${ok}\r\n`,
    Array.from({ length: 500 }, (_, n) => `x-${n}: ${"y".repeat(50)}\r\n`).join(""),
  ),
  "/long-header": flood(`${ok}\r\nx: `, "y".repeat(65_536)),
  "/long-status": flood("HTTP/1.1 200 ", "y".repeat(65_536)),
  "/header-drip": drip(`${ok}\r\n`, "x-a: b\r\n", 40),
  "/body-drip": drip(lines(ok, "content-length: 1000", "", ""), "1", 40),
  "/early-hints": flood("", lines("HTTP/1.1 103 Early Hints", "link: x", "", "").repeat(500)),
  "/switch": drip(
    lines("HTTP/1.1 101 Switching Protocols", "upgrade: x", "connection: upgrade", "", ""),
    "x",
    40,
  ),
  "/chunk-extension": flood(lines(ok, chunked, "", "1;"), "e".repeat(65_536)),
  "/tiny-chunks": flood(lines(ok, chunked, "", ""), "1\r\n1\r\n".repeat(5_000)),
  "/trailers": flood(lines(ok, chunked, "", "1", "1", "0", ""), "t: yyyyyyyyyyyyyyyyyy\r\n".repeat(2_000)),
  "/too-short": sayAndEnd(ok, "content-length: 100", "", "{}"),
  "/no-last-chunk": sayAndEnd(ok, chunked, "", "2", "{}", ""),
  "/two-lengths": say(ok, "content-length: 2", "content-length: 4", "", "{}xx"),
  "/two-framings": say(ok, "content-length: 4", chunked, "", "2", "{}", "0", "", ""),
  "/length-below-zero": sayAndEnd(ok, "content-length: -5", "", "{}"),
  "/length-beyond-all": say(ok, "content-length: 99999999999999999999999", "", "{}"),
  "/length-beyond-limit": say(ok, "content-length: 100001", "", "{}"),
  "/bad-chunk": sayAndEnd(ok, chunked, "", "ZZ", "{}", "0", "", ""),
  "/no-http": sayAndEnd("hello", "", ""),
  // What follows the answer is the answer to nothing.
  "/too-long": say(ok, "content-length: 2", "", `{}${ok}`, "content-length: 6", "", `"evil"`),
  "/until-the-end": sayAndEnd("HTTP/1.0 200 OK", "", `{"a": 1}`),
  "/reset": (socket) => void socket.resetAndDestroy(),
  // The first time only, as a server does that closes an idle connection just then.
  "/stale": (socket, nth) => void (nth === 1 ? socket.destroy() : socket.write(json)),
  "/silent": () => {},
  "/bomb-gzip": bomb("gzip", Buffer.from("1f8b0800000000000003", "hex")),
  "/bomb-deflate": bomb("deflate", Buffer.from("789c", "hex")),
  "/bomb-raw": bomb("deflate", Buffer.alloc(0)),
  "/bomb-br": brotliBomb,
  "/in-two": say(ok, "content-encoding: gzip, gzip", "content-length: 2", "", "{}"),
  "/not-gzip": say(ok, "content-encoding: gzip", "content-length: 2", "", "{}"),
};

/** The paths it knows. */
export const rawPaths = Object.keys(acts);

export async function startRawServer(): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const asked = new Map<string, number>();
  const server = createServer((socket) => {
    raw.connections++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let request = "";
    socket.on("data", (data) => {
      request += data.toString("latin1");
      const end = request.indexOf("\r\n\r\n");
      const length = Number(/content-length: *(\d+)/i.exec(request)?.[1] ?? 0);
      if (end < 0 || request.length < end + 4 + length) return;
      const address = request.split(" ")[1]!;
      request = "";
      const nth = (asked.get(address) ?? 0) + 1;
      asked.set(address, nth);
      (acts[address.split("?")[0]!] ?? acts["/no-http"]!)(socket, nth);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const raw: RawServer = {
    host: `127.0.0.1:${port}`,
    port,
    asked,
    connections: 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return raw;
}
