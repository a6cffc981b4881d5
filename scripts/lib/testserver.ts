import { join } from "node:path";
import { startServer, type Server } from "./server.ts";
import { projectRoot } from "./sources.ts";

// Nothing a test server holds is worth a flush to the disk.
const settings = {
  fsync: "off",
  full_page_writes: "off",
  synchronous_commit: "off",
  max_connections: "200",
  shared_buffers: "256MB",
};

/**
 * The server tests run on: the one a surrounding run has started (`MILLRACE_TEST_SERVER`), the user's
 * (`DATABASE_URL`), or an embedded one whose templates are kept for the next run. When another run holds that one, a
 * passing one.
 */
export async function testServer(): Promise<Pick<Server, "url" | "stop"> & { dataDir?: string | null }> {
  const surrounding = process.env.MILLRACE_TEST_SERVER;
  if (surrounding) return { url: surrounding, stop: async () => {} };
  try {
    return await startServer({ dataDir: join(projectRoot, ".millrace/test"), settings });
  } catch (error) {
    if (process.env.DATABASE_URL) throw error;
    console.error(`${(error as Error).message}\nThis run uses a server of its own that keeps nothing.`);
    return startServer({ ephemeral: true, settings });
  }
}
