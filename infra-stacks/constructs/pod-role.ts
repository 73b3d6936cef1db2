import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { ServiceAccount } from "@berth/contract";
import type { Construct } from "constructs";
import { LeastPrivilegeRole } from "./least-privilege-role";
import { podTrust } from "./pod-trust";

export interface PodRoleProps {
  /** Unique in the account. */
  readonly name: string;
  readonly clusterName: string;
  /** Whose pods get the role, and no others. */
  readonly serviceAccount: ServiceAccount;
  /** What the pods may do; nothing else. */
  readonly permissions: DataAwsIamPolicyDocumentStatement[];
}

/** The role that EKS Pod Identity gives to the pods of one service account in one cluster. */
export class PodRole extends LeastPrivilegeRole {
  readonly serviceAccount: ServiceAccount;

  constructor(scope: Construct, id: string, props: PodRoleProps) {
    super(scope, id, {
      name: props.name,
      trust: podTrust(props.clusterName, props.serviceAccount),
      permissions: props.permissions,
    });
    this.serviceAccount = props.serviceAccount;
  }
}
