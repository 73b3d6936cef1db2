import type { Request } from "express";
import { ClientRate } from "../src/http/client-rate";
import { FakeClock } from "./support/fake-clock";

const settings = { RATE_LIMIT_PER_SECOND: 10, RATE_LIMIT_BURST: 1 };
const from = (ip: string) => ({ ip }) as Request;

describe("ClientRate", () => {
  it("waits until there is a token, as long as that takes and no longer", async () => {
    const clock = new FakeClock();
    const rate = new ClientRate(settings, clock);
    const { signal } = new AbortController();
    await rate.wait(from("203.0.113.1"), signal);
    let waited = false;
    const second = rate.wait(from("203.0.113.1"), signal).then(() => (waited = true));
    await clock.advance(99);
    expect(waited).toBe(false);
    await clock.advance(2);
    await second;
    expect(waited).toBe(true);
  });

  it("fails with the signal's reason when the wait is given up, and takes no token for it", async () => {
    const clock = new FakeClock();
    const rate = new ClientRate(settings, clock);
    const client = from("203.0.113.1");
    rate.charge(client, 1);
    const left = new AbortController();
    const waiting = rate.wait(client, left.signal);
    left.abort(new Error("left"));
    await expect(waiting).rejects.toThrow("left");
    await expect(rate.wait(client, left.signal)).rejects.toThrow("left");
    await clock.advance(100);
    expect(() => rate.charge(client, 1)).not.toThrow();
  });

  it.each(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])("never limits %s", (ip) => {
    const rate = new ClientRate(settings, new FakeClock());
    for (let i = 0; i < 10; i++) expect(() => rate.charge(from(ip), 100)).not.toThrow();
  });

  it.each(["203.0.113.1", "::ffff:203.0.113.1", "1127.0.0.1"])("fails to leave %s alone", (ip) => {
    const rate = new ClientRate(settings, new FakeClock());
    rate.charge(from(ip), 1);
    expect(() => rate.charge(from(ip), 1)).toThrow(
      expect.objectContaining({ code: "rate_limited" }),
    );
  });
});
