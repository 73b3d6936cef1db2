import type { Block, StackJson } from "../support/stack-json";
import { blocksOf, isTrue, many, nested, ofEach, without } from "./invariant";
import type { Invariant } from "./invariant";
import { documentOf } from "./policies";

const bucket = "aws_s3_bucket";

/** The block of a type that is about a bucket. */
function about(stack: StackJson, type: string, name: string): Block | undefined {
  return blocksOf(stack, type).find(
    ([, block]) => block["bucket"] === `\${${bucket}.${name}.id}`,
  )?.[1];
}

/** An invariant of the block of a type that every bucket has to have. */
function ofEachBucket(
  name: string,
  type: string,
  holds: (block: Block, stack: StackJson, bucketName: string) => boolean,
): Invariant {
  return ofEach(name, [bucket], (_, stack, bucketName) => {
    const found = about(stack, type, bucketName);
    if (!found) return `has no ${type}`;
    return holds(found, stack, bucketName) ? undefined : JSON.stringify(found);
  });
}

/** What holds for every bucket. */
export const bucketInvariants: readonly Invariant[] = [
  ofEachBucket("buckets are not public", "aws_s3_bucket_public_access_block", (block) =>
    ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]
      .map((setting) => block[setting] === true)
      .every(Boolean),
  ),
  without("buckets have no access lists", [
    "aws_s3_bucket_acl",
    "aws_s3_bucket_website_configuration",
  ]),
  ofEachBucket("buckets are versioned", "aws_s3_bucket_versioning", (block) => {
    return nested(block, "versioning_configuration")["status"] === "Enabled";
  }),
  ofEachBucket(
    "buckets are encrypted",
    "aws_s3_bucket_server_side_encryption_configuration",
    (block) => {
      const rule = nested(nested(block, "rule"), "apply_server_side_encryption_by_default");
      return ["AES256", "aws:kms"].includes(String(rule["sse_algorithm"]));
    },
  ),
  ofEachBucket("buckets own their objects", "aws_s3_bucket_ownership_controls", (block) => {
    return nested(block, "rule")["object_ownership"] === "BucketOwnerEnforced";
  }),
  ofEachBucket(
    "buckets are reached over TLS only",
    "aws_s3_bucket_policy",
    (block, stack, bucketName) => {
      const arn = `\${${bucket}.${bucketName}.arn}`;
      return documentOf(stack, block["policy"]).some(
        ({ effect, actions, principals, resources, condition }) =>
          effect === "Deny" &&
          actions.includes("s3:*") &&
          principals?.some(({ identifiers }) => identifiers.includes("*")) &&
          [arn, `${arn}/*`].every((one) => resources?.includes(one)) &&
          condition?.length === 1 &&
          condition[0]?.variable === "aws:SecureTransport" &&
          condition[0].values[0] === "false",
      );
    },
  ),
  ofEachBucket(
    "buckets drop what nobody will ever read",
    "aws_s3_bucket_lifecycle_configuration",
    (block) => {
      const rules = many(block, "rule").filter(({ status }) => status === "Enabled");
      const days = (name: string, field: string) =>
        rules.some((rule) => Number(nested(rule, name)[field]) > 0);
      return (
        days("abort_incomplete_multipart_upload", "days_after_initiation") &&
        days("noncurrent_version_expiration", "noncurrent_days")
      );
    },
  ),
  ofEach("buckets are not destroyed with what they hold", [bucket], ({ force_destroy }) =>
    isTrue(force_destroy) ? "force_destroy" : undefined,
  ),
  ofEach(
    "copies keep what is deleted",
    ["aws_s3_bucket_replication_configuration"],
    (block) =>
      many(block, "rule").length === 0 ||
      many(block, "rule").some(
        (rule) =>
          rule["status"] !== "Enabled" ||
          nested(rule, "delete_marker_replication")["status"] !== "Disabled",
      ),
  ),
];
