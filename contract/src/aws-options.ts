import { z } from "zod";
import { awsRegions } from "./aws-regions";
import { bucketName } from "./buckets";
import { cidrContains, parseCidr, privateRanges } from "./cidr";

/** How private subnets reach the internet: not at all, through one gateway, or through one in each zone. */
export const natGateways = ["none", "single", "per-zone"] as const;
export type NatGateways = (typeof natGateways)[number];

/**
 * Default of `natGateways`. A gateway costs 33 to 38 USD a month before any traffic, more than the t3.medium that a `node`
 * environment runs on, and nothing there is in a private subnet.
 *
 * @see https://aws.amazon.com/vpc/pricing/
 */
export const defaultNatGateways: NatGateways = "none";

/**
 * The days for which CloudWatch can keep a log.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
 */
export const logRetentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
] as const;

/** Default of `flowLogDays`: a break-in is often found months later, and storing costs little beside recording. */
export const defaultFlowLogDays = 365;

/** Default of `backups.days`. */
export const defaultBackupDays = 35;

/** Default of `github.branch`. */
export const defaultGithubBranch = "main";

/** Default of `github.oidcProvider`. */
export const defaultOidcProvider = "create";

/** The prefix lengths that a VPC may have: AWS allows /16, and beyond /20 the subnets have too few addresses for pods. */
export const vpcPrefixLengths = { min: 16, max: 20 } as const;

/**
 * What a tag's value may be.
 *
 * @see https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
 */
const tagValue = z
  .string()
  .regex(
    /^[\p{L}\p{N}_.:/=+@-][\p{L}\p{N} _.:/=+@-]{0,254}$/u,
    "must be the value of a tag: 1 to 255 letters, digits, spaces and _.:/=+-@, not beginning with a space",
  );

/** One of AWS' regions. */
const region = z.enum(awsRegions, "must be a region of AWS, like eu-central-1");

/** A private block whose subnets have room. */
const vpcCidr = z.string().superRefine((cidr, context) => {
  // What compares blocks with one another comes after, and only where each is one.
  const refuse = (message: string) =>
    context.addIssue({ code: "custom", message, continue: false });
  try {
    const { prefixLength } = parseCidr(cidr);
    if (prefixLength < vpcPrefixLengths.min || prefixLength > vpcPrefixLengths.max)
      refuse(`must be between /${vpcPrefixLengths.min} and /${vpcPrefixLengths.max}`);
    if (!privateRanges.some((range) => cidrContains(range, cidr)))
      refuse(`must be private: inside ${privateRanges.join(", ")}`);
  } catch (error) {
    refuse((error as Error).message);
  }
});

/** What every environment on AWS has. */
export const awsOptions = {
  region,
  /**
   * The account's twelve digits. Where it is named, no other account is deployed to.
   *
   * @default whichever account the credentials belong to
   */
  account: z
    .string()
    .regex(/^\d{12}$/, "must be the twelve digits of an account, as a text")
    .optional(),
  /** Private /16 to /20; each subnet takes a part of it. */
  vpcCidr,
  /** Two or three, in a fixed order: add a zone at the end, since a reordering replaces subnets. */
  availabilityZones: z.array(z.string()).min(2).max(3),
  /** How private subnets reach the internet. @default {@link defaultNatGateways} */
  natGateways: z.enum(natGateways).default(defaultNatGateways),
  /** Days for which a record of the VPC's connections is kept. @default {@link defaultFlowLogDays} */
  flowLogDays: z
    .literal(
      logRetentionDays,
      `must be a time that CloudWatch knows: ${logRetentionDays.join(", ")} days`,
    )
    .default(defaultFlowLogDays),
  /** Bucket of the models. Bucket names are global: choose your own. */
  modelBucket: bucketName,
  /** Bucket of the Terraform state. */
  stateBucket: bucketName,
  /**
   * Where the history's backups go.
   *
   * @default none are made
   */
  backups: z
    .strictObject({
      bucket: bucketName,
      /** Days after which a backup is deleted. @default {@link defaultBackupDays} */
      days: z.int().min(1).max(3650).default(defaultBackupDays),
    })
    .optional(),
  /**
   * Another region, to which models, backups and snapshots are copied.
   *
   * @default none
   */
  replication: z.strictObject({ region }).optional(),
  /**
   * The roles that the workflows of `git.repository` take in this environment.
   *
   * @default none: no workflow reaches AWS
   */
  github: z
    .strictObject({
      /** The branch whose workflows may read everything, and publish models. @default {@link defaultGithubBranch} */
      branch: z
        .string()
        .regex(
          /^(?!.*[*?:\s])[^/].{0,199}$/,
          "must be one branch, without * or ?: each is a pattern in a trust policy",
        )
        .default(defaultGithubBranch),
      /** GitHub's environment whose approval a deployment needs. @default the environment's own name */
      environment: z
        .string()
        .regex(
          /^[A-Za-z0-9][A-Za-z0-9 _.-]{0,99}$/,
          "must be the name of one environment on GitHub, without * or ?",
        )
        .optional(),
      /** An account has one provider for GitHub: one of its environments makes it, others find it. @default {@link defaultOidcProvider} */
      oidcProvider: z.enum(["create", "existing"]).default(defaultOidcProvider),
    })
    .optional(),
  /** Who answers for it; a tag on everything. */
  owner: tagValue,
  /** Who pays for it; a tag on everything. */
  costCentre: tagValue,
};
