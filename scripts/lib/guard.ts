/**
 * Child processes that cannot outlive this one.
 *
 * A handler for SIGTERM does not run when this process is killed by SIGKILL or crashes. So every long-running
 * child is started under a tiny shell that holds the other end of a socket: the kernel closes our end whatever
 * way we die, the shell reads end-of-file and stops the child. An orderly stop takes the same way, so the path
 * that matters in a crash is the one that is used every day.
 */
import { spawn, type ChildProcess } from "node:child_process";
import type { Socket } from "node:net";

// $1 signal that asks the child to stop · $2 tenths of a second it may take · $3 folder to remove afterwards,
// or empty · the rest is the command. The shell is the child's parent, so the id it signals is never another's.
// It says on the socket which id the child has, and with which code it went. The folder stays as long as this
// process does not let go: a child that crashed may be started again on it.
const watch = `
unset MILLRACE_GUARD
signal=$1 patience=$2 folder=$3
shift 3
"$@" 3>&- &
child=$!
exec 2>/dev/null
trap '' PIPE
echo "$child" >&3
(
  read -r _ <&3
  kill -s "$signal" "$child"
  while [ "$patience" -gt 0 ] && kill -0 "$child"; do
    sleep 0.1
    patience=$((patience - 1))
  done
  kill -s KILL "$child"
) >&2 &
reader=$!
wait "$child"
code=$?
kill "$reader"
echo "$code" >&3
if [ -n "$folder" ]; then
  read -r word <&3
  [ "$word" = keep ] || rm -rf "$folder"
fi
exit "$code"
`;

/** How to start a guarded child. */
export interface GuardOptions {
  /** Environment of the child; this process's own by default. */
  env?: NodeJS.ProcessEnv;
  /** User to run as; only root can choose one. */
  uid?: number;
  /** Group to run as. */
  gid?: number;
  /** Working folder of the child. */
  cwd?: string;
  /** File descriptor for the child's output, or "pipe" to read it here. */
  output: number | "pipe";
  /** Signal that asks the child to stop. */
  signal: "INT" | "TERM" | "QUIT";
  /** Milliseconds after which a child that does not stop is killed. */
  patience?: number;
  /** Folder removed once the child is gone, also after a crash of this process. */
  removeFolder?: string;
}

/** A child process that is stopped when this process ends, however it ends. */
export interface Guarded {
  /** Process id of the child itself. */
  pid: number;
  /** The guarding process, whose output streams are the child's. */
  guard: ChildProcess;
  /** Resolves with the exit code once the child is gone. */
  exited: Promise<number>;
  /** True once the child is gone. */
  gone(): boolean;
  /** Lets this process end although the child runs; the guard then stops it. To be called when it has started. */
  loosen(): void;
  /** Keeps this process from ending before the child does. */
  hold(): void;
  /** Asks the child to stop and resolves when it is gone, and the folder with it unless that is to be kept. */
  stop(keepFolder?: boolean): Promise<void>;
}

/**
 * Starts `command` so that it never outlives this process.
 *
 * @param command - absolute path of the executable, followed by its arguments
 * @param options - see {@link GuardOptions}
 */
export async function startGuarded(command: string[], options: GuardOptions): Promise<Guarded> {
  const patience = String(Math.ceil((options.patience ?? 10_000) / 100));
  const guard = spawn(
    "/bin/sh",
    [
      "-c",
      'eval "$MILLRACE_GUARD"',
      "guard",
      options.signal,
      patience,
      options.removeFolder ?? "",
      ...command,
    ],
    {
      // In the environment, so that the list of processes shows the child's command and not this script.
      env: { ...(options.env ?? process.env), MILLRACE_GUARD: watch },
      cwd: options.cwd,
      uid: options.uid,
      gid: options.gid,
      // A session of its own: Ctrl-C at the terminal reaches only this process, which then stops its children
      // in order; a killed process group does not take the guard with it.
      detached: true,
      stdio: ["ignore", options.output, options.output, "pipe"],
    },
  );
  const ended = new Promise<number>((resolve) => {
    guard.once("error", () => resolve(127));
    guard.once("exit", (code, signal) => resolve(code ?? (signal ? 128 : 1)));
  });
  const control = guard.stdio[3] as Socket | null;
  if (control === null || guard.pid === undefined) {
    throw new Error(`could not start /bin/sh to run ${command[0]}; exit code ${await ended}`);
  }
  // A guard that died first closes the socket; that is seen as its exit.
  control.on("error", () => {});
  let gone = false;
  let told: (code: number) => void;
  const exited = Promise.race([ended, new Promise<number>((resolve) => (told = resolve))]).then((code) => {
    gone = true;
    return code;
  });
  const pid = await new Promise<number>((resolve, reject) => {
    // First line: the id; second line: the exit code.
    let said = "";
    control.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
      const lines = said.split("\n");
      if (lines.length > 1) resolve(Number(lines[0]));
      if (lines.length > 2) told(Number(lines[1]));
    });
    void exited.then((code) => reject(new Error(`${command[0]} did not start; exit code ${code}`)));
  });
  return {
    pid,
    guard,
    exited,
    gone: () => gone,
    loosen() {
      guard.unref();
      for (const stream of [control, guard.stdout, guard.stderr]) (stream as Socket | null)?.unref();
    },
    hold: () => guard.ref(),
    async stop(keepFolder = false) {
      guard.ref();
      if (keepFolder) {
        // Only once the child is gone does the guard ask about the folder.
        if (!gone) process.kill(pid, `SIG${options.signal}`);
        await exited;
        if (options.removeFolder && !control.writableEnded) control.write("keep\n");
      }
      control.end();
      await ended;
      control.destroy();
    },
  };
}
