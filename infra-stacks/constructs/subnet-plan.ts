/** The most zones that a plan has room for. */
export const maxZones = 3;

/** The prefix lengths that a VPC may have here: AWS allows /16, and a public subnet of a /24 is a /28, AWS' smallest. */
export const vpcPrefixLengths = { min: 16, max: 24 } as const;

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
 * @throws {Error} when `vpcCidr` is not an IPv4 block between /16 and /24, or `zones` is out of range
 */
export function planSubnets(vpcCidr: string, zones: number): SubnetPlan {
  if (!Number.isInteger(zones) || zones < 1 || zones > maxZones)
    throw new Error(`zones is ${zones}: it must be 1 to ${maxZones}`);
  const { base, prefixLength } = parseCidr(vpcCidr);

  const block = (newBits: number, index: number): string => {
    const length = prefixLength + newBits;
    return `${formatAddress(base + index * 2 ** (32 - length))}/${length}`;
  };
  const indices = Array.from({ length: zones }, (_, i) => i);
  return {
    public: indices.map((i) => block(4, i)),
    private: indices.map((i) => block(2, i + 1)),
  };
}

function parseCidr(cidr: string): { base: number; prefixLength: number } {
  const { min, max } = vpcPrefixLengths;
  const fault = new Error(
    `vpcCidr is ${JSON.stringify(cidr)}: it must be an IPv4 block between /${min} and /${max}, like 10.20.0.0/16`,
  );
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  if (!match) throw fault;
  const [prefixLength = 0, ...octets] = [match[5], ...match.slice(1, 5)].map(Number);
  if (prefixLength < min || prefixLength > max || octets.some((octet) => octet > 255)) throw fault;

  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return { base: address - (address % 2 ** (32 - prefixLength)), prefixLength };
}

function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
