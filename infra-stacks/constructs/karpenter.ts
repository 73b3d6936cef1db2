import { Ec2Tag } from "@cdktf/provider-aws/lib/ec2-tag";
import { EksAccessEntry } from "@cdktf/provider-aws/lib/eks-access-entry";
import { serviceAccounts } from "@berth/contract";
import type { KarpenterNames } from "@berth/contract";
import { Construct } from "constructs";
import type { Cluster } from "./cluster";
import { ClusterNodeRole } from "./cluster-node-role";
import { InterruptionQueue } from "./interruption-queue";
import { karpenterStatements } from "./karpenter-statements";
import type { Network } from "./network";
import { PodIdentity } from "./pod-identity";
import { PodRole } from "./pod-role";

export interface KarpenterProps {
  /** Of the controller's role; unique in the account. */
  readonly name: string;
  /** What its manifests refer to. */
  readonly names: KarpenterNames;
  readonly cluster: Cluster;
  readonly clusterName: string;
  readonly network: Network;
  readonly region: string;
  readonly account: string;
}

/**
 * All that Karpenter needs of AWS: its controller's role, a role with which its machines may join the cluster, a queue
 * of interruptions, and the tag by which it finds the security group. The network tags the subnets.
 */
export class Karpenter extends Construct {
  constructor(scope: Construct, id: string, props: KarpenterProps) {
    super(scope, id);
    const { names, cluster, clusterName, region, account } = props;

    const node = new ClusterNodeRole(this, "node", { name: names.nodeRole });
    new EksAccessEntry(this, "node-entry", {
      clusterName: cluster.cluster.name,
      principalArn: node.role.arn,
      type: "EC2_LINUX",
    });
    const { queue } = new InterruptionQueue(this, "interruptions", {
      name: names.interruptionQueue,
    });
    for (const [key, value] of Object.entries(names.discoveryTags))
      new Ec2Tag(this, `security-group-tag-${key}`, {
        resourceId: cluster.securityGroupId,
        key,
        value,
      });

    const role = new PodRole(this, "controller", {
      name: props.name,
      clusterName,
      serviceAccount: serviceAccounts.karpenter,
      permissions: karpenterStatements({
        clusterName,
        clusterArn: cluster.cluster.arn,
        region,
        account,
        subnetArns: props.network.privateSubnets.map((subnet) => subnet.arn),
        securityGroupArns: [
          `arn:aws:ec2:${region}:${account}:security-group/${cluster.securityGroupId}`,
        ],
        nodeRoleArn: node.role.arn,
        queueArn: queue.arn,
      }),
    });
    new PodIdentity(this, "controller-identity", { cluster, role });
  }
}
