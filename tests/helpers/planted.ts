/**
 * Secrets that can be found again. Every secret of the tests carries a mark; wherever the mark turns up, whole or in
 * another notation, a secret has leaked.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type pg from "pg";
import { databaseUrl } from "../../scripts/lib/database.ts";
import { withClient } from "../../scripts/lib/migrate.ts";

// Long enough that half a secret still holds it: it stands there three times.
const MARK = "plantedSECRETmark";

const random = () => randomBytes(4).toString("hex");

/** A key as third parties give them out. */
export const plantedKey = (): string => `${MARK}${random()}${MARK}${random()}${MARK}`;

/** One with everything in it that is written otherwise in a URL, in JSON, in HTML. */
export const plantedPhrase = (): string => `${MARK}/+"${random()}&=${MARK} <${random()}>'ü%${MARK}`;

/** A secret that signs messages. */
export const plantedSigner = (): string =>
  `whsec_${Buffer.from(`${MARK}${random()}${MARK}${random()}${MARK}`).toString("base64")}`;

/** The ways the mark is written, worked out independently of the engine. */
export const notations: readonly string[] = (() => {
  const inBase64 = (text: string) =>
    [0, 1, 2].map((before) => {
      const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
      // Without the places at either end that depend on what stands beside it.
      return bytes.toString("base64").slice(4, Math.floor((bytes.length * 8) / 6) - 1);
    });
  const hex = Buffer.from(MARK).toString("hex");
  return [...new Set([MARK, hex, hex.toUpperCase(), ...inBase64(MARK)])];
})();

const pattern = new RegExp(notations.join("|"));

/** What surrounds a mark in a text; undefined when there is none. */
export function findMark(text: string): string | undefined {
  const at = pattern.exec(text)?.index;
  return at === undefined ? undefined : text.slice(Math.max(0, at - 80), at + 40);
}

/**
 * Looks through a database that is about to be dropped, when anything was sent from it.
 *
 * @throws Error that says where a secret of a test was left
 */
export async function refuseMarks(client: pg.Pool | pg.Client): Promise<void> {
  const { rows } = await client.query<{ used: boolean }>(
    `select pg_catalog.to_regclass('public.run_response') is not null
       and pg_catalog.to_regclass('public.delivery') is not null as used`,
  );
  if (!rows[0]!.used) return;
  const { rows: sent } = await client.query<{ any: boolean }>(
    `select exists (select from public.run_response) or exists (select from public.delivery) as any`,
  );
  const found = sent[0]!.any ? await findMarks(client) : [];
  if (found.length > 0) throw new Error(`a secret was left in the database:\n${found.join("\n")}`);
}

/**
 * Looks for marks in all databases of the tests on a server, and in its log.
 *
 * @returns how many databases it looked through, and where secrets were left
 */
export async function searchServer(
  serverUrl: string,
  logFile?: string,
): Promise<{ searched: number; found: string[] }> {
  const names = await withClient(serverUrl, async (admin) => {
    const { rows } = await admin.query<{ datname: string }>(
      "select datname from pg_catalog.pg_database where datname like 'millrace%' and datallowconn order by 1",
    );
    return rows.map(({ datname }) => datname);
  });
  const found: string[] = [];
  let searched = 0;
  for (const name of names) {
    // Another run may drop its databases meanwhile.
    const inIt = await withClient(databaseUrl(serverUrl, name), (client) => findMarks(client)).catch(
      () => undefined,
    );
    if (inIt === undefined) continue;
    searched++;
    found.push(...inIt.map((one) => `${name}: ${one}`));
  }
  const inLog =
    logFile !== undefined && existsSync(logFile) ? findMark(readFileSync(logFile, "utf8")) : undefined;
  if (inLog !== undefined) found.push(`${logFile}: … ${inLog} …`);
  return { searched, found };
}

/**
 * Looks for marks in every row of a database.
 *
 * @param kinds - which relations: tables (r) alone, or views (v) and materialized views (m) too
 * @returns where they are, with a sample each
 */
export async function findMarks(client: pg.Pool | pg.Client, kinds = "r"): Promise<string[]> {
  const { rows: relations } = await client.query<{ name: string }>(
    `select c.oid::regclass::text as name
     from pg_catalog.pg_class as c
     join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where c.relkind = any (pg_catalog.string_to_array($1, null))
       and n.nspname !~ '^pg_|^information_schema$|^tap$'
       and c.oid is distinct from pg_catalog.to_regclass('vault.decrypted_secrets')
     order by 1`,
    [kinds],
  );
  const part = ({ name }: { name: string }) =>
    `(select '${name.replaceAll("'", "''")}' as name, pg_catalog."left"(t::text, 3000) as sample
      from ${name} as t where t::text ~ pg_catalog.reverse($1) limit 1)`;
  const found: string[] = [];
  for (let at = 0; at < relations.length; at += 30) {
    const parts = relations.slice(at, at + 30).map(part);
    const { rows } = await client.query<{ name: string; sample: string }>(parts.join(" union all "), [
      // Backwards, lest a log of all statements holds what is searched for.
      [...notations.join("|")].reverse().join(""),
    ]);
    found.push(...rows.map(({ name, sample }) => `${name}: … ${findMark(sample) ?? sample.slice(0, 100)} …`));
  }
  return found;
}
