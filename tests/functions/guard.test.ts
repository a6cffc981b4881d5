import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { createGuard, isPublicAddress, resolveBySystem } from "../../supabase/functions/_shared/guard.ts";

const names: Record<string, string[]> = {
  "public.test": ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"],
  "private.test": ["10.0.0.5"],
  "half.test": ["93.184.216.34", "::1"],
  "mapped.test": ["::ffff:127.0.0.1"],
  "empty.test": [],
};
const looked: string[] = [];
const resolve = (host: string): Promise<string[]> => {
  looked.push(host);
  const found = names[host];
  return found === undefined ? Promise.reject(new Error("ENOTFOUND")) : Promise.resolve(found);
};

const guard = createGuard({ allowHosts: [], allowPorts: [], resolve });
const check = (url: string, by = guard) => by(new URL(url));

describe("addresses that are refused", () => {
  test.each([
    // The loopback interface in every notation a URL knows.
    "http://127.0.0.1/",
    "http://127.0.0.1:8080/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.0.0.1/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.0.0.1./",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://%31%32%37.0.0.1/",
    "http://0/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/",
    // Private, link-local, metadata, shared, reserved, documentation, multicast, broadcast.
    "http://10.1.2.3/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[fe80::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fc00::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    // Names that point there; one address that does is enough.
    "http://private.test/",
    "http://half.test/",
    "http://mapped.test/",
    // Ports other services listen on.
    "http://public.test:22/",
    "https://public.test:25/",
  ])("%s", async (url) => {
    await expect(check(url)).rejects.toMatchObject({ kind: "blocked" });
  });

  test.each([
    ["ftp://public.test/", "bad_request"],
    ["file:///etc/passwd", "bad_request"],
    ["data:text/plain,x", "bad_request"],
    ["http://user@public.test/", "bad_request"],
    ["http://:word@public.test/", "bad_request"],
    ["http://nowhere.test/", "network"],
    ["http://empty.test/", "network"],
  ])("%s: %s", async (url, kind) => {
    await expect(check(url)).rejects.toMatchObject({ kind });
  });

  test("this machine's own name for itself, looked up by the system", async () => {
    const real = createGuard({ allowHosts: [], allowPorts: [], resolve: resolveBySystem });
    await expect(check("http://localhost/", real)).rejects.toMatchObject({ kind: "blocked" });
    await expect(check("http://localhost./", real)).rejects.toMatchObject({ kind: "blocked" });
  });
});

describe("addresses that are allowed", () => {
  test.each(["https://public.test/", "http://public.test:8080/path?q=1"])(
    "%s, and where the name leads",
    async (url) => {
      await expect(check(url)).resolves.toEqual(names["public.test"]);
    },
  );

  test.each([
    "https://8.8.8.8/",
    "https://[2606:4700::1111]/",
    "https://172.32.0.1/",
    "https://100.128.0.1/",
  ])("%s", async (url) => {
    await expect(check(url)).resolves.toBeUndefined();
  });

  test("what the operator names, by host or by host and port", async () => {
    const open = createGuard({
      allowHosts: ["127.0.0.1:8081", "[::1]", "private.test"],
      allowPorts: [443],
      resolve,
    });
    for (const url of [
      "http://127.0.0.1:8081/",
      "http://[::1]:99/",
      "https://private.test:8443/",
      "http://0x7f.1:8081/",
    ]) {
      await expect(check(url, open)).resolves.toBeUndefined();
    }
    await expect(check("http://127.0.0.1:8082/", open)).rejects.toMatchObject({ kind: "blocked" });
    await expect(check("http://public.test/", open)).rejects.toMatchObject({ kind: "blocked" });
    await expect(check("https://public.test/", open)).resolves.toEqual(names["public.test"]);
  });
});

test("a name is looked up once for many requests, and again after a failure", async () => {
  const own = createGuard({ allowHosts: [], allowPorts: [], resolve });
  looked.length = 0;
  await Promise.all([1, 2, 3].map(() => check("https://public.test/", own)));
  expect(looked).toEqual(["public.test"]);
  for (const _ of [1, 2]) await check("https://nowhere.test/", own).catch(() => {});
  expect(looked).toEqual(["public.test", "nowhere.test", "nowhere.test"]);
});

test("what is no address is not public", () => {
  for (const text of ["", "public.test", "1.2.3", "1.2.3.4.5", "fe80::1%eth0", "::ffff:10.0.0.1"]) {
    expect(isPublicAddress(text)).toBe(false);
  }
  expect(isPublicAddress("1.2.3.4")).toBe(true);
});

