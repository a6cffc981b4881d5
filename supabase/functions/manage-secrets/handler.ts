/** Sets, rotates, revokes and lists secrets for whoever has the key; never gives one out. */
import { refuse } from "../_shared/auth.ts";
import { DatabaseError, type EtlClient } from "../_shared/client.ts";
import { readConfig, type Config } from "../_shared/config.ts";
import { connect as connectBy } from "../_shared/connect.ts";
import type { Handler, Surroundings } from "../_shared/handler.ts";
import { createLog, messageOf } from "../_shared/log.ts";
import { ManageError, manageSecrets, secretCommand, type SecretCommand } from "../_shared/manage.ts";
import { environment } from "../_shared/runtime.ts";

/** The handler of `manage-secrets`. */
export function manageSecretsHandler(
  around: Pick<Surroundings, "env" | "connect" | "writeLog"> = {},
): Handler {
  const env = around.env ?? environment();
  const writeLog = around.writeLog ?? console.log;
  let client: Promise<EtlClient> | undefined;
  let config: Config | undefined;

  return async (request) => {
    try {
      config ??= readConfig(env);
    } catch (error) {
      const line = {
        level: "error",
        function: "manage-secrets",
        event: "not_configured",
        message: messageOf(error),
      };
      writeLog(JSON.stringify(line));
      return Response.json({ error: "not configured" }, { status: 500 });
    }
    // The check of the caller reads the body, too.
    const copy = request.clone() as Request;
    const refusal = await refuse(request, config.manageKey);
    const command = refusal === undefined ? await commandOf(copy) : undefined;
    // A value that cannot be used is told from one that can, and quoted nowhere.
    const values = typeof command === "object" && "value" in command ? [command.value ?? ""] : [];
    const log = createLog(config, "manage-secrets", writeLog, () => values);
    if (refusal !== undefined) {
      // Not waited for: it ends with the other half, which nobody may ever read.
      void copy.body?.cancel().catch(() => {});
      log("warn", "refused", { status: refusal.status });
      return refusal;
    }
    if (command === undefined || typeof command === "string") {
      return Response.json({ error: command ?? "bad request" }, { status: 400 });
    }
    try {
      client ??= (around.connect ?? connectBy)(env);
      const managed = await manageSecrets(await client, config.secretKeys, command);
      const { action } = command;
      log("info", "managed", {
        action,
        ...("name" in command ? { name: command.name, scope: command.scope } : {}),
        ...(managed.version === undefined ? {} : { version: managed.version }),
      });
      return Response.json(managed);
    } catch (error) {
      const isTheirs = error instanceof ManageError || (error instanceof DatabaseError && isRefusal(error));
      log(isTheirs ? "warn" : "error", "failed", { action: command.action, message: messageOf(error) });
      if (isTheirs) return Response.json({ error: messageOf(error) }, { status: 409 });
      client = undefined;
      return Response.json({ error: "failed; the log says why" }, { status: 500 });
    }
  };
}

/** What the engine itself refuses, with a sentence for people. PostgREST passes the SQLSTATE on. */
const isRefusal = ({ code }: DatabaseError): boolean => code?.startsWith("ETL") ?? false;

/** The command, or what is wrong with it; a fault names the member, never what it holds. */
async function commandOf(request: Request): Promise<SecretCommand | string> {
  let body: unknown;
  try {
    body = JSON.parse(await request.text());
  } catch {
    return "bad request";
  }
  const parsed = secretCommand.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  // These messages name a bound; others quote what was given.
  const isPlain = ["custom", "too_small", "too_big"].includes(issue!.code);
  return `${issue!.path.join(".") || "the command"}: ${isPlain ? issue!.message : "not as it should be"}`;
}
