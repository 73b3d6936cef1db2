import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { ServiceAccount } from "@berth/contract";

/**
 * Lets EKS Pod Identity take a role for the pods of one service account in one cluster.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
 */
export function podTrust(
  clusterName: string,
  serviceAccount: ServiceAccount,
): DataAwsIamPolicyDocumentStatement[] {
  const sessionTag = (tag: string, value: string) => ({
    test: "StringEquals",
    variable: `aws:RequestTag/${tag}`,
    values: [value],
  });
  return [
    {
      actions: ["sts:AssumeRole", "sts:TagSession"],
      principals: [{ type: "Service", identifiers: ["pods.eks.amazonaws.com"] }],
      condition: [
        sessionTag("eks-cluster-name", clusterName),
        sessionTag("kubernetes-namespace", serviceAccount.namespace),
        sessionTag("kubernetes-service-account", serviceAccount.name),
      ],
    },
  ];
}
