import { isTrue, many, nested, ofEach } from "./invariant";
import type { Invariant } from "./invariant";
import { documentOf } from "./policies";

const cluster = "aws_eks_cluster";
const controlPlaneLogs = ["api", "audit", "authenticator", "controllerManager", "scheduler"];

/** What holds for clusters, keys, logs and queues. */
export const clusterInvariants: readonly Invariant[] = [
  ofEach("a cluster's API is reached from its VPC, and from named networks", [cluster], (block) => {
    const network = nested(block, "vpc_config");
    if (network["endpoint_private_access"] !== true) return "not from its VPC";
    if (network["endpoint_public_access"] === false) return undefined;
    const from = (network["public_access_cidrs"] ?? ["0.0.0.0/0"]) as string[];
    return from.length === 0 ? "from everywhere" : from.find((cidr) => cidr.endsWith("/0"));
  }),
  ofEach("a cluster's secrets are encrypted with its own key", [cluster], (block) => {
    const { resources, provider } = nested(block, "encryption_config");
    const key = nested({ provider }, "provider")["key_arn"];
    return (resources as string[] | undefined)?.includes("secrets") && key ? undefined : "are not";
  }),
  ofEach("a cluster logs everything that its control plane can", [cluster], (block) => {
    const logged = (block["enabled_cluster_log_types"] ?? []) as string[];
    return controlPlaneLogs.find((log) => !logged.includes(log));
  }),
  ofEach("a cluster lets in whom an access entry names, not who made it", [cluster], (block) => {
    const access = nested(block, "access_config");
    const mode = access["authentication_mode"];
    if (mode !== "API") return `authentication mode ${String(mode)}`;
    return access["bootstrap_cluster_creator_admin_permissions"] === false
      ? undefined
      : "its maker";
  }),
  ofEach(
    "a cluster's machines are in private subnets",
    [cluster, "aws_eks_node_group"],
    (block) => {
      const subnets = (block["subnet_ids"] ??
        nested(block, "vpc_config")["subnet_ids"]) as string[];
      return subnets.find((subnet) => !subnet.includes("private"));
    },
  ),
  ofEach("a cluster's network policies are enforced", ["aws_eks_addon"], (block) => {
    if (block["addon_name"] !== "vpc-cni") return undefined;
    const { enableNetworkPolicy } = JSON.parse(String(block["configuration_values"] ?? "{}")) as {
      enableNetworkPolicy?: unknown;
    };
    return isTrue(enableNetworkPolicy) ? undefined : "enableNetworkPolicy";
  }),
  ofEach("keys rotate, and can be brought back", ["aws_kms_key"], (block) => {
    if (block["enable_key_rotation"] !== true) return "no rotation";
    return Number(block["deletion_window_in_days"]) >= 7 ? undefined : "deleted at once";
  }),
  ofEach("keys are used by what is named", ["aws_kms_key"], (block, stack) =>
    documentOf(stack, block["policy"]).find(
      ({ principals = [], condition = [] }) =>
        principals.some(({ type }) => type === "Service") && condition.length === 0,
    ),
  ),
  ofEach("logs are kept for a time that ends", ["aws_cloudwatch_log_group"], (block) => {
    return Number(block["retention_in_days"]) > 0 ? undefined : "for ever";
  }),
  ofEach("queues are encrypted", ["aws_sqs_queue"], (block) => {
    return isTrue(block["sqs_managed_sse_enabled"]) || block["kms_master_key_id"]
      ? undefined
      : "no";
  }),
  ofEach("queues are reached over TLS only", ["aws_sqs_queue"], (_, stack, name) => {
    const policies = Object.values(stack.resource?.["aws_sqs_queue_policy"] ?? {}).filter(
      (policy) => String(policy["queue_url"]).includes(`.${name}.`),
    );
    const statements = policies.flatMap((policy) => documentOf(stack, policy["policy"]));
    return statements.some(
      ({ effect, actions, condition = [] }) =>
        effect === "Deny" &&
        actions.includes("sqs:*") &&
        condition.some(
          ({ variable, values }) => variable === "aws:SecureTransport" && values[0] === "false",
        ),
    )
      ? undefined
      : "no";
  }),
  ofEach("machines of a cluster are replaced one by one", ["aws_eks_node_group"], (block) =>
    many(block, "update_config").some((one) => Number(one["max_unavailable"]) === 1)
      ? undefined
      : "all at once",
  ),
];
