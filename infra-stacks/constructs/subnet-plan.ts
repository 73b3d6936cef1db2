import { formatAddress, parseCidr } from "@berth/contract";

/** The most zones that a plan has room for. */
export const maxZones = 3;

/** The IPv4 CIDR blocks of a VPC's subnets, one of each a zone. */
export interface SubnetPlan {
  /** A sixteenth of the VPC each: load balancers, NAT and the machine need few addresses. */
  readonly public: readonly string[];
  /** A quarter of the VPC each: on EKS every pod takes an address here. */
  readonly private: readonly string[];
}

/**
 * Divides a VPC into subnets that do not overlap.
 *
 * The first quarter is divided among the public subnets, and each private subnet takes one of the other quarters. A
 * zone that is added at the end so leaves the subnets of the zones before it as they are.
 *
 * @param vpcCidr for example `10.20.0.0/16`
 * @param zones how many, 1 to 3
 * @throws {Error} when `vpcCidr` is not an IPv4 block, or `zones` is out of range
 */
export function planSubnets(vpcCidr: string, zones: number): SubnetPlan {
  if (!Number.isInteger(zones) || zones < 1 || zones > maxZones)
    throw new Error(`zones is ${zones}: it must be 1 to ${maxZones}`);
  const { first, prefixLength } = parseCidr(vpcCidr);

  const block = (newBits: number, index: number): string => {
    const length = prefixLength + newBits;
    return `${formatAddress(first + index * 2 ** (32 - length))}/${length}`;
  };
  const indices = Array.from({ length: zones }, (_, i) => i);
  return {
    public: indices.map((i) => block(4, i)),
    private: indices.map((i) => block(2, i + 1)),
  };
}
