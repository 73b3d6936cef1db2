import type { AwsRegion } from "./aws-regions";
import type { AwsEnvironment } from "./environments";

/** An environment that stands anew in another region, from what was copied there. */
export interface Recovery {
  /** Name of the environment that was lost. */
  readonly of: string;
  readonly region: AwsRegion;
  readonly availabilityZones: readonly string[];
  /** The copied snapshot that the data volume is made from; none where there is no such volume, or it begins empty. */
  readonly snapshot?: string;
}

/** What an environment in another region is named, so that nothing of it is in the way of what is left of the first. */
export function recoveredName(name: string, region: string): string {
  return `${name}-${region}`;
}

/**
 * The environment of a recovery: the lost one's own options, with names, buckets and a network that are free, in the other
 * region. It is not copied back by itself.
 *
 * @param index of the recovery among all; each has a network of its own
 */
export function recoveredEnvironment(
  { replication: _, ...lost }: AwsEnvironment,
  { region, availabilityZones, snapshot }: Recovery,
  index: number,
): object {
  const { backups, github, modelBucket, stateBucket } = lost;
  const renamed = (bucket: string): string => recoveredName(bucket, region);
  return {
    ...lost,
    name: recoveredName(lost.name, region),
    region,
    availabilityZones,
    vpcCidr: `10.${200 + index}.0.0/16`,
    modelBucket: renamed(modelBucket),
    stateBucket: renamed(stateBucket),
    ...(backups && { backups: { ...backups, bucket: renamed(backups.bucket) } }),
    // The account's provider for GitHub is of no region, and was not lost.
    ...(github && { github: { ...github, oidcProvider: "existing" } }),
    ...(lost.kind === "node" && { availabilityZone: undefined, dataVolumeSnapshot: snapshot }),
  };
}
