/**
 * Where a request may go. Addresses come from tenants (webhooks) and from configuration (sources), so each is checked
 * before anything is sent: http and https only, no user name in the address, no address that is not on the public
 * internet.
 *
 * What this cannot prevent: between the look-up here and the connection, the name may be made to point elsewhere (DNS
 * rebinding), for `fetch` looks the name up again and takes no address from us. Where that matters, let the functions
 * leave through a proxy or a network that reaches the public internet only. Supabase's edge runtime is such a network
 * as far as the project's own machines are concerned.
 */
import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";

/** Addresses of a host name. */
export type Resolve = (host: string) => Promise<string[]>;

/** Why a request is not sent. */
export class GuardError extends Error {
  override name = "GuardError";
  readonly kind: "blocked" | "bad_request" | "network";
  constructor(kind: "blocked" | "bad_request" | "network", message: string) {
    super(message);
    this.kind = kind;
  }
}

const notPublic = new BlockList();
// The special-purpose registries of IANA, RFC 6890 and its successors.
for (const range of [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
]) {
  const [network, prefix] = range.split("/") as [string, string];
  notPublic.addSubnet(network, Number(prefix), "ipv4");
}
// Of version 6, 2000::/3 alone is public; these lie within it and are not, or carry another address inside
// (Teredo, 6to4).
const publicV6 = new BlockList();
publicV6.addSubnet("2000::", 3, "ipv6");
for (const range of ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]) {
  const [network, prefix] = range.split("/") as [string, string];
  notPublic.addSubnet(network, Number(prefix), "ipv6");
}

/** Whether an IP address is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/%.*$/, "");
  const version = isIP(bare);
  if (version === 4) return !notPublic.check(bare, "ipv4");
  if (version === 6) return publicV6.check(bare, "ipv6") && !notPublic.check(bare, "ipv6");
  return false;
}

/** The system's own look-up, which is what `fetch` uses too. */
export const resolveBySystem: Resolve = async (host) =>
  (await lookup(host, { all: true })).map((found) => found.address);

/** What is allowed beyond the rules. */
export interface GuardOptions {
  /** `host` or `host:port`, lower case. */
  allowHosts: readonly string[];
  /** The only ports; empty: 80, 443 and all from 1024. */
  allowPorts: readonly number[];
  resolve?: Resolve;
}

/**
 * Makes the check.
 *
 * @returns a function that rejects with {@link GuardError} for an address no request may go to
 */
export function createGuard(options: GuardOptions): (url: URL) => Promise<void> {
  const check = createCheck(options);
  return async (url) => check(url);
}

/**
 * Makes the check for those who send much: it returns a promise only where it has to look a name up first, and throws
 * otherwise. One look-up per host and few seconds: a batch mostly goes to one host.
 */
export function createCheck(options: GuardOptions): (url: URL) => void | Promise<void> {
  const allowed = new Set(options.allowHosts);
  const resolve = options.resolve ?? resolveBySystem;
  const known = new Map<string, { until: number; check: void | Promise<void> }>();

  async function look(host: string): Promise<void> {
    let addresses: string[];
    try {
      addresses = await resolve(host);
    } catch {
      known.delete(host);
      throw new GuardError("network", `the name ${host} was not found`);
    }
    if (addresses.length === 0) throw new GuardError("network", `the name ${host} has no address`);
    if (!addresses.every(isPublicAddress)) {
      throw new GuardError("blocked", `${host} points to an address that is not of the public internet`);
    }
  }

  function checkName(host: string): void | Promise<void> {
    const now = performance.now();
    const found = known.get(host);
    if (found !== undefined && found.until > now) return found.check;
    if (known.size >= 1_000) known.clear();
    const check = look(host);
    const entry: { until: number; check: void | Promise<void> } = { until: now + 5_000, check };
    known.set(host, entry);
    check.then(
      () => (entry.check = undefined),
      () => {},
    );
    return check;
  }

  return (url) => {
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      throw new GuardError(
        "bad_request",
        `the address begins with ${url.protocol} instead of http: or https:`,
      );
    }
    if (url.username !== "" || url.password !== "") {
      throw new GuardError("bad_request", "the address carries a user name or password; send it in a header");
    }
    const { hostname } = url;
    const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
    // URL has already turned every notation of an IP address (hex, octal, one number, IPv4 inside IPv6) into one.
    if (allowed.has(hostname) || allowed.has(`${hostname}:${port}`)) return;
    const host = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
    if (!portIsFine(port, options.allowPorts)) {
      throw new GuardError("blocked", `port ${port} of ${host} is not one requests may go to`);
    }
    if (isIP(host) === 0) return checkName(host);
    if (!isPublicAddress(host))
      throw new GuardError("blocked", `${host} is not an address of the public internet`);
  };
}

function portIsFine(port: number, allowPorts: readonly number[]): boolean {
  return allowPorts.length > 0 ? allowPorts.includes(port) : port === 80 || port === 443 || port >= 1024;
}
