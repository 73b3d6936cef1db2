import type { EksEnvironment } from "@berth/contract";
import { karpenterNames } from "@berth/contract";
import type { NetworkProps } from "./network";

/**
 * The tags by which a cluster finds its subnets: load balancers those for the internet and those for the VPC, and Karpenter
 * those for its machines.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html
 */
export function clusterSubnetTags(
  environment: EksEnvironment,
): Required<Pick<NetworkProps, "publicSubnetTags" | "privateSubnetTags">> {
  const shared = { [`kubernetes.io/cluster/${environment.clusterName}`]: "shared" };
  return {
    publicSubnetTags: { ...shared, "kubernetes.io/role/elb": "1" },
    privateSubnetTags: {
      ...shared,
      "kubernetes.io/role/internal-elb": "1",
      ...karpenterNames(environment).discoveryTags,
    },
  };
}
