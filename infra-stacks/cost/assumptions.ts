/** Hours of a month, as AWS reckons. */
export const hoursAMonth = 730;

/** What nobody knows before it was used, each as a small team's deployment would have it. */
export const assumptions = {
  /** Share of the on-demand price that a spot machine costs. Spot prices move. */
  spotShare: 0.35,
  /** GB through each NAT gateway. */
  natGB: 20,
  /** GB in each bucket. Transfers to the internet: below the 100 GB a month that are free. */
  bucketGB: 5,
  /** GB that each log group takes in. */
  logGB: 1,
  /** Share of what a log group took in that it keeps, compressed, for each month of its retention. */
  logCompression: 0.15,
  /** GB of snapshots, as a share of the volumes: one full copy of what is in use, and what changed since. */
  snapshotShare: 0.5,
  /** GB that replication sends to the other region, of each bucket. */
  replicatedGB: 1,
} as const;

/** The assumptions in words, for whoever reads the estimate. */
export function assumptionsInWords(): string[] {
  const { spotShare, natGB, bucketGB, logGB, snapshotShare, replicatedGB } = assumptions;
  const percent = (share: number): string => `${share * 100} %`;
  return [
    `${hoursAMonth} hours a month, list prices, no free tier, no taxes`,
    `a spot machine at ${percent(spotShare)} of its on-demand price`,
    `CPU at a T3's baseline: no credits are bought`,
    `${natGB} GB through each NAT gateway, ${bucketGB} GB in each bucket, ${logGB} GB into each log group, ${replicatedGB} GB ` +
      `replicated from each bucket; at most 100 GB to the internet`,
    `snapshots of ${percent(snapshotShare)} of the data volumes' size`,
    `requests, and what Kubernetes asks of AWS itself (load balancers, volumes, Karpenter's machines), are not counted`,
  ];
}
