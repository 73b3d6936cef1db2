import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { awsName, backupsPrefix, machineZone, replicaBucket } from "@berth/contract";
import type { Construct } from "constructs";
import { BucketReplication } from "../constructs/bucket-replication";
import { DataVolume } from "../constructs/data-volume";
import { PrivateBucket } from "../constructs/private-bucket";
import type { PrivateBucketProps } from "../constructs/private-bucket";
import { AwsStack } from "./aws-stack";
import type { AwsStackProps } from "./aws-stack";

/** Days for which a deleted or overwritten model can be brought back. Versions of a model are immutable. */
export const oldModelDays = 30;

/** Days for which a deleted or overwritten backup can be brought back. */
export const oldBackupDays = 30;

/**
 * The environment's data, which every other layer can be destroyed and made again around: the buckets of models and backups,
 * their copies in another region, the machine's data volume.
 */
export class StorageStack extends AwsStack {
  readonly models: PrivateBucket;
  /** Where backups are on. */
  readonly backups?: PrivateBucket;
  /** Where there is one machine. */
  readonly dataVolume?: DataVolume;

  constructor(scope: Construct, props: AwsStackProps) {
    super(scope, "storage", props);
    const { environment } = props;
    const { models, backups } = this.addBuckets(props);
    this.models = models;
    this.backups = backups;

    if (environment.replication) {
      const copies = this.addBuckets(
        props,
        this.addProvider("replica", environment.replication.region, "replica"),
      );
      new BucketReplication(this, "replication", {
        name: awsName(environment, "replication"),
        account: this.account,
        pairs: [
          { from: models, to: copies.models },
          ...(backups && copies.backups ? [{ from: backups, to: copies.backups }] : []),
        ],
      });
    }

    if (environment.kind === "node")
      this.dataVolume = new DataVolume(this, "data", {
        name: awsName(environment, "data"),
        availabilityZone: machineZone(environment),
        sizeGiB: environment.dataVolumeGiB,
        snapshots: awsName(environment, "snapshots"),
        madeFrom: environment.dataVolumeSnapshot,
      });
  }

  /** The buckets; or, with the provider of another region, their copies there. */
  private addBuckets({ environment }: AwsStackProps, copiesIn?: AwsProvider) {
    const addBucket = (id: string, bucket: PrivateBucketProps) =>
      new PrivateBucket(this, copiesIn ? `${id}-replica` : id, {
        ...bucket,
        name: copiesIn ? replicaBucket(bucket.name) : bucket.name,
        provider: copiesIn,
      });
    return {
      models: addBucket("models", { name: environment.modelBucket, oldVersionDays: oldModelDays }),
      backups:
        environment.backups &&
        addBucket("backups", {
          name: environment.backups.bucket,
          oldVersionDays: oldBackupDays,
          expiry: { prefix: backupsPrefix, days: environment.backups.days },
        }),
    };
  }
}
