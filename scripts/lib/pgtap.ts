/**
 * pgTAP for the embedded server: the npm package `@electric-sql/pglite-pgtap` holds it as plain SQL in a tarball.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";

/** The files of an uncompressed tar archive, by their full name. */
function* readTar(archive: Buffer): Generator<{ name: string; content: Buffer }> {
  const text = (start: number, length: number) =>
    archive.toString("utf8", start, start + length).replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0;) {
    const size = parseInt(text(at + 124, 12).trim() || "0", 8);
    const type = archive[at + 156];
    const prefix = text(at + 345, 155);
    // 0 and "0" are plain files; folders and extended headers hold nothing that is needed.
    if (type === 0 || type === 0x30) {
      const name = (prefix ? `${prefix}/` : "") + text(at, 100);
      yield { name, content: archive.subarray(at + 512, at + 512 + size) };
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

function pgTapFiles(): { name: string; content: Buffer }[] {
  const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite-pgtap");
  return [...readTar(gunzipSync(readFileSync(join(dirname(entry), "pgtap.tar.gz"))))].filter((file) =>
    file.name.startsWith("share/postgresql/extension/"),
  );
}

/** The text of one of pgTAP's files, for a server whose folders cannot be written to. */
export function readPgTapFile(name: string): string {
  const file = pgTapFiles().find((candidate) => basename(candidate.name) === name);
  if (!file) throw new Error(`${name} is not among the files of pgTAP`);
  return file.content.toString("utf8");
}

/**
 * Makes `create extension pgtap` possible on the server whose share folder is given.
 *
 * Several processes may do it at once: every file appears whole, and the control file, by which both the server
 * and the next call recognise the extension, comes last.
 *
 * @param shareFolder - the embedded server's `share/postgresql`
 * @returns whether files were written
 */
export function unpackPgTap(shareFolder: string): boolean {
  const folder = join(shareFolder, "extension");
  const control = join(folder, "pgtap.control");
  if (existsSync(control)) return false;
  const files = pgTapFiles().sort(
    (a, b) => Number(a.name.endsWith(".control")) - Number(b.name.endsWith(".control")),
  );
  try {
    for (const file of files) {
      const target = join(folder, basename(file.name));
      const draft = `${target}.${process.pid}.draft`;
      writeFileSync(draft, file.content);
      renameSync(draft, target);
    }
  } catch (error) {
    throw new Error(
      `pgTAP could not be unpacked into ${folder}: ${(error as Error).message}. ` +
        "Run once as the user who ran `npm ci`, or give this user write access to that folder.",
    );
  }
  return true;
}
