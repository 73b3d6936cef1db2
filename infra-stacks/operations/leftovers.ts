import type { World } from "./world";

/** AWS takes a while until what was deleted is no longer listed. */
export const leakLimitMs = 5 * 60_000;
const retryMs = 15_000;

/** Where resources of no region, such as policies, are listed. */
const globalRegion = "us-east-1";

export interface LeftoverQuery {
  readonly tags: Readonly<Record<string, string>>;
  readonly regions: readonly string[];
  /** ARNs that stay on purpose. */
  readonly isKept: (arn: string) => boolean;
}

export interface Leftovers {
  /** ARNs of what nobody asked to keep. */
  readonly leaked: readonly string[];
  readonly kept: readonly string[];
}

/** What still carries an environment's tags, once AWS had time to forget what was deleted. */
export async function findLeftovers(
  { account, clock }: Pick<World, "account" | "clock">,
  { tags, regions, isKept }: LeftoverQuery,
): Promise<Leftovers> {
  const startedAt = clock.now();
  for (;;) {
    const standing = (
      await Promise.all([...new Set([...regions, globalRegion])].map(standingIn))
    ).flat();
    const leaked = standing.filter((arn) => !isKept(arn)).sort();
    if (leaked.length === 0 || clock.now() - startedAt >= leakLimitMs)
      return { leaked, kept: standing.filter(isKept).sort() };
    await clock.sleep(retryMs);
  }

  async function standingIn(region: string): Promise<string[]> {
    const arns = await account.tagged(tags, region);
    const going = new Set(await account.going(arns, region));
    return arns.filter((arn) => !going.has(arn));
  }
}
