/** The engine itself: a whole workflow request, from insert to delivered, with everything it does on the way. */
import type pg from "pg";
import {
  configure,
  connect,
  connectAll,
  drainOn,
  expectDelivered,
  insertRequests,
  timed,
} from "../engine.ts";
import type { Peer, Rates } from "./peer.ts";

/** What a run of the engine costs beside time, a chain. */
export interface Costs extends Rates {
  walBytes: number;
  walRecords: number;
  diskBytes: number;
}

interface Usage {
  bytes: number;
  records: number;
  disk: number;
}

/** What the server has written so far; others on the same server count too. */
async function usage(...clients: [pg.Client, ...pg.Client[]]): Promise<Usage> {
  // Each session keeps its counts to itself for a while.
  for (const client of clients) await client.query("select pg_stat_force_next_flush()");
  const { rows } = await clients[0].query<Usage>(
    `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as bytes,
       (select wal_records::float8 from pg_stat_wal) as records,
       pg_database_size(current_database())::float8 as disk`,
  );
  return rows[0]!;
}

/** Workers that stay connected, as the edge functions do: what a session does once is not a chain's cost. */
async function warm(setup: pg.Client, clients: pg.Client[]): Promise<void> {
  const tenant = await configure(setup, "warm");
  for (const client of clients) {
    await insertRequests(setup, tenant, 20);
    await drainOn(client, "bench");
  }
}

/** The engine, with or without telling each change of state by NOTIFY (it does, unless its setting says no). */
export function millrace(
  notifications: boolean,
): Peer & { run(url: string, chains: number): Promise<Costs> } {
  return {
    name: notifications ? "Millrace, notifying" : "Millrace",
    share: 1,
    async run(url, chains) {
      await using setup = await connect(url);
      await using clients = await connectAll(url);
      await setup.query("update etl_api.setting set value = to_jsonb($1::boolean) where name = 'realtime'", [
        notifications,
      ]);
      await warm(setup, clients);
      const tenant = await configure(setup);
      const before = await usage(setup, ...clients);
      const accept = await timed(() => insertRequests(setup, tenant, chains));
      const seconds = await timed(() =>
        Promise.all(clients.map((client, index) => drainOn(client, `bench-${index}`))),
      );
      const after = await usage(setup, ...clients);
      await expectDelivered(setup, tenant.org, chains);
      await setup.query("update etl_api.setting set value = 'true' where name = 'realtime'");
      return {
        accept: chains / accept,
        drain: chains / seconds,
        walBytes: (after.bytes - before.bytes) / chains,
        walRecords: (after.records - before.records) / chains,
        diskBytes: (after.disk - before.disk) / chains,
      };
    },
  };
}
