import { describe, expect, test } from "vitest";
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
