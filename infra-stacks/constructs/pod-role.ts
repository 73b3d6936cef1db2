import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { Construct } from "constructs";
import { LeastPrivilegeRole } from "./least-privilege-role";

export interface PodRoleProps {
  /** Unique in the account. */
  readonly name: string;
  readonly clusterName: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** What the pods may do; nothing else. */
  readonly permissions: DataAwsIamPolicyDocumentStatement[];
}

/**
 * The role that EKS Pod Identity gives to the pods of one service account in one cluster.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
 */
export class PodRole extends LeastPrivilegeRole {
  readonly namespace: string;
  readonly serviceAccount: string;

  constructor(scope: Construct, id: string, props: PodRoleProps) {
    const sessionTag = (tag: string, value: string) => ({
      test: "StringEquals",
      variable: `aws:RequestTag/${tag}`,
      values: [value],
    });
    super(scope, id, {
      name: props.name,
      trust: [
        {
          actions: ["sts:AssumeRole", "sts:TagSession"],
          principals: [{ type: "Service", identifiers: ["pods.eks.amazonaws.com"] }],
          condition: [
            sessionTag("eks-cluster-name", props.clusterName),
            sessionTag("kubernetes-namespace", props.namespace),
            sessionTag("kubernetes-service-account", props.serviceAccount),
          ],
        },
      ],
      permissions: props.permissions,
    });
    this.namespace = props.namespace;
    this.serviceAccount = props.serviceAccount;
  }
}
