import { gzipSync } from "node:zlib";
import type { Answering } from "./server.ts";

/** An API that behaves as third parties do, good and bad, by path. */
export const api: Answering = (request, response) => {
  const path = request.url.split("?")[0]!;
  const json = (value: unknown, status = 200, headers: Record<string, string> = {}) =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
  switch (path) {
    case "/echo":
      return void json({ ...request, rawHeaders: undefined });
    case "/numbers":
      return void response.end('{"id": 12345678901234567890, "exact": 1.10, "huge": 1e400}');
    case "/unicode":
      return void response.end(
        `{"name": "Größe 東京 🏭", "bad": "a\\u0000b\\ud83c", "good": "\\ud83c\\udfed \\\\u0000"}`,
      );
    case "/latin1":
      response.setHeader("content-type", "application/json; charset=iso-8859-1");
      return void response.end(Buffer.from('{"city": "Malmö"}', "latin1"));
    case "/500":
      return void json({ error: "broken" }, 500);
    case "/html":
      response.writeHead(502, { "content-type": "text/html" });
      return void response.end(`<h1>Bad gateway\0</h1>${"🏭".repeat(2_000)}`);
    case "/429":
      return void json({ error: "slow down" }, 429, { "retry-after": "7", "x-other": "not reported" });
    case "/retry-twice":
      response.writeHead(503, ["retry-after", "3", "retry-after", "9", "content-type", "application/json"]);
      return void response.end("{}");
    case "/broken":
      response.setHeader("content-type", "application/json");
      return void response.end('{"items": [1, 2');
    case "/empty":
      return void response.end();
    case "/204":
      return void response.writeHead(204).end();
    case "/304":
      return void response.writeHead(304).end();
    case "/huge":
      response.writeHead(200, { "content-type": "application/json" });
      return void response.end(`"${"x".repeat(200_000)}"`);
    case "/endless": {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, "x")));
      };
      response.on("drain", more);
      return more();
    }
    case "/bomb":
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      return void response.end(gzipSync(Buffer.alloc(1_000_000, " ")));
    case "/silent":
      return;
    case "/hanging":
      response.writeHead(200, { "content-type": "application/json" });
      return void response.write('{"items": [');
    case "/redirect":
      return void response.writeHead(302, { location: "/echo?followed" }).end();
    case "/reset":
      return void response.socket!.resetAndDestroy();
    case "/cut":
      response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
      response.write('{"items": [');
      return void setImmediate(() => response.socket!.destroy());
    case "/slow":
      return void setTimeout(() => json({ slow: true }), 250);
    case "/deep":
      return void response.end(`${"[".repeat(10_000)}${"]".repeat(10_000)}`);
    default:
      return void json({ path }, 404);
  }
};
