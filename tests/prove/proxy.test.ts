import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startProxy, type Proxy } from "../../scripts/prove/faults/proxy.ts";
import { faultsOf, misbehaviours } from "../../scripts/prove/faults/misbehaviour.ts";
import { between, random } from "../../scripts/prove/faults/random.ts";

describe("the proxy", () => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    heard = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      heard += text;
      socket.write(text.toUpperCase());
    });
    socket.on("end", () => socket.end("bye"));
  });
  let heard = "";
  let proxy: Proxy;
  beforeEach(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    proxy = await startProxy((server.address() as AddressInfo).port);
  });
  afterEach(async () => {
    await proxy.stop();
    server.close();
  });

  function call(): { socket: Socket; said: () => string; ended: Promise<unknown> } {
    const socket = connect(proxy.port, "127.0.0.1");
    let said = "";
    socket.setEncoding("utf8").on("data", (text: string) => (said += text));
    const ended = new Promise((resolve) => {
      socket.on("error", resolve);
      socket.on("close", resolve);
    });
    return { socket, said: () => said, ended };
  }

  it("lets everything through while nothing is to be cut", async () => {
    const { socket, said, ended } = call();
    socket.end("x".repeat(200_000));
    await ended;
    expect(said()).toBe(`${"X".repeat(200_000)}bye`);
    expect(proxy.cuts).toBe(0);
  });

  it("cuts in the middle, both ways counted, and what came before arrives", async () => {
    proxy.cutAfter(() => 30);
    const { socket, said, ended } = call();
    await once(socket, "connect");
    socket.write("twenty characters ok");
    await ended;
    expect(heard).toBe("twenty characters ok");
    // The answer's first ten, unless the reset has overtaken them.
    expect("TWENTY CHA".startsWith(said())).toBe(true);
    expect(proxy.cuts).toBe(1);
  });

  it("cuts what was there before it was told to, and leaves alone what comes after it was told not to", async () => {
    const { socket, ended } = call();
    await once(socket, "connect");
    socket.write("a");
    await once(socket, "data");
    proxy.cutAfter(() => 5);
    socket.write("more than five bytes");
    await ended;
    expect(heard).toBe("amore ");
    proxy.cutAfter(null);
    const later = call();
    later.socket.end("y".repeat(100));
    await later.ended;
    expect(later.said()).toBe(`${"Y".repeat(100)}bye`);
    expect(proxy.cuts).toBe(1);
  });
});

it("what is random follows from the seed", () => {
  const some = (seed: number) =>
    Array.from(
      { length: 100 },
      (
        (next) => () =>
          between(next, 1, 6)
      )(random(seed)),
    );
  expect(some(7)).toEqual(some(7));
  expect(some(7)).not.toEqual(some(8));
  expect([...new Set(some(7))].sort()).toEqual([1, 2, 3, 4, 5, 6]);
});

it("a third party misbehaves in every way, towards some, and the same way for the same seed", () => {
  const all = Array.from({ length: 1_000 }, (_, n) => faultsOf(7, n));
  expect(all).toEqual(Array.from({ length: 1_000 }, (_, n) => faultsOf(7, n)));
  expect(new Set(all.flat())).toEqual(new Set(misbehaviours));
  expect(all.filter((faults) => faults.length === 0).length).toBeGreaterThan(150);
  expect(Math.max(...all.map((faults) => faults.length))).toBe(3);
});
