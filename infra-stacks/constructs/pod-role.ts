import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import type { ModelArtifact } from "@berth/contract";
import { Construct } from "constructs";
import { modelReadStatements } from "./model-read-statements";
import type { PrivateBucket } from "./private-bucket";

export interface PodRoleProps {
  /** Unique in the account. */
  readonly name: string;
  readonly clusterName: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly models: PrivateBucket;
  /** The one model version that may be read. */
  readonly model: ModelArtifact;
}

/**
 * The role that EKS Pod Identity gives to the pods of one service account in one cluster: reads one model.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
 */
export class PodRole extends Construct {
  readonly role: IamRole;

  constructor(scope: Construct, id: string, props: PodRoleProps) {
    super(scope, id);
    const { name } = props;

    const sessionTag = (tag: string, value: string) => ({
      test: "StringEquals",
      variable: `aws:RequestTag/${tag}`,
      values: [value],
    });
    const trust = new DataAwsIamPolicyDocument(this, "trust", {
      statement: [
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
    });
    this.role = new IamRole(this, "role", { name, assumeRolePolicy: trust.json });
    const permissions = new DataAwsIamPolicyDocument(this, "permissions", {
      statement: modelReadStatements(props.models, props.model),
    });
    new IamRolePolicy(this, "policy", { name, role: this.role.id, policy: permissions.json });
  }
}
