import { z } from "zod";

/** The longest name of a bucket. */
export const longestBucketName = 63;

/** What the name of a bucket's replica ends with. */
const replicaSuffix = "-replica";

/**
 * The name of an S3 bucket. Dots are left out: names with dots break TLS.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
export const bucketName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
    "must be a bucket name: 3 to 63 of a-z, 0-9 and hyphens, beginning and ending with a letter or digit",
  )
  .regex(
    /^(?!xn--|sthree-|amzn-s3-demo-)(?!.*(-s3alias|--ol-s3|--x-s3|--table-s3)$)/,
    "must not begin or end as AWS reserves for itself (xn--, sthree-, amzn-s3-demo-; -s3alias, --ol-s3, --x-s3, --table-s3): choose another name",
  );

/** The name of a bucket's copy in another region. */
export function replicaBucket(bucket: string): string {
  return `${bucket}${replicaSuffix}`;
}
