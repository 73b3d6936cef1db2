import { EksNodeGroup } from "@cdktf/provider-aws/lib/eks-node-group";
import { LaunchTemplate } from "@cdktf/provider-aws/lib/launch-template";
import type { EksEnvironment } from "@berth/contract";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { Cluster } from "./cluster";
import { ClusterNodeRole } from "./cluster-node-role";
import type { Network } from "./network";

/**
 * Network hops that an answer of the instance metadata service survives: it reaches the node and what shares its
 * network, and no pod. Pods get their roles from Pod Identity.
 */
export const metadataHopLimit = 1;

export interface ManagedNodesProps {
  /** Of the machines and their role; unique in the account. */
  readonly name: string;
  readonly cluster: Cluster;
  readonly network: Network;
  readonly nodes: EksEnvironment["nodeGroup"];
  /** Tags of the machines, their disks and interfaces: the provider's own tags do not reach what EC2 makes later. */
  readonly tags: Readonly<Record<string, string>>;
  /** Without which no node becomes ready. */
  readonly dependsOn: ITerraformDependable[];
}

/**
 * Machines in private subnets that EKS itself replaces and repairs. They hold what the cluster needs to run, Karpenter
 * too, and Berth's pods at their fewest; for more, Karpenter starts its own.
 */
export class ManagedNodes extends Construct {
  readonly nodeGroup: EksNodeGroup;

  constructor(scope: Construct, id: string, props: ManagedNodesProps) {
    super(scope, id);
    const { name, nodes, cluster } = props;
    const role = new ClusterNodeRole(this, "role", { name });

    const tags = { ...props.tags, Name: name };
    const template = new LaunchTemplate(this, "template", {
      name,
      metadataOptions: {
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: metadataHopLimit,
      },
      blockDeviceMappings: [
        {
          // The root device of Amazon Linux.
          deviceName: "/dev/xvda",
          ebs: {
            volumeType: "gp3",
            volumeSize: nodes.diskGiB,
            encrypted: "true",
            deleteOnTermination: "true",
          },
        },
      ],
      tagSpecifications: ["instance", "volume", "network-interface"].map((resourceType) => ({
        resourceType,
        tags,
      })),
    });

    this.nodeGroup = new EksNodeGroup(this, "group", {
      clusterName: cluster.cluster.name,
      // A change of the types makes a new group. It stands before the old one is drained, under a name of its own.
      nodeGroupNamePrefix: "managed-",
      version: cluster.cluster.version,
      nodeRoleArn: role.role.arn,
      subnetIds: props.network.privateSubnets.map((subnet) => subnet.id),
      amiType: "AL2023_x86_64_STANDARD",
      capacityType: "ON_DEMAND",
      instanceTypes: [...nodes.instanceTypes],
      scalingConfig: { minSize: nodes.min, maxSize: nodes.max, desiredSize: nodes.desired },
      updateConfig: { maxUnavailable: 1 },
      nodeRepairConfig: { enabled: true },
      launchTemplate: {
        id: template.id,
        version: template.getStringAttribute("latest_version"),
      },
      lifecycle: { createBeforeDestroy: true },
      dependsOn: [...role.policies, ...props.dependsOn],
    });
  }
}
