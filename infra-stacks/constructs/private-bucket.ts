import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import { S3BucketLifecycleConfiguration } from "@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration";
import { S3BucketOwnershipControls } from "@cdktf/provider-aws/lib/s3-bucket-ownership-controls";
import { S3BucketPolicy } from "@cdktf/provider-aws/lib/s3-bucket-policy";
import { S3BucketPublicAccessBlock } from "@cdktf/provider-aws/lib/s3-bucket-public-access-block";
import { S3BucketServerSideEncryptionConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration";
import { S3BucketVersioningA } from "@cdktf/provider-aws/lib/s3-bucket-versioning";
import { Construct } from "constructs";

/** Days after which the parts of an upload that never ended are dropped: invisible in listings, but paid for. */
export const abortedUploadDays = 7;

export interface PrivateBucketProps {
  /** Globally unique. */
  readonly name: string;
  /** Days for which an object that was deleted or overwritten can be brought back. */
  readonly oldVersionDays: number;
  /**
   * Objects of a prefix that are deleted when they are old.
   *
   * @default objects stay until they are deleted
   */
  readonly expiry?: { readonly prefix: string; readonly days: number };
  /**
   * Refuse any plan that would destroy the bucket, even an empty one. A bucket that holds objects is never destroyed.
   *
   * @default false
   */
  readonly preventDestroy?: boolean;
  /**
   * For another region than the stack's.
   *
   * @default the stack's provider
   */
  readonly provider?: AwsProvider;
}

/** An S3 bucket that is private, versioned, encrypted at rest and reachable over TLS only, whose objects it owns. */
export class PrivateBucket extends Construct {
  readonly arn: string;
  /** Refers to the bucket: what needs it waits until it is there. */
  readonly name: string;
  /** To depend on, where S3 asks for a versioned bucket. */
  readonly versioning: S3BucketVersioningA;

  constructor(scope: Construct, id: string, props: PrivateBucketProps) {
    super(scope, id);
    const { name, oldVersionDays, expiry, preventDestroy = false, provider } = props;

    const bucket = new S3Bucket(this, "bucket", {
      bucket: name,
      forceDestroy: false,
      provider,
      lifecycle: preventDestroy ? { preventDestroy } : undefined,
    });
    this.arn = bucket.arn;
    this.name = bucket.id;

    const accessBlock = new S3BucketPublicAccessBlock(this, "public-access", {
      bucket: bucket.id,
      provider,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    new S3BucketOwnershipControls(this, "ownership", {
      bucket: bucket.id,
      provider,
      rule: { objectOwnership: "BucketOwnerEnforced" },
    });
    this.versioning = new S3BucketVersioningA(this, "versioning", {
      bucket: bucket.id,
      provider,
      versioningConfiguration: { status: "Enabled" },
    });
    new S3BucketServerSideEncryptionConfigurationA(this, "encryption", {
      bucket: bucket.id,
      provider,
      rule: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
    });
    new S3BucketLifecycleConfiguration(this, "lifecycle", {
      bucket: bucket.id,
      provider,
      rule: [
        {
          id: "aborted-uploads",
          status: "Enabled",
          filter: [{ prefix: "" }],
          abortIncompleteMultipartUpload: [{ daysAfterInitiation: abortedUploadDays }],
        },
        {
          id: "old-versions",
          status: "Enabled",
          filter: [{ prefix: "" }],
          noncurrentVersionExpiration: [{ noncurrentDays: oldVersionDays }],
        },
        ...(expiry
          ? [
              {
                id: "expiry",
                status: "Enabled",
                filter: [{ prefix: `${expiry.prefix}/` }],
                expiration: [{ days: expiry.days }],
              },
            ]
          : []),
      ],
      dependsOn: [this.versioning],
    });

    const tlsOnly = new DataAwsIamPolicyDocument(this, "tls-only", {
      statement: [
        {
          sid: "TlsOnly",
          effect: "Deny",
          actions: ["s3:*"],
          resources: [bucket.arn, `${bucket.arn}/*`],
          principals: [{ type: "*", identifiers: ["*"] }],
          condition: [{ test: "Bool", variable: "aws:SecureTransport", values: ["false"] }],
        },
      ],
    });
    // S3 refuses to change a bucket's policy and its access block at the same time.
    new S3BucketPolicy(this, "policy", {
      bucket: bucket.id,
      provider,
      policy: tlsOnly.json,
      dependsOn: [accessBlock],
    });
  }
}
