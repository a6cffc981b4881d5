import { parseArgs } from "node:util";
import { ask, command, say, UsageError } from "./lib/ask.ts";
import { duration, green } from "./lib/console.ts";
import {
  deploy,
  DeployError,
  expectedCatalog,
  readTarget,
  type Expected,
  type Target,
} from "./lib/deploy.ts";
import { onDatabase, requireSetUp, setUp, status, type Partition } from "./lib/partitions.ts";
import { moveOrg } from "./lib/partitions-move.ts";
import { testServer } from "./lib/testserver.ts";

const help = `npm run partitions -- <command> [options]

Spreads orgs over several databases, each with the whole engine, behind one coordinator (docs/scaling.md):
  setup                    deploys the engine to every partition and makes the coordinator; safe to say again, with
                           more partitions too
  status                   which partitions answer the coordinator, and how many orgs each has
  where <org>              which partition an org is on
  place <org> [partition]  gives a new org its partition, by hash when none is named; then insert its rows there
  move <org> <partition>   moves an org with all its rows; its requests are refused meanwhile

--coordinator URL     the coordinator's database, as its superuser; COORDINATOR_URL when not given
--partition NAME=URL  a partition, as its owner; once for each. PARTITION_URLS when not given, as JSON: {"p0": "postgres://…"}
                      Others on the machine can read the arguments of a command: URLs with passwords are better off in
                      the environment. They are never shown.
--bootstrap           setup: makes the roles and the schema auth on partitions that are not Supabase's
--no-deploy           setup: leaves the engine on the partitions as it is
--new-password        setup: gives the coordinator a new password at the partitions
--wait SECONDS        move: waits so long for what is in flight (60)
--yes                 setup: does not ask

Exit codes: 0 done · 1 refused or failed, as told; status: a partition does not answer · 2 wrong arguments ·
3 a partition differs from the migrations · 130, 143 stopped by a signal`;

interface Options {
  verb: string;
  words: string[];
  coordinator: Target;
  partitions: Partition[];
  bootstrap: boolean;
  deploy: boolean;
  newPassword: boolean;
  wait: number;
  yes: boolean;
}

const words: Record<string, [least: number, most: number]> = {
  setup: [0, 0],
  status: [0, 0],
  where: [1, 1],
  place: [1, 2],
  move: [2, 2],
};

function readPartitions(given: string[] | undefined): Partition[] {
  let pairs: [string, unknown][];
  if (given) {
    pairs = given.map((one) => {
      const at = one.indexOf("=");
      if (at < 1)
        throw new UsageError("--partition is NAME=URL, for example p0=postgres://user@host:5432/database.");
      return [one.slice(0, at), one.slice(at + 1)];
    });
  } else {
    const json = process.env.PARTITION_URLS;
    if (!json) return [];
    try {
      pairs = Object.entries(JSON.parse(json) as Record<string, unknown>);
    } catch {
      throw new UsageError(
        'PARTITION_URLS is not JSON; it looks like {"p0": "postgres://…", "p1": "postgres://…"}.',
      );
    }
  }
  const wrong = pairs.find(([name, url]) => !/^[a-z][a-z0-9_-]*$/.test(name) || typeof url !== "string");
  if (wrong)
    throw new UsageError(
      `${wrong[0]} is no name of a partition with a URL: a letter, then a-z, 0-9, _ and -.`,
    );
  const twice = pairs.find(([name], at) => pairs.findIndex(([other]) => other === name) !== at);
  if (twice) throw new UsageError(`Partition ${twice[0]} is given twice.`);
  return pairs.map(([name, url]) => ({ name, target: readTarget(url as string) }));
}

