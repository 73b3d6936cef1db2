import { instanceTypes } from "@berth/contract";
import type { InstanceType } from "@berth/contract";
import { Fault } from "../operations/fault";
import type { Block, StackJson } from "../operations/synthesized-environment";
import { assumptions, hoursAMonth } from "./assumptions";
import { priceTable } from "./price-table";
import type { RegionPrices } from "./price-table";

/** One part of a bill. */
export interface Cost {
  readonly what: string;
  readonly usdAMonth: number;
  /** What it may grow by at most, where use decides. @default 0 */
  readonly atMostMore?: number;
}

/** What a resource is priced from. */
export interface Pricing {
  readonly prices: RegionPrices;
  /** The stack that the resource is in. */
  readonly json: StackJson;
  /** GB of all data volumes of the environment. */
  readonly dataVolumesGB: number;
}

type PriceOf = (block: Block, pricing: Pricing) => Cost[];

const { common } = priceTable;

/** Baseline of a T3, in vCPU: 20 % of each of two for medium, 30 % for large, 40 % of each of four for xlarge. */
const baselineVCpu: Partial<Record<InstanceType, number>> = {
  "t3.medium": 0.4,
  "t3.large": 0.6,
  "t3.xlarge": 1.6,
};

/** What costs money, by the type of the resource. */
const priced: Readonly<Record<string, PriceOf>> = {
  aws_instance: (block, pricing) => {
    const type = instanceTypeOf(block["instance_type"]);
    const market = one(block["instance_market_options"])?.["market_type"];
    return [
      machine(type, market === "spot", 1, credits(block) === "unlimited", pricing),
      ...list(block["root_block_device"]).map((disk) => volume("root volume", disk, 1, pricing)),
    ];
  },
  aws_eks_node_group: (block, pricing) => {
    const { prices: _, json } = pricing;
    const template = one(block["launch_template"]);
    const launch = referred(json, "aws_launch_template", template?.["id"] ?? template?.["name"]);
    const [named] = (block["instance_types"] ?? []) as unknown[];
    const type = instanceTypeOf(named ?? launch?.["instance_type"]);
    const count = Number(one(block["scaling_config"])?.["desired_size"]);
    const spot = block["capacity_type"] === "SPOT";
    const disks = list(launch?.["block_device_mappings"]).flatMap(({ ebs }) => list(ebs));
    const root = disks[0] ?? { volume_type: "gp3", volume_size: block["disk_size"] ?? 20 };
    return [
      machine(type, spot, count, isBurstable(type), pricing),
      volume("root volume", root, count, pricing),
    ];
  },
  aws_ebs_volume: (block, pricing) => [
    volume(
      "volume",
      { volume_type: block["type"], volume_size: block["size"], ...block },
      1,
      pricing,
    ),
  ],
  aws_eip: () => [{ what: "public IPv4 address", usdAMonth: common.publicIpv4Hour * hoursAMonth }],
  aws_nat_gateway: (_, { prices }) => [
    { what: "NAT gateway", usdAMonth: prices.natHour * hoursAMonth },
    { what: `${assumptions.natGB} GB through NAT`, usdAMonth: prices.natGB * assumptions.natGB },
  ],
  aws_vpc_endpoint: (block, { prices }) => {
    const type = block["vpc_endpoint_type"] ?? "Gateway";
    if (type === "Gateway") return [];
    const zones = ((block["subnet_ids"] ?? []) as unknown[]).length;
    return [
      {
        what: `interface endpoint in ${zones} zones`,
        usdAMonth: prices.endpointHour * hoursAMonth * zones,
      },
    ];
  },
  aws_eks_cluster: () => [{ what: "EKS control plane", usdAMonth: common.eksHour * hoursAMonth }],
  aws_kms_key: () => [{ what: "KMS key", usdAMonth: common.kmsKey }],
  aws_secretsmanager_secret: () => [{ what: "secret", usdAMonth: common.secret }],
  aws_cloudwatch_metric_alarm: () => [{ what: "alarm", usdAMonth: common.alarm }],
  aws_cloudwatch_log_group: (block, { prices }) => {
    const months = Number(block["retention_in_days"] ?? 365) / 30;
    const kept = assumptions.logGB * assumptions.logCompression * months;
    return [
      {
        what: `log group, ${assumptions.logGB} GB`,
        usdAMonth: prices.logGB * assumptions.logGB + prices.logMonth * kept,
      },
    ];
  },
  aws_s3_bucket: (_, { prices }) => [
    { what: `bucket, ${assumptions.bucketGB} GB`, usdAMonth: prices.s3 * assumptions.bucketGB },
  ],
  aws_s3_bucket_replication_configuration: () => [
    {
      what: `${assumptions.replicatedGB} GB to the other region`,
      usdAMonth: common.regionTransferGB * assumptions.replicatedGB,
    },
  ],
  aws_dlm_lifecycle_policy: (block, { prices, dataVolumesGB }) => {
    const schedules = list(one(block["policy_details"])?.["schedule"]);
    const copies = schedules.flatMap((schedule) => list(schedule["cross_region_copy_rule"])).length;
    const snapshotsGB = dataVolumesGB * assumptions.snapshotShare * (1 + copies);
    return [
      {
        what: copies > 0 ? "snapshots, here and in the other region" : "snapshots",
        usdAMonth: prices.snapshot * snapshotsGB,
      },
    ];
  },
};

