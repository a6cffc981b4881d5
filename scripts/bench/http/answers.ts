/**
 * The outside world of the benchmarks: a third-party API and a client endpoint that answer at once, in a process of
 * their own. They speak the least HTTP that keeps a connection, on bare sockets, so that they are not what is
 * measured: of a hundred messages the signature of one is checked.
 *
 * Started by stage.ts: `node answers.ts <secret>`. The first line of standard output says which port, as JSON.
 *
 * - `GET /companies?…`: the third party
 * - `POST /hook`: the client
 * - `GET /counts`: what was asked and told so far, as {@link Counts}
 */
import { createServer, type Socket } from "node:net";
import { Webhook } from "standardwebhooks";

/** What the outside world has seen. */
export interface Counts {
  asked: number;
  told: number;
  /** When the last question's first bytes came, in nanoseconds of the machine's clock (`process.hrtime`). */
  askedAt: string;
  /** Messages whose signature was checked and good. */
  verified: number;
  /** The last of them. */
  message: string;
  /** What was wrong with the first that was not in order. */
  fault: string | null;
}

const checkedOneIn = 100;
const webhook = new Webhook(process.argv[2]!);
const counts: Counts = { asked: 0, told: 0, askedAt: "0", verified: 0, message: "", fault: null };

const answer = (status: string, body?: string): string =>
  body === undefined
    ? `HTTP/1.1 ${status}\r\n\r\n`
    : `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const facts = answer("200 OK", JSON.stringify({ company: { sector: "Anvils", staff: 1200 } }));
const accepted = answer("204 No Content");

function check(head: string, body: string): void {
  const header = (name: string) => new RegExp(`^${name}: *(.*?)\\r?$`, "im").exec(head)?.[1] ?? "";
  const names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
  try {
    webhook.verify(body, Object.fromEntries(names.map((name) => [name, header(name)])));
    counts.verified++;
    counts.message = body;
  } catch (error) {
    counts.fault ??= `a message was not signed as it should be: ${(error as Error).message}`;
  }
}

/** Answers the requests that are complete in a text of one character a byte; returns what is left of it. */
function serve(socket: Socket, text: string): string {
  let out = "";
  for (;;) {
    const end = text.indexOf("\r\n\r\n");
    if (end === -1) break;
    let next = end + 4;
    if (text.startsWith("GET /companies?")) {
      counts.asked++;
      counts.askedAt = String(process.hrtime.bigint());
      out += facts;
    } else if (text.startsWith("GET /counts")) {
      out += answer("200 OK", JSON.stringify(counts));
    } else {
      const head = text.slice(0, end);
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? NaN);
      if (!head.startsWith("POST /hook ") || Number.isNaN(length)) {
        counts.fault ??= `nobody expected ${head.split("\r\n")[0]}`;
        socket.destroy();
        return "";
      }
      if (text.length < next + length) break;
      if (counts.told++ % checkedOneIn === 0)
        check(head, Buffer.from(text.slice(next, next + length), "latin1").toString("utf8"));
      next += length;
      out += accepted;
    }
    text = text.slice(next);
  }
  if (out !== "") socket.write(out);
  return text;
}

const server = createServer({ noDelay: true }, (socket) => {
  let rest = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk) => (rest = serve(socket, rest + String(chunk))));
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: (server.address() as { port: number }).port }));
});
