import type { Server } from "./server.ts";
export async function startDebianServer(): Promise<Server> {
  throw new Error("todo");
}
