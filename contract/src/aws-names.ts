import { project } from "./names";

/**
 * What is named on AWS after an environment: its stacks, roles, tables and groups. A role of the workflows may only
 * touch what is named so (`berth-<env>-*`).
 */
export const awsNameParts = [
  "state",
  "state-lock",
  "network",
  "flow-logs",
  "storage",
  "replication",
  "identity",
  "github",
  "read",
  "plan",
  "deploy",
  "deploy-state",
  "deploy-cluster",
  "publish-model",
  "service",
  "backup",
  "data",
  "snapshots",
  "node",
  "cluster",
  "cluster-nodes",
  "cluster-network",
  "cluster-disks",
  "external-secrets",
  "karpenter",
  "karpenter-node",
] as const;

/** One thing that is named after its environment. */
export type AwsNamePart = (typeof awsNameParts)[number];

/**
 * The longest name that AWS takes for a role, the shortest of the limits that apply.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const longestRoleName = 64;

/** The longest name of an environment with which every derived name is short enough. */
export const longestEnvironmentName =
  longestRoleName - Math.max(...awsNameParts.map((part) => awsName({ name: "" }, part).length));

/**
 * The name of something on AWS, unique in its account.
 *
 * @example `berth-node-network`
 */
export function awsName(environment: { readonly name: string }, part: AwsNamePart): string {
  return `${awsNamePrefix(environment)}${part}`;
}

/** What the names of everything in an environment begin with. */
export function awsNamePrefix(environment: { readonly name: string }): string {
  return `${project}-${environment.name}-`;
}
