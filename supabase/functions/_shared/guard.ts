/**
 * Where a request may go. Addresses come from tenants (webhooks) and from configuration (sources), so each is checked
 * before anything is sent: http and https only, no user name in the address, no address that is not on the public
 * internet.
 *
 * A name is looked up here and nowhere else: the connection is made to the addresses that were checked (transport.ts),
 * so a name that points elsewhere a moment later (DNS rebinding) leads nowhere new. docs/egress.md says where that
 * holds, and what to do where it does not.
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
  // Azure's own for its virtual machines; it lies among public ones.
  "168.63.129.16/32",
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
  addNetwork(notPublic, range);
}
// Of version 6, 2000::/3 alone is public; these lie within it and are not, or carry another address inside
// (Teredo, 6to4).
const publicV6 = new BlockList();
publicV6.addSubnet("2000::", 3, "ipv6");
for (const range of ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]) {
  addNetwork(notPublic, range);
}

function addNetwork(list: BlockList, range: string): void {
  const [network, prefix] = range.split("/") as [string, string];
  list.addSubnet(network, Number(prefix), isIP(network) === 4 ? "ipv4" : "ipv6");
}

/** Whether an IP address is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 4) return !notPublic.check(address, "ipv4");
  // An address with a zone (fe80::1%eth0) is one of a link.
  if (version !== 6 || address.includes("%")) return false;
  return publicV6.check(address, "ipv6") && !notPublic.check(address, "ipv6");
}

/** The system's own look-up, which is what `fetch` uses too. */
export const resolveBySystem: Resolve = async (host) =>
  (await lookup(host, { all: true })).map((found) => found.address);

/** What is allowed beyond the rules, and what is not although they allow it. */
export interface GuardOptions {
  /** `host` or `host:port`, lower case. */
  allowHosts: readonly string[];
  /** The only ports; empty: 80, 443 and all from 1024. */
  allowPorts: readonly number[];
  /** Networks (`192.0.2.0/24`) that are not for tenants although they are public. */
  denyNetworks?: readonly string[];
  /** Schemes (`https:`) a proxy serves: it looks names up, so one that is unknown here may go to it. */
  proxied?: readonly string[];
  resolve?: Resolve;
}

/** What the check found: the addresses of a name; nothing for an address that is one, or that the operator allows. */
export type Checked = readonly string[] | undefined;

/**
 * Makes the check.
 *
 * @returns a function that rejects with {@link GuardError} for an address no request may go to
 */
export function createGuard(options: GuardOptions): (url: URL) => Promise<Checked> {
  const check = createCheck(options);
  return async (url) => check(url);
}

/**
 * Makes the check for those who send much: it returns a promise only where it has to look a name up first, and throws
 * otherwise. One look-up per host and few seconds: a batch mostly goes to one host.
 */
export function createCheck(options: GuardOptions): (url: URL) => Checked | Promise<Checked> {
  const allowed = new Set(options.allowHosts);
  const proxied = new Set(options.proxied);
  const resolve = options.resolve ?? resolveBySystem;
  const denied = new BlockList();
  for (const range of options.denyNetworks ?? []) addNetwork(denied, range);
  const known = new Map<string, { until: number; check: Checked | Promise<Checked> }>();

  const isFine = (address: string) =>
    isPublicAddress(address) && !denied.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");

  async function look(host: string, elsewhere: boolean): Promise<Checked> {
    let addresses: string[];
    try {
      addresses = await resolve(host);
    } catch {
      if (elsewhere) return undefined;
      known.delete(host);
      throw new GuardError("network", `the name ${host} was not found`);
    }
    if (addresses.length === 0) throw new GuardError("network", `the name ${host} has no address`);
    // One that is not is enough: which of them would be taken is not for us to say.
    if (!addresses.every(isFine)) {
      throw new GuardError("blocked", `${host} points to an address that is not of the public internet`);
    }
    return addresses;
  }

  function checkName(host: string, elsewhere: boolean): Checked | Promise<Checked> {
    const now = performance.now();
    const key = elsewhere ? `${host} elsewhere` : host;
    const found = known.get(key);
    if (found !== undefined && found.until > now) return found.check;
    if (known.size >= 1_000) known.clear();
    const check = look(host, elsewhere);
    const entry: { until: number; check: Checked | Promise<Checked> } = { until: now + 5_000, check };
    known.set(key, entry);
    check.then(
      (addresses) => (entry.check = addresses),
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
    if (isIP(host) === 0) return checkName(host, proxied.has(url.protocol));
    if (!isFine(host)) throw new GuardError("blocked", `${host} is not an address of the public internet`);
  };
}

function portIsFine(port: number, allowPorts: readonly number[]): boolean {
  return allowPorts.length > 0 ? allowPorts.includes(port) : port === 80 || port === 443 || port >= 1024;
}