function readOptions(): Options | null {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        coordinator: { type: "string" },
        partition: { type: "string", multiple: true },
        bootstrap: { type: "boolean", default: false },
        "no-deploy": { type: "boolean", default: false },
        "new-password": { type: "boolean", default: false },
        wait: { type: "string", default: "60" },
        yes: { type: "boolean", short: "y", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.help) return null;
  const [verb, ...rest] = positionals;
  const expected = verb === undefined ? undefined : words[verb];
  if (verb === undefined || !expected)
    throw new UsageError(`Which command? ${Object.keys(words).join(", ")}.`);
  if (rest.length < expected[0] || rest.length > expected[1])
    throw new UsageError(`${verb}: see how it is called.`);
  const org = rest[0];
  if (org !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(org))
    throw new UsageError(`${verb}: ${org} is not the id of an org.`);
  const url = values.coordinator ?? process.env.COORDINATOR_URL;
  if (!url) throw new UsageError("Which coordinator? --coordinator or COORDINATOR_URL says it.");
  const wait = Number(values.wait);
  if (!(wait >= 0)) throw new UsageError(`--wait ${values.wait}: a number of seconds.`);
  const partitions = readPartitions(values.partition);
  if (["setup", "move"].includes(verb) && partitions.length < 2)
    throw new UsageError(`${verb} needs two partitions or more: --partition or PARTITION_URLS says them.`);
  return {
    verb,
    words: rest.map((word, at) => (at === 0 ? word.toLowerCase() : word)),
    coordinator: readTarget(url),
    partitions,
    bootstrap: values.bootstrap,
    deploy: !values["no-deploy"],
    newPassword: values["new-password"],
    wait,
    yes: values.yes,
  };
}

async function setup(options: Options, signal: AbortSignal): Promise<number> {
  const { coordinator, partitions, bootstrap, newPassword } = options;
  const names = partitions.map(({ name, target }) => `${name} (${target.name})`).join(", ");
  const question = `Shall I set up ${coordinator.name} as the coordinator of ${names}?`;
  if (!options.yes && !(await ask(question, signal))) {
    say("Stopped", "nothing was changed");
    return 1;
  }
  // Built once, however many partitions are compared with it; on a server of its own, whatever DATABASE_URL names.
  delete process.env.DATABASE_URL;
  let expected: Promise<Expected> | undefined;
  const expect = (): Promise<Expected> =>
    (expected ??= testServer().then(async (server) => {
      try {
        return await expectedCatalog(server.url);
      } finally {
        await server.stop();
      }
    }));
  await setUp({
    coordinator,
    partitions,
    bootstrap,
    newPassword,
    say,
    deploy: async ({ name, target }) => {
      signal.throwIfAborted();
      if (!options.deploy) return;
      say("Deploying", name);
      await deploy({ target, expect, confirm: async () => true, say, signal });
    },
  });
  return 0;
}

async function tellStatus({ coordinator }: Options): Promise<number> {
  const rows = await status(coordinator);
  for (const { name, address, orgs, said } of rows) {
    say(name, `${address} · ${said ? `out of reach: ${coordinator.redact(said).trim()}` : `${orgs} orgs`}`);
  }
  return rows.every((row) => row.reachable && !row.said) ? 0 : 1;
}

async function where({ coordinator, words: [org, partition] }: Options, place: boolean): Promise<number> {
  return onDatabase(coordinator, "the coordinator", async (client) => {
    await requireSetUp(client, coordinator);
    try {
      const { rows } = place
        ? await client.query("select etl_api.place_org($1, $2) as name, null as moving_to", [
            org,
            partition ?? null,
          ])
        : await client.query(
            `select etl_route.partition_name(etl_route.partition_of($1)) as name,
               etl_route.partition_name(o.moving_to) as moving_to, o.org_id is not null as recorded
             from (select) as one left join etl_route.org_partition as o on o.org_id = $1`,
            [org],
          );
      const { name, moving_to: moving, recorded } = rows[0];
      say(
        "Org",
        `${org} is on partition ${name}${moving ? `, being moved to ${moving}` : ""}${recorded === false ? ", by its hash" : ""}`,
      );
      return 0;
    } catch (error) {
      const { code, message, hint } = error as { code?: string; message: string; hint?: string };
      if (code?.startsWith("ETL")) throw new DeployError(message, hint ?? "");
      throw error;
    }
  });
}

await command(help, async (signal) => {
  const options = readOptions();
  if (!options) {
    console.log(help);
    return 0;
  }
  const started = performance.now();
  const { verb } = options;
  if (verb === "status") return tellStatus(options);
  if (verb === "where" || verb === "place") return where(options, verb === "place");
  if (verb === "setup") {
    const code = await setup(options, signal);
    if (code !== 0) return code;
  } else {
    const [org, to] = options.words as [string, string];
    await moveOrg({ ...options, org, to, say });
  }
  console.log(green(`Done in ${duration(performance.now() - started)}.`));
  return 0;
});
