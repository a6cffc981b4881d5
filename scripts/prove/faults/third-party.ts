/** A third party, and a worker, that do everything they should not. */
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { Webhook } from "standardwebhooks";
import type { Figures, Proof, ProofContext } from "../proof.ts";
import { openLoad, secret, type Load } from "./load.ts";
import { misbehaviours } from "./misbehaviour.ts";

interface Claim {
  id: string;
  lease_token: string;
  domain: string;
  webhook_id: string;
  url: string;
  body: string;
}

interface Completion {
  accepted: boolean;
}

/** A worker of another make: it claims as the functions do, and reports as no worker should. */
class Imp {
  readonly #client: pg.Client;
  readonly #context: ProofContext;
  refused = 0;

  constructor(context: ProofContext, client: pg.Client) {
    this.#context = context;
    this.#client = client;
  }

  async claim(kind: "run_requests" | "deliveries", most: number): Promise<Claim[]> {
    const shown =
      kind === "run_requests"
        ? "run_request_id as id, lease_token, request #>> '{query,domain}' as domain"
        : "delivery_id as id, lease_token, webhook_id, url, body";
    const { rows } = await this.#client.query<Claim>(
      `select ${shown} from etl_api.claim_${kind}('imp', $1)`,
      [most],
    );
    return rows;
  }

  async report(kind: "run_requests" | "deliveries", results: object[]): Promise<number> {
    const { rows } = await this.#client.query<Completion>(
      `select accepted from etl_api.complete_${kind}($1)`,
      [JSON.stringify(results)],
    );
    this.#context.expect(
      rows.length === results.length,
      `${results.length} reports got ${rows.length} words back`,
    );
    const accepted = rows.filter((row) => row.accepted).length;
    this.refused += rows.length - accepted;
    return accepted;
  }
}

const answerTo = ({ id, lease_token, domain }: Claim, number = Number(/\d+/.exec(domain)![0])) => ({
  run_request_id: id,
  lease_token,
  status: 200,
  body: { company: { sector: `sector ${number}`, staff: number } },
});

/** The same answers twice, in one report and in two, and another one for what is done already. */
async function reportTwice(context: ProofContext, imp: Imp, most: number): Promise<void> {
  const claims = await imp.claim("run_requests", most);
  context.expect(claims.length > 0, "there was nothing to report twice");
  const answers = claims.map((claim) => answerTo(claim));
  const others = claims.map((claim) => answerTo(claim, 666));
  const first = await imp.report("run_requests", [...answers, ...others]);
  context.expect(
    first === claims.length,
    `of ${claims.length} answers given twice in one report ${first} were taken`,
  );
  const second = await imp.report("run_requests", [...answers, ...others]);
  context.expect(second === 0, `${second} answers were taken a second time`);
  context.progress(`${claims.length} answers reported four times each: ${first} taken`);
}

/** Answers, and wrong ones, of a worker that took so long that its leases had gone to others. */
async function reportLate(context: ProofContext, imp: Imp, load: Load, late: Claim[]): Promise<void> {
  context.expect(late.length > 0, "there was nothing to report late");
  const ids = late.map(({ id }) => id);
  const taken = async () => {
    const [row] = await load.query<{ count: number }>(
      `select count(*)::int as count from public.run_request
       where id = any ($1) and (state = 'done' or attempts > 1)`,
      [ids],
    );
    return row!.count;
  };
  const end = Date.now() + 60_000;
  while ((await taken()) < ids.length && Date.now() < end && !context.signal.aborted) await delay(100);
  context.expect((await taken()) === ids.length, "not all that a slow worker had claimed went to others");
  const accepted = await imp.report(
    "run_requests",
    late.map((claim) => answerTo(claim, 666)),
  );
  context.expect(accepted === 0, `${accepted} answers were taken after their lease had gone to others`);
  context.progress(`${late.length} answers came after their lease: ${accepted} taken`);
}

/** Messages that are sent once and reported twice. */
async function deliverTwice(context: ProofContext, imp: Imp, most: number): Promise<void> {
  const claims = await imp.claim("deliveries", most);
  context.expect(claims.length > 0, "there was no message to report twice");
  const webhook = new Webhook(secret);
  const results = await Promise.all(
    claims.map(async ({ id: delivery_id, lease_token, url, webhook_id: id, body }) => {
      const at = new Date();
      const headers = {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
        "webhook-signature": webhook.sign(id, at, body),
      };
      const response = await fetch(url, { method: "POST", headers, body });
      await response.arrayBuffer();
      return { delivery_id, lease_token, status: response.status };
    }),
  );
  const failures = results.map((result) => ({ ...result, status: 410 }));
  const first = await imp.report("deliveries", results);
  context.expect(first === claims.length, `of ${claims.length} reports on messages ${first} were taken`);
  const second = await imp.report("deliveries", failures);
  context.expect(second === 0, `${second} messages were reported on a second time`);
  context.progress(`${claims.length} messages reported twice: ${first} taken`);
}

async function run(context: ProofContext): Promise<Figures> {
  const load = await openLoad(context, { timeoutSeconds: context.short ? 3 : 6 });
  await load.manner({ misbehaveWith: context.seed, refusedMessages: 5 });
  const held = await load.fill();
  await load.manner({ holdAsks: false });
  context.progress(`${held} in flight, answered in ${misbehaviours.length} ways that are none`);
  let open = await load.settle();
  context.expect(open === 0, `${open} requests and messages stayed open`);

  // Nobody else is there while the other worker claims.
  const client = new pg.Client({ connectionString: load.databaseUrl });
  client.on("error", () => {});
  await client.connect();
  context.own(client, (one) => one.end());
  await client.query("set role service_role");
  const imp = new Imp(context, client);
  const some = context.short ? 60 : 500;
  await load.functions.kill();
  await load.handIn(4 * some);
  const late = await imp.claim("run_requests", some);
  await reportTwice(context, imp, some);
  await deliverTwice(context, imp, some / 2);
  await load.functions.restart();
  await reportLate(context, imp, load, late);
  open = await load.settle();
  context.expect(open === 0, `${open} requests and messages stayed open after the other worker`);

  const { badAnswers } = await load.now();
  const figures = await load.account({ load: held, faults: misbehaviours.length + 3 });
  return {
    ...figures,
    inputs: badAnswers,
    more: { ...figures.more, "reports refused: given twice, or after their lease": imp.refused },
  };
}

export const thirdParty: Proof = { run };
