import { formatAddress, vpcPrefixLengths } from "@berth/contract";
import fc from "fast-check";
import { maxZones, planSubnets } from "../constructs/subnet-plan";

/** First and last address of a block. Written another way than the code under test: in bits as text. */
function range(cidr: string): { first: bigint; last: bigint } {
  const [address = "", length = ""] = cidr.split("/");
  const bits = address
    .split(".")
    .map((octet) => Number(octet).toString(2).padStart(8, "0"))
    .join("");
  const network = bits.slice(0, Number(length));
  return {
    first: BigInt(`0b${network.padEnd(32, "0")}`),
    last: BigInt(`0b${network.padEnd(32, "1")}`),
  };
}

const vpcs = fc
  .tuple(fc.nat(2 ** vpcPrefixLengths.max - 1), fc.integer(vpcPrefixLengths))
  .map(([network, length]) => {
    const size = 2 ** (32 - length);
    return `${formatAddress((network % 2 ** length) * size)}/${length}`;
  });
const zoneCounts = fc.integer({ min: 1, max: maxZones });

describe("the subnet plan", () => {
  it("gives the first quarter to public subnets and a quarter to each private one", () => {
    expect(planSubnets("10.20.0.0/16", 3)).toEqual({
      public: ["10.20.0.0/20", "10.20.16.0/20", "10.20.32.0/20"],
      private: ["10.20.64.0/18", "10.20.128.0/18", "10.20.192.0/18"],
    });
    expect(planSubnets("10.1.240.0/20", 2)).toEqual({
      public: ["10.1.240.0/24", "10.1.241.0/24"],
      private: ["10.1.244.0/22", "10.1.248.0/22"],
    });
  });

  it("keeps every subnet inside the VPC, and apart from every other", () => {
    fc.assert(
      fc.property(vpcs, zoneCounts, (vpc, zones) => {
        const plan = planSubnets(vpc, zones);
        const subnets = [...plan.public, ...plan.private]
          .map(range)
          .sort((a, b) => (a.first < b.first ? -1 : 1));
        expect(subnets).toHaveLength(2 * zones);
        const whole = range(vpc);
        expect(subnets[0]!.first).toBeGreaterThanOrEqual(whole.first);
        expect(subnets.at(-1)!.last).toBeLessThanOrEqual(whole.last);
        for (const [i, subnet] of subnets.slice(1).entries())
          expect(subnet.first).toBeGreaterThan(subnets[i]!.last);
      }),
    );
  });

  it("leaves the subnets of the zones before as they are when a zone is added at the end", () => {
    fc.assert(
      fc.property(vpcs, fc.integer({ min: 1, max: maxZones - 1 }), (vpc, zones) => {
        const before = planSubnets(vpc, zones);
        const after = planSubnets(vpc, zones + 1);
        expect(after.public.slice(0, zones)).toEqual(before.public);
        expect(after.private.slice(0, zones)).toEqual(before.private);
      }),
    );
  });

  it("fails on a VPC that is no block", () => {
    expect(() => planSubnets("10.0.0.0", 1)).toThrow("must be an IPv4 block");
  });

  it.each([0, 4, 1.5])("fails on %d zones", (zones) => {
    expect(() => planSubnets("10.0.0.0/16", zones)).toThrow(`zones is ${zones}: it must be 1 to 3`);
  });
});