/** What costs nothing, or less than a cent a month at a deployment's scale. */
const free: readonly string[] = [
  "aws_cloudwatch_event_rule",
  "aws_cloudwatch_event_target",
  "aws_default_network_acl",
  "aws_default_route_table",
  "aws_default_security_group",
  // On demand: a lock is two requests.
  "aws_dynamodb_table",
  "aws_ec2_tag",
  "aws_eip_association",
  "aws_eks_access_entry",
  "aws_eks_access_policy_association",
  "aws_eks_addon",
  "aws_eks_pod_identity_association",
  // What it writes is priced with its log group.
  "aws_flow_log",
  "aws_iam_instance_profile",
  "aws_iam_openid_connect_provider",
  "aws_iam_policy",
  "aws_iam_role",
  "aws_iam_role_policy",
  "aws_iam_role_policy_attachment",
  "aws_internet_gateway",
  "aws_kms_alias",
  "aws_kms_key_policy",
  // Its machines are priced where they are started.
  "aws_launch_template",
  "aws_route",
  "aws_route_table",
  "aws_route_table_association",
  "aws_s3_bucket_lifecycle_configuration",
  "aws_s3_bucket_logging",
  "aws_s3_bucket_ownership_controls",
  "aws_s3_bucket_policy",
  "aws_s3_bucket_public_access_block",
  "aws_s3_bucket_server_side_encryption_configuration",
  "aws_s3_bucket_versioning",
  "aws_security_group",
  "aws_security_group_rule",
  "aws_sns_topic",
  "aws_sns_topic_policy",
  "aws_sns_topic_subscription",
  // The first million requests a month; interruptions are a handful.
  "aws_sqs_queue",
  "aws_sqs_queue_policy",
  "aws_subnet",
  "aws_volume_attachment",
  "aws_vpc",
  "aws_vpc_security_group_egress_rule",
  "aws_vpc_security_group_ingress_rule",
  "terraform_data",
];

/**
 * What a resource costs.
 *
 * @throws {Fault} on a type that is neither priced nor known to be free
 */
export function costOf(type: string, block: Block, pricing: Pricing): Cost[] {
  const price = priced[type];
  if (price !== undefined) return price(block, pricing);
  if (free.includes(type)) return [];
  throw new Fault(
    `Nothing is known of what ${type} costs: add it to what is priced, or to what is free, in infra-stacks/cost/resource-costs.ts`,
  );
}

function machine(
  type: InstanceType,
  spot: boolean,
  count: number,
  unlimited: boolean,
  { prices }: Pricing,
): Cost {
  const share = spot ? assumptions.spotShare : 1;
  const baseline = unlimited ? baselineVCpu[type] : undefined;
  return {
    what: `${count > 1 ? `${count} x ` : ""}${type}${spot ? " spot" : ""}`,
    usdAMonth: prices.instanceHour[type] * hoursAMonth * share * count,
    atMostMore:
      baseline === undefined
        ? 0
        : (instanceTypes[type].vCpu - baseline) * common.cpuCreditHour * hoursAMonth * count,
  };
}

function volume(what: string, disk: Block, count: number, { prices }: Pricing): Cost {
  const { volume_type: type, volume_size: size, iops, throughput } = disk;
  if (type !== "gp3")
    throw new Fault(`A ${what} of type ${String(type)} is not priced: only gp3 is`);
  if (Number(iops ?? 0) > 3000 || Number(throughput ?? 0) > 125)
    throw new Fault(`A ${what} with more than 3,000 IOPS or 125 MB/s is not priced`);
  const GB = Number(size) * count;
  return { what: `${what}, ${GB} GB gp3`, usdAMonth: prices.gp3 * GB };
}

function instanceTypeOf(value: unknown): InstanceType {
  if (typeof value === "string" && value in instanceTypes) return value as InstanceType;
  throw new Fault(
    `${String(value)} is an instance type without a price: add it to infra-stacks/cost/price-table.ts`,
  );
}

/** Burstable machines lend credits unless told otherwise. */
function credits(block: Block): unknown {
  const type = instanceTypeOf(block["instance_type"]);
  if (!isBurstable(type)) return undefined;
  return one(block["credit_specification"])?.["cpu_credits"] ?? "unlimited";
}

function isBurstable(type: InstanceType): boolean {
  return type.startsWith("t");
}

/** A nested block, which is an object or a list of one. */
function one(value: unknown): Block | undefined {
  return list(value)[0];
}

function list(value: unknown): Block[] {
  if (value === undefined || value === null) return [];
  return (Array.isArray(value) ? value : [value]) as Block[];
}

/** The resource of a type that a reference (`${aws_launch_template.a.id}`) leads to. */
function referred(json: StackJson, type: string, reference: unknown): Block | undefined {
  const id = new RegExp(`\\$\\{${type}\\.([\\w-]+)\\.`).exec(String(reference))?.[1];
  return id === undefined ? undefined : json.resource?.[type]?.[id];
}