describe("whichever way an address is written", () => {
  /** Ranges no request may go to, told once more and in another way: first and last address as numbers. */
  const closed = [
    ["0.0.0.0", "0.255.255.255"],
    ["10.0.0.0", "10.255.255.255"],
    ["100.64.0.0", "100.127.255.255"],
    ["127.0.0.0", "127.255.255.255"],
    ["168.63.129.16", "168.63.129.16"],
    ["169.254.0.0", "169.254.255.255"],
    ["172.16.0.0", "172.31.255.255"],
    ["192.0.0.0", "192.0.0.255"],
    ["192.0.2.0", "192.0.2.255"],
    ["192.88.99.0", "192.88.99.255"],
    ["192.168.0.0", "192.168.255.255"],
    ["198.18.0.0", "198.19.255.255"],
    ["198.51.100.0", "198.51.100.255"],
    ["203.0.113.0", "203.0.113.255"],
    ["224.0.0.0", "255.255.255.255"],
  ].map(([first, last]) => [numberOf(first!), numberOf(last!)] as const);
  const isClosed = (address: number) => closed.some(([first, last]) => address >= first && address <= last);

  const anyAddress = fc.nat({ max: 0xffffffff });
  const closedAddress = fc
    .constantFrom(...closed)
    .chain(([first, last]) => fc.oneof(fc.constantFrom(first, last), fc.integer({ min: first, max: last })));
  const openAddress = anyAddress.filter((address) => !isClosed(address));

  /** A number as a part of an address. */
  const written = (value: number) =>
    fc.oneof(
      fc.constant(String(value)),
      fc.nat({ max: 3 }).map((zeros) => "0".repeat(zeros + 1) + value.toString(8)),
      fc.tuple(fc.constantFrom("0x", "0X"), fc.nat({ max: 3 }), fc.boolean()).map(([mark, zeros, upper]) => {
        const hex = "0".repeat(zeros) + value.toString(16);
        return mark + (upper ? hex.toUpperCase() : hex);
      }),
    );
  /** In one to four parts, the last of which takes what is left. */
  const inParts = (address: number) =>
    fc.integer({ min: 1, max: 4 }).chain((parts) => {
      const bytes = bytesOf(address);
      const last = bytes.slice(parts - 1).reduce((sum, byte) => sum * 256 + byte, 0);
      return fc.tuple(...[...bytes.slice(0, parts - 1), last].map(written)).map((texts) => texts.join("."));
    });
  /** As other characters that mean the same in a name. */
  const disguised = (text: string) =>
    fc
      .array(fc.constantFrom("plain", "wide", "escaped"), { minLength: text.length, maxLength: text.length })
      .chain((how) =>
        fc.tuple(fc.constant(how), fc.constantFrom(".", "\u3002", "\uff0e", "\uff61"), fc.boolean()),
      )
      .map(([how, dot, trailing]) => {
        const disguise = (char: string, index: number) =>
          char === "."
            ? dot
            : how[index] === "wide"
              ? String.fromCodePoint(char.codePointAt(0)! + 0xfee0)
              : how[index] === "escaped"
                ? `%${char.codePointAt(0)!.toString(16)}`
                : char;
        return [...text].map(disguise).join("") + (trailing ? dot : "");
      });
  const v4 = (address: fc.Arbitrary<number>) => address.chain(inParts).chain(disguised);

  /** Eight groups, in one of the ways they may be written. */
  const v6 = (groups: number[]) =>
    fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()).map(([upper, padded, dotted]) => {
      const tail = [groups[6]! >> 8, groups[6]! & 255, groups[7]! >> 8, groups[7]! & 255].join(".");
      const texts = groups.map((group) => group.toString(16).padStart(padded ? 4 : 1, "0"));
      const text = dotted ? [...texts.slice(0, 6), tail].join(":") : texts.join(":");
      return upper ? text.toUpperCase() : text;
    });
  const carriers: ((high: number, low: number) => number[])[] = [
    // Mapped, compatible, translated (SIIT, NAT64 of both kinds), 6to4, Teredo (whose client is inverted), ISATAP on a link.
    (high, low) => [0, 0, 0, 0, 0, 0xffff, high, low],
    (high, low) => [0, 0, 0, 0, 0, 0, high, low],
    (high, low) => [0, 0, 0, 0, 0xffff, 0, high, low],
    (high, low) => [0x64, 0xff9b, 0, 0, 0, 0, high, low],
    (high, low) => [0x64, 0xff9b, 1, 0, 0, 0, high, low],
    (high, low) => [0x2002, high, low, 0, 0, 0, 0, 1],
    (high, low) => [0x2001, 0, high, low, 0, 0, 0, 1],
    (high, low) => [0x2001, 0, 0x4136, 0xe378, 0x8000, 0x63bf, 0xffff - high, 0xffff - low],
    (high, low) => [0xfe80, 0, 0, 0, 0, 0x5efe, high, low],
  ];
  const carried = fc
    .tuple(anyAddress, fc.constantFrom(...carriers))
    .chain(([address, carry]) => v6(carry(Math.floor(address / 65_536), address % 65_536)));
  /** Unspecified, loopback, link-local, site-local, unique local, multicast, discard, segment routing, documentation. */
  const closedV6 = fc
    .tuple(
      fc.constantFrom(
        0,
        0xfe80,
        0xfebf,
        0xfec0,
        0xfc00,
        0xfd00,
        0xfdff,
        0xff00,
        0xff02,
        0x100,
        0x5f00,
        0x3fff,
      ),
      fc.array(fc.nat({ max: 0xffff }), { minLength: 7, maxLength: 7 }),
    )
    .chain(([first, rest]) =>
      v6(first === 0x3fff ? [first, rest[0]! & 0xfff, ...rest.slice(1)] : [first, ...rest]),
    );

  const verdict = (url: string, by = guard) =>
    check(url, by).then(
      () => "allowed",
      (error: { kind: string }) => error.kind,
    );

  test("an address of version 4 that is closed is blocked in every notation", async () => {
    await fc.assert(
      fc.asyncProperty(v4(closedAddress), async (host) => {
        expect(await verdict(`http://${host}/`)).toBe("blocked");
      }),
      { numRuns: 1_000 },
    );
  });

  test("one that is open is allowed in every notation: the guard reads them, and does not refuse what is odd", async () => {
    await fc.assert(
      fc.asyncProperty(v4(openAddress), async (host) => {
        expect(await verdict(`http://${host}/`)).toBe("allowed");
      }),
      { numRuns: 1_000 },
    );
  });

  test("what is closed is what the registries say", () => {
    fc.assert(
      fc.property(fc.oneof(anyAddress, closedAddress), (address) => {
        expect(isPublicAddress(bytesOf(address).join("."))).toBe(!isClosed(address));
      }),
      { numRuns: 2_000 },
    );
  });

  test("an address of version 6 that is closed, or carries any of version 4, is blocked in every notation", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(carried, closedV6), async (address) => {
        expect(await verdict(`http://[${address}]/`)).toBe("blocked");
        // As a resolver may tell it, with a zone or without.
        expect(isPublicAddress(address)).toBe(false);
        expect(isPublicAddress(`${address}%eth0`)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  test("one closed address among those of a name is enough", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(openAddress, { maxLength: 4 }),
        fc.oneof(
          closedAddress.map((address) => bytesOf(address).join(".")),
          carried,
          closedV6,
        ),
        fc.nat(),
        async (open, bad, place) => {
          const addresses = open.map((address) => bytesOf(address).join("."));
          addresses.splice(place % (addresses.length + 1), 0, bad);
          const own = createGuard({
            allowHosts: [],
            allowPorts: [],
            resolve: () => Promise.resolve(addresses),
          });
          expect(await verdict("https://api.test/", own)).toBe("blocked");
        },
      ),
    );
  });

  test("no port, path, query or fragment changes that", async () => {
    await fc.assert(
      fc.asyncProperty(closedAddress, fc.webPath(), fc.webQueryParameters(), async (address, path, query) => {
        for (const scheme of ["http", "https", "HTTP", "hTTps"]) {
          const url = `${scheme}:\\\\${bytesOf(address).join(".")}:8080${path}?${query}#@public.test/`;
          expect(await verdict(url)).toBe("blocked");
        }
      }),
      { numRuns: 200 },
    );
  });

  function bytesOf(address: number): number[] {
    return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256);
  }
  function numberOf(dotted: string): number {
    return dotted.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
  }
});

