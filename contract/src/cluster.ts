import { awsName } from "./aws-names";
import { backupServiceAccount, componentName, namespace } from "./names";

/**
 * Kubernetes versions that a cluster may run: those in EKS' standard support, of 1.35 until 27 March 2027 and of 1.36
 * until August 2027. At its end EKS upgrades a cluster to the next version by itself, so move on before.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
 */
export const kubernetesVersions = ["1.35", "1.36"] as const;

/** A version of Kubernetes that a cluster may run. */
export type KubernetesVersion = (typeof kubernetesVersions)[number];

/** Who a pod is: for Kubernetes, and through EKS Pod Identity for AWS. */
export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}

/** Namespace of the cluster's own parts. */
const systemNamespace = "kube-system";

/** The service accounts that a role on AWS belongs to. What is not Berth's own keeps the name that its makers gave it. */
export const serviceAccounts = {
  service: { namespace, name: componentName("service") },
  backup: { namespace, name: backupServiceAccount },
  externalSecrets: { namespace: "external-secrets", name: "external-secrets" },
  karpenter: { namespace: systemNamespace, name: "karpenter" },
  vpcCni: { namespace: systemNamespace, name: "aws-node" },
  ebsCsi: { namespace: systemNamespace, name: "ebs-csi-controller-sa" },
} as const satisfies Record<string, ServiceAccount>;

/** The tag by which Karpenter finds the subnets and the security group of its machines; its value is the cluster's name. */
export const karpenterDiscoveryTag = "karpenter.sh/discovery";

/** What Karpenter's chart, NodePools and EC2NodeClasses name of the things that the cluster's stack makes for it. */
export interface KarpenterNames {
  /** SQS queue from which it hears of machines that are about to go. */
  readonly interruptionQueue: string;
  /** IAM role of the machines that it starts. */
  readonly nodeRole: string;
  /** What its subnets and its security group are tagged with. */
  readonly discoveryTags: Readonly<Record<string, string>>;
}

export function karpenterNames(environment: {
  readonly name: string;
  readonly clusterName: string;
}): KarpenterNames {
  return {
    interruptionQueue: awsName(environment, "karpenter"),
    nodeRole: awsName(environment, "karpenter-node"),
    discoveryTags: { [karpenterDiscoveryTag]: environment.clusterName },
  };
}
