import type { EksEnvironment } from "@berth/contract";

/** What belongs to a cluster, as EKS' ARNs name it. */
export type ClusterPart = "access-entry" | "addon" | "nodegroup" | "podidentityassociation";

/** The ARNs of an environment's cluster and of what belongs to it. */
export function clusterResources(
  { region, clusterName }: Pick<EksEnvironment, "region" | "clusterName">,
  account: string,
  parts: readonly ClusterPart[],
): string[] {
  const here = (resource: string) => `arn:aws:eks:${region}:${account}:${resource}`;
  return [here(`cluster/${clusterName}`), ...parts.map((part) => here(`${part}/${clusterName}/*`))];
}
