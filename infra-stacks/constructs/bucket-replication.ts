import { S3BucketReplicationConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-replication-configuration";
import { Construct } from "constructs";
import { LeastPrivilegeRole } from "./least-privilege-role";
import type { PrivateBucket } from "./private-bucket";
import { serviceTrust } from "./service-trust";

export interface BucketReplicationProps {
  /** Of the role that copies; unique in the account. */
  readonly name: string;
  /** The account's twelve digits. */
  readonly account: string;
  /** Each bucket, and the bucket that its new objects are copied to. */
  readonly pairs: readonly { readonly from: PrivateBucket; readonly to: PrivateBucket }[];
}

/**
 * Copies what is written to buckets to others, in another region. A deletion is not copied: what was deleted by mistake is still
 * there. Nor is what was written before replication was on.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
 */
export class BucketReplication extends Construct {
  constructor(scope: Construct, id: string, props: BucketReplicationProps) {
    super(scope, id);
    const sources = props.pairs.map(({ from }) => from.arn);
    const copies = props.pairs.map(({ to }) => to.arn);
    const copier = new LeastPrivilegeRole(this, "copier", {
      name: props.name,
      trust: serviceTrust("s3.amazonaws.com", props.account),
      permissions: [
        {
          sid: "FindObjects",
          actions: ["s3:GetReplicationConfiguration", "s3:ListBucket"],
          resources: sources,
        },
        {
          sid: "ReadObjects",
          actions: [
            "s3:GetObjectVersionForReplication",
            "s3:GetObjectVersionAcl",
            "s3:GetObjectVersionTagging",
          ],
          resources: sources.map((arn) => `${arn}/*`),
        },
        {
          sid: "WriteCopies",
          actions: ["s3:ReplicateObject", "s3:ReplicateTags"],
          resources: copies.map((arn) => `${arn}/*`),
        },
      ],
    });
    for (const { from, to } of props.pairs)
      new S3BucketReplicationConfigurationA(this, from.node.id, {
        bucket: from.name,
        role: copier.arn,
        rule: [
          {
            id: "everything",
            status: "Enabled",
            filter: { prefix: "" },
            destination: { bucket: to.arn },
            deleteMarkerReplication: { status: "Disabled" },
          },
        ],
        // S3 refuses replication between buckets that are not versioned yet.
        dependsOn: [from.versioning, to.versioning],
      });
  }
}
