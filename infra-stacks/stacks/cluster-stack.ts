import { awsName, karpenterNames, serviceAccounts } from "@berth/contract";
import type { EksEnvironment } from "@berth/contract";
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { AddOnRole } from "../constructs/add-on-role";
import { Cluster } from "../constructs/cluster";
import { ClusterAddOn } from "../constructs/cluster-add-on";
import type { ClusterAddOnProps } from "../constructs/cluster-add-on";
import { Karpenter } from "../constructs/karpenter";
import { ManagedNodes } from "../constructs/managed-nodes";
import type { Network } from "../constructs/network";
import { PodIdentity } from "../constructs/pod-identity";
import type { PodRole } from "../constructs/pod-role";
import { AwsStack } from "./aws-stack";
import type { AwsStackProps } from "./aws-stack";
import { defaultTags } from "./default-tags";

export interface ClusterStackProps extends AwsStackProps {
  readonly environment: EksEnvironment;
  readonly network: Network;
  /** Of the service accounts that have one. */
  readonly podRoles: readonly PodRole[];
}

/** The cluster of an `eks` environment: control plane, machines, add-ons, Karpenter's part of AWS, and pods' roles. */
export class ClusterStack extends AwsStack {
  constructor(scope: Construct, props: ClusterStackProps) {
    super(scope, "cluster", props);
    const { environment, network } = props;
    const { clusterName, region, kubernetesVersion: version, nodeGroup } = environment;
    const account = this.account;
    const name = awsName(environment, "cluster");

    const cluster = new Cluster(this, "cluster", {
      clusterName,
      name,
      region,
      account,
      version,
      network,
      adminRoles: environment.clusterAdmins,
      publicApiCidrs: environment.publicEndpointCidrs,
    });
    const addOn = (
      addOnName: string,
      options: Pick<ClusterAddOnProps, "configuration" | "role" | "dependsOn"> = {},
    ) =>
      new ClusterAddOn(this, addOnName, { cluster, addOn: addOnName, version, ...options }).addOn;

    // Without these no node becomes ready, and none of their pods needs a node to be installed.
    const networking = [
      addOn("eks-pod-identity-agent"),
      addOn("kube-proxy"),
      addOn("vpc-cni", {
        role: new AddOnRole(this, "vpc-cni-role", {
          name: awsName(environment, "cluster-network"),
          clusterName,
          serviceAccount: serviceAccounts.vpcCni,
          policyArn: "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
        }),
        // The add-on's schema wants a text.
        configuration: { enableNetworkPolicy: "true" },
      }),
    ];
    const { nodeGroup: nodes } = new ManagedNodes(this, "nodes", {
      name: awsName(environment, "cluster-nodes"),
      cluster,
      network,
      nodes: nodeGroup,
      tags: defaultTags(environment),
      dependsOn: networking,
    });

    // These are installed once their pods run.
    addOn("coredns", { dependsOn: [nodes] });
    addOn("metrics-server", { dependsOn: [nodes] });
    addOn("aws-ebs-csi-driver", {
      role: new AddOnRole(this, "ebs-csi-role", {
        name: awsName(environment, "cluster-disks"),
        clusterName,
        serviceAccount: serviceAccounts.ebsCsi,
        policyArn: "arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicyV2",
      }),
      dependsOn: [nodes],
    });

    new Karpenter(this, "karpenter", {
      name: awsName(environment, "karpenter"),
      names: karpenterNames(environment),
      cluster,
      clusterName,
      network,
      region,
      account,
    });
    for (const role of props.podRoles)
      new PodIdentity(this, `${role.serviceAccount.name}-identity`, { cluster, role });

    new TerraformOutput(this, "update-kubeconfig", {
      value: `aws eks update-kubeconfig --region ${region} --name ${cluster.cluster.name}`,
      description: "The command that tells kubectl of the cluster",
    });
    new TerraformOutput(this, "endpoint", {
      value: cluster.cluster.endpoint,
      description: "Address of the cluster's API",
    });
  }
}