describe("a name that changes its mind", () => {
  test("gives the addresses that were checked, and is refused once it points elsewhere", async () => {
    const told = [["93.184.216.34"], ["127.0.0.1"]];
    const own = createGuard({
      allowHosts: [],
      allowPorts: [],
      resolve: () => Promise.resolve(told.shift() ?? ["127.0.0.1"]),
    });
    expect(await check("https://moving.test/", own)).toEqual(["93.184.216.34"]);
    // For a few seconds the first answer holds, and it is what is connected to.
    expect(await check("https://moving.test/", own)).toEqual(["93.184.216.34"]);
    vi.spyOn(performance, "now").mockReturnValue(performance.now() + 6_000);
    await expect(check("https://moving.test/", own)).rejects.toMatchObject({ kind: "blocked" });
    vi.restoreAllMocks();
  });

  test("behind a proxy, one that is unknown here is the proxy's to find; one that is known is still checked", async () => {
    const own = createGuard({ allowHosts: [], allowPorts: [], proxied: ["https:"], resolve });
    await expect(check("https://nowhere.test/", own)).resolves.toBeUndefined();
    await expect(check("http://nowhere.test/", own)).rejects.toMatchObject({ kind: "network" });
    await expect(check("https://private.test/", own)).rejects.toMatchObject({ kind: "blocked" });
    await expect(check("https://10.0.0.1/", own)).rejects.toMatchObject({ kind: "blocked" });
  });
});

test("networks the operator names are closed, although they are public", async () => {
  const own = createGuard({
    allowHosts: ["8.8.4.4"],
    allowPorts: [],
    denyNetworks: ["8.8.0.0/16", "93.184.216.34/32", "2606:4700::/32"],
    resolve,
  });
  for (const url of ["https://8.8.8.8/", "https://public.test/", "https://[2606:4700::1111]/"])
    await expect(check(url, own)).rejects.toMatchObject({ kind: "blocked" });
  for (const url of ["https://8.9.8.8/", "https://[2606:4701::1]/", "https://8.8.4.4/"])
    await expect(check(url, own)).resolves.toBeUndefined();
});
