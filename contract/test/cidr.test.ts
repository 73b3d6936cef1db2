import { cidrContains, cidrsOverlap, formatAddress, parseCidr } from "../src";

describe("a block of addresses", () => {
  it("is read as its first and last address", () => {
    expect(parseCidr("10.20.0.0/16")).toEqual({
      first: 0x0a140000,
      last: 0x0a14ffff,
      prefixLength: 16,
    });
    expect(parseCidr("0.0.0.0/0").last).toBe(2 ** 32 - 1);
    expect(parseCidr("255.255.255.255/32").first).toBe(2 ** 32 - 1);
  });

  it.each([
    "10.0.0.0",
    "10.0.0.0/33",
    "10.0.256.0/24",
    "10.0.0/16",
    "fd00::/16",
    "10.0.0.0/16 ",
    "",
  ])("fails for %j, with an example", (text) => {
    expect(() => parseCidr(text)).toThrow("must be an IPv4 block, like 10.20.0.0/16");
  });

  it("fails for bits beyond its prefix, with the block that was meant", () => {
    expect(() => parseCidr("10.20.1.0/16")).toThrow(
      "has bits set beyond its /16: write 10.20.0.0/16",
    );
    expect(() => parseCidr("255.255.255.255/31")).toThrow("write 255.255.255.254/31");
  });

  it.each([
    ["10.0.0.0/16", "10.0.0.0/16", true],
    ["10.0.0.0/16", "10.0.255.0/24", true],
    ["10.0.255.0/24", "10.0.0.0/16", true],
    ["10.0.0.0/16", "10.1.0.0/16", false],
    ["192.168.0.0/17", "192.168.128.0/17", false],
  ])("%s overlaps %s: %s", (one, other, overlaps) => {
    expect(cidrsOverlap(one, other)).toBe(overlaps);
  });

  it("contains another where every address of it is inside", () => {
    expect(cidrContains("10.0.0.0/8", "10.20.0.0/16")).toBe(true);
    expect(cidrContains("10.20.0.0/16", "10.0.0.0/8")).toBe(false);
    expect(cidrContains("172.16.0.0/12", "172.32.0.0/16")).toBe(false);
  });

  it("writes an address as it reads it", () => {
    expect(formatAddress(parseCidr("203.0.113.7/32").first)).toBe("203.0.113.7");
  });
});
