/** An IPv4 block in CIDR notation, as numbers. */
export interface Cidr {
  /** Its lowest address, as an unsigned 32-bit number. */
  readonly first: number;
  /** Its highest address. */
  readonly last: number;
  /** Leading bits that all of its addresses share, 0 to 32. */
  readonly prefixLength: number;
}

/** The ranges that no one on the internet has (RFC 1918). @see https://www.rfc-editor.org/rfc/rfc1918#section-3 */
export const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] as const;

/**
 * Reads a block.
 *
 * @throws {Error} when the text is no IPv4 block, or has bits set beyond its prefix (`10.0.1.0/16`)
 */
export function parseCidr(text: string): Cidr {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  const [prefixLength = NaN, ...octets] = match ? [match[5], ...match.slice(1, 5)].map(Number) : [];
  if (!(prefixLength <= 32) || octets.some((octet) => octet > 255))
    throw new Error("must be an IPv4 block, like 10.20.0.0/16");
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const size = 2 ** (32 - prefixLength);
  const first = address - (address % size);
  if (first !== address)
    throw new Error(
      `has bits set beyond its /${prefixLength}: write ${formatAddress(first)}/${prefixLength}`,
    );
  return { first, last: first + size - 1, prefixLength };
}

/** Whether two blocks share an address. */
export function cidrsOverlap(one: string, other: string): boolean {
  const [a, b] = [parseCidr(one), parseCidr(other)];
  return a.first <= b.last && b.first <= a.last;
}

/** Whether every address of `inner` is in `outer`. */
export function cidrContains(outer: string, inner: string): boolean {
  const [a, b] = [parseCidr(outer), parseCidr(inner)];
  return a.first <= b.first && b.last <= a.last;
}

/** An address in dotted form. */
export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
