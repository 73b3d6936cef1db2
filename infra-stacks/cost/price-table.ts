import type { AwsRegion, InstanceType } from "@berth/contract";

/** List prices in USD, without taxes, discounts and free tiers. */
export interface RegionPrices {
  /** An hour of an instance, Linux, on demand. */
  readonly instanceHour: Readonly<Record<InstanceType, number>>;
  /** A GB-month of a gp3 volume, with its 3,000 IOPS and 125 MB/s. */
  readonly gp3: number;
  /** A GB-month of a snapshot in the standard tier. */
  readonly snapshot: number;
  /** An hour of a NAT gateway, and a GB that passes through it. */
  readonly natHour: number;
  readonly natGB: number;
  /** A GB-month in S3 Standard. */
  readonly s3: number;
  /** A GB that CloudWatch takes in, and a GB-month that it keeps, compressed to about 15 %. */
  readonly logGB: number;
  readonly logMonth: number;
  /** An hour of an interface endpoint in one zone. */
  readonly endpointHour: number;
}

/** Prices that are the same in every region of the table. */
export interface CommonPrices {
  /** An hour of a public IPv4 address, attached or not. */
  readonly publicIpv4Hour: number;
  /** An hour of an EKS control plane whose Kubernetes version is in standard support. */
  readonly eksHour: number;
  /** A vCPU hour beyond a T3's baseline, Linux. */
  readonly cpuCreditHour: number;
  /** A month of a customer managed key of KMS. */
  readonly kmsKey: number;
  /** A month of a standard alarm of CloudWatch. */
  readonly alarm: number;
  /** A month of a secret of Secrets Manager. */
  readonly secret: number;
  /** A GB sent to another region. */
  readonly regionTransferGB: number;
}

/**
 * A dated table, not AWS' price list: look prices up before you rely on them. The figures are those of AWS' public price
 * pages (see `sources`) as they were quoted in public in the month of `date`; the pages themselves were not at hand when
 * it was written. Whoever checks it against them sets the date anew.
 */
export const priceTable = {
  date: "2026-04-30",
  sources: [
    "https://aws.amazon.com/ec2/pricing/on-demand/",
    "https://aws.amazon.com/ebs/pricing/",
    "https://aws.amazon.com/vpc/pricing/",
    "https://aws.amazon.com/eks/pricing/",
    "https://aws.amazon.com/s3/pricing/",
    "https://aws.amazon.com/cloudwatch/pricing/",
    "https://aws.amazon.com/kms/pricing/",
  ],
  common: {
    publicIpv4Hour: 0.005,
    eksHour: 0.1,
    cpuCreditHour: 0.05,
    kmsKey: 1,
    alarm: 0.1,
    secret: 0.4,
    regionTransferGB: 0.02,
  } satisfies CommonPrices,
  regions: {
    "eu-central-1": {
      instanceHour: {
        "t3.medium": 0.048,
        "t3.large": 0.096,
        "t3.xlarge": 0.192,
        "m6i.large": 0.115,
        "m6i.xlarge": 0.23,
      },
      gp3: 0.0952,
      snapshot: 0.054,
      natHour: 0.052,
      natGB: 0.052,
      s3: 0.0245,
      logGB: 0.63,
      logMonth: 0.0324,
      endpointHour: 0.012,
    },
    "eu-west-1": {
      instanceHour: {
        "t3.medium": 0.0456,
        "t3.large": 0.0912,
        "t3.xlarge": 0.1824,
        "m6i.large": 0.107,
        "m6i.xlarge": 0.214,
      },
      gp3: 0.088,
      snapshot: 0.05,
      natHour: 0.048,
      natGB: 0.048,
      s3: 0.023,
      logGB: 0.57,
      logMonth: 0.03,
      endpointHour: 0.011,
    },
    "us-east-1": {
      instanceHour: {
        "t3.medium": 0.0416,
        "t3.large": 0.0832,
        "t3.xlarge": 0.1664,
        "m6i.large": 0.096,
        "m6i.xlarge": 0.192,
      },
      gp3: 0.08,
      snapshot: 0.05,
      natHour: 0.045,
      natGB: 0.045,
      s3: 0.023,
      logGB: 0.5,
      logMonth: 0.03,
      endpointHour: 0.01,
    },
  } satisfies Partial<Record<AwsRegion, RegionPrices>> as Partial<Record<string, RegionPrices>>,
} as const;

/** Days after which the table counts as old. */
export const staleAfterDays = 365;

/** How old the table is. */
export function tableAgeDays(now: Date): number {
  return Math.floor((now.getTime() - Date.parse(priceTable.date)) / 86_400_000);
}
