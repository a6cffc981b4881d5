import type {
  Completion,
  DeliveryClaim,
  DeliveryResult,
  EtlClient,
  NewSecret,
  NextSecret,
  ResealedSecret,
  RunClaim,
  RunResult,
  SealedSecret,
  SecretInfo,
  SecretRow,
  WantedSecret,
} from "../../../supabase/functions/_shared/client.ts";

export const org = "0198c0de-0000-7000-8000-000000000001";

/** A uuid that ends in a number. */
export const uuid = (n: number) => `0198c0de-0000-7000-9000-${String(n).padStart(12, "0")}`;

/** A database in memory: two queues, and what was done to them. */
export class FakeClient implements EtlClient {
  runs: RunClaim[] = [];
  deliveries: DeliveryClaim[] = [];
  runResults: RunResult[] = [];
  deliveryResults: DeliveryResult[] = [];
  released: string[] = [];
  rings: string[] = [];
  workers = new Set<string>();
  closed = false;
  /** Versions of secrets, newest first, and what was asked for. */
  secrets: Omit<SecretRow, "use">[] = [];
  secretReads: WantedSecret[][] = [];

  addRun(request: unknown, change: Partial<RunClaim> = {}): void {
    this.runs.push({
      run_request_id: uuid(this.runs.length),
      org_id: org,
      lease_token: uuid(900_000 + this.runs.length),
      lease_until: "2026-01-01T00:00:00.000Z",
      kind: "run",
      secret_scope: org,
      request,
      timeout_ms: 2_000,
      attempt: 1,
      ...change,
    });
  }

  addDelivery(url: string, body: string, change: Partial<DeliveryClaim> = {}): void {
    const id = uuid(this.deliveries.length);
    this.deliveries.push({
      delivery_id: id,
      webhook_id: `msg_${id.replaceAll("-", "")}`,
      org_id: org,
      lease_token: uuid(900_000 + this.deliveries.length),
      lease_until: "2026-01-01T00:00:00.000Z",
      url,
      secret_name: "webhook",
      secret_scope: org,
      event_type: "activity_request.done",
      body,
      timeout_ms: 2_000,
      attempt: 1,
      ...change,
    });
  }

  claimRunRequests(worker: string, max: number): Promise<RunClaim[]> {
    this.workers.add(worker);
    return Promise.resolve(this.runs.splice(0, max));
  }
  completeRunRequests(results: readonly RunResult[]): Promise<Completion[]> {
    this.runResults.push(...results);
    return Promise.resolve(results.map(({ run_request_id: id }) => ({ id, accepted: true, message: null })));
  }
  releaseRunRequests(claims: readonly RunClaim[]): Promise<number> {
    this.released.push(...claims.map((claim) => claim.run_request_id));
    return Promise.resolve(claims.length);
  }
  claimDeliveries(worker: string, max: number): Promise<DeliveryClaim[]> {
    this.workers.add(worker);
    return Promise.resolve(this.deliveries.splice(0, max));
  }
  completeDeliveries(results: readonly DeliveryResult[]): Promise<Completion[]> {
    this.deliveryResults.push(...results);
    return Promise.resolve(results.map(({ delivery_id: id }) => ({ id, accepted: true, message: null })));
  }
  releaseDeliveries(claims: readonly DeliveryClaim[]): Promise<number> {
    this.released.push(...claims.map((claim) => claim.delivery_id));
    return Promise.resolve(claims.length);
  }
  ring(name: string): Promise<void> {
    this.rings.push(name);
    return Promise.resolve();
  }
  readSecrets(wanted: readonly WantedSecret[]): Promise<SecretRow[]> {
    this.secretReads.push([...wanted]);
    const rows = wanted.flatMap(({ use, scope, name }) => {
      const found = this.secrets.filter((one) => one.scope === scope && one.name === name);
      return (use === "sign" ? found : found.slice(0, 1)).map((row) => ({ ...row, use }));
    });
    return Promise.resolve(rows);
  }
  // What manages secrets is tested on a database.
  nextSecret(): Promise<NextSecret> {
    return Promise.reject(new Error("not here"));
  }
  putSecret(_secret: NewSecret): Promise<number> {
    return Promise.reject(new Error("not here"));
  }
  rotateSecret(_secret: NewSecret): Promise<number> {
    return Promise.reject(new Error("not here"));
  }
  revokeSecret(): Promise<number> {
    return Promise.reject(new Error("not here"));
  }
  listSecrets(): Promise<SecretInfo[]> {
    return Promise.reject(new Error("not here"));
  }
  secretsToRekey(): Promise<SealedSecret[]> {
    return Promise.reject(new Error("not here"));
  }
  rekeySecrets(_resealed: readonly ResealedSecret[]): Promise<number> {
    return Promise.reject(new Error("not here"));
  }
  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
