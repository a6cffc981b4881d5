/** `npm run ingest`: takes a file of rows into a client's table, whatever its size. */
import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { basename, extname } from "node:path";
import { parseArgs } from "node:util";
import { DatabaseError } from "../supabase/functions/_shared/client.ts";
import { createPgPort } from "../supabase/functions/_shared/client-pg.ts";
import { ClientStore, sendRows, type Upload } from "../supabase/functions/_shared/clients.ts";
import { formats, readRows, UnreadableFile, type Format } from "../supabase/functions/_shared/rows.ts";
import { command, UsageError } from "./lib/ask.ts";
import { dim } from "./lib/console.ts";
import { DeployError, readTarget } from "./lib/deploy.ts";

const help = `npm run ingest -- FILE --client ID [options]

Takes the rows of a file into a client's table, in the database of DATABASE_URL. The fields are found out, their values made
so; what cannot be stored is told, and the rest is in. Stopped half-way, even by a power cut, it goes on with --resume.

--client ID      the client, a row of public.clients
--type NAME      what the rows are: orders, products; "data" when not given
--format NAME    csv, tsv, ndjson or json (an array of objects); by the end of the file's name when not given
--encoding NAME  how the file is written: utf-8 when not given; windows-1252, shift_jis, utf-16le, …
--resume         goes on with this very file where it stopped
--again          takes in once more a file that is in already
--json           prints one JSON object at the end

The first line of CSV and TSV names the fields; an empty cell is no value; what separates cells (, ; | tab) is found out.

Exit codes: 0 all in · 1 failed, or refused, as told · 2 wrong arguments · 3 in, but for the rows that are told`;

interface Options {
  file: string;
  size: number;
  client: string;
  type: string | null;
  format: Format;
  encoding: string;
  ifBegun: "refuse" | "resume" | "again";
  json: boolean;
}

function readOptions(): Options | null {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        client: { type: "string" },
        type: { type: "string" },
        format: { type: "string" },
        encoding: { type: "string", default: "utf-8" },
        resume: { type: "boolean", default: false },
        again: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.help) return null;
  const [file, ...rest] = positionals;
  if (file === undefined || rest.length > 0) throw new UsageError("One file, please.");
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(values.client ?? ""))
    throw new UsageError("--client is the id of a row of public.clients.");
  if (values.resume && values.again) throw new UsageError("Either --resume or --again.");
  const ending = extname(file).slice(1).toLowerCase();
  const format = values.format ?? { jsonl: "ndjson", tab: "tsv" }[ending] ?? ending;
  if (!(formats as readonly string[]).includes(format))
    throw new UsageError(`What is in ${basename(file)}? --format is ${formats.join(", ")}.`);
  try {
    new TextDecoder(values.encoding);
  } catch {
    throw new UsageError(`Nothing is known of an encoding ${values.encoding}.`);
  }
  let size: number;
  try {
    const stats = statSync(file);
    if (!stats.isFile()) throw new Error("it is no file");
    size = stats.size;
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}.`);
  }
  return {
    file,
    size,
    client: values.client!,
    type: values.type ?? null,
    format: format as Format,
    encoding: values.encoding,
    ifBegun: values.resume ? "resume" : values.again ? "again" : "refuse",
    json: values.json,
  };
}

async function fingerprintOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

const figure = (n: number): string => n.toLocaleString("en");

/** A line that is written over itself where somebody looks on, one every few seconds where nobody does. */
function progress(size: number, read: () => number): (upload: Upload) => void {
  const started = performance.now();
  let before = 0;
  let told = 0;
  return ({ taken, failed }) => {
    before ||= taken;
    const now = performance.now();
    if (!process.stderr.isTTY && now - told < 2_000) return;
    told = now;
    const share = size === 0 ? 100 : Math.floor((100 * Math.min(read(), size)) / size);
    const rate = Math.round((taken - before) / Math.max((now - started) / 1000, 0.001));
    const text = `${figure(taken)} rows, ${share} %, ${figure(rate)} a second${failed > 0 ? `, ${figure(failed)} not stored` : ""}`;
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
  };
}

async function ingest(options: Options, signal: AbortSignal): Promise<Upload> {
  if (!process.env.DATABASE_URL) throw new UsageError("Which database? DATABASE_URL says it.");
  const target = readTarget(process.env.DATABASE_URL);
  const store = new ClientStore(createPgPort(target.url, 1));
  try {
    const begun = await store.begin({
      clientId: options.client,
      dataType: options.type,
      fileName: basename(options.file),
      fingerprint: await fingerprintOf(options.file),
      ifBegun: options.ifBegun,
      asUser: null,
    });
    if (begun.finished_at !== null) return begun;
    if (begun.taken > 0) console.error(dim(`${figure(begun.taken)} rows are in already.`));
    const bytes = createReadStream(options.file, { highWaterMark: 256 * 1024 });
    return await sendRows(store, begun, readRows(bytes, options.format, options.encoding), {
      signal,
      onPart: progress(options.size, () => bytes.bytesRead),
    });
  } catch (error) {
    const { message, code } = error as DatabaseError;
    const clear = target.redact(message);
    const next = "What came before is in: the same command with --resume goes on.";
    if (error instanceof UnreadableFile)
      throw new DeployError(
        `The file cannot be read on: ${clear}.`,
        error.isEncoding
          ? "Say how it is written: the same command with --resume and --encoding shift_jis, windows-1252, utf-16le, …"
          : next,
      );
    if (signal.aborted) throw new DeployError("Interrupted.", next);
    if (!(error instanceof DatabaseError)) throw error;
    if (code === "ETL05")
      throw new DeployError(`${clear}.`, "--resume goes on where it stopped, --again takes it in once more.");
    throw new DeployError(`${clear}.`, code?.startsWith("ETL") ? "See --help." : next);
  } finally {
    if (process.stderr.isTTY) process.stderr.write("\n");
    await store.close();
  }
}

function show({ taken, stored, failed, warned, faults }: Upload): void {
  console.log(
    `${figure(stored)} of ${figure(taken)} rows are in${warned > 0 ? `; ${figure(warned)} ${warned === 1 ? "value" : "values"} did not fit, kept as text` : ""}.`,
  );
  for (const { index, error } of faults.slice(0, 20)) console.log(`row ${figure(index + 1)}: ${error}`);
  if (failed > 20)
    console.log(`and ${figure(failed - 20)} more; the first hundred are in etl_api.client_upload`);
}

await command(help, async (signal) => {
  const options = readOptions();
  if (options === null) {
    console.log(help);
    return 0;
  }
  const upload = await ingest(options, signal);
  if (options.json) console.log(JSON.stringify(upload));
  else show(upload);
  return upload.failed > 0 ? 3 : 0;
});
