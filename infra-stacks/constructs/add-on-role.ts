import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import type { ServiceAccount } from "@berth/contract";
import { Construct } from "constructs";
import { podTrust } from "./pod-trust";

export interface AddOnRoleProps {
  /** Unique in the account. */
  readonly name: string;
  readonly clusterName: string;
  readonly serviceAccount: ServiceAccount;
  /** AWS' own policy for the add-on. */
  readonly policyArn: string;
}

/**
 * The role of the pods of an add-on that EKS updates. Its policy is AWS', who change it together with what the add-on
 * does: statements written here would fall behind.
 */
export class AddOnRole extends Construct {
  readonly arn: string;
  readonly serviceAccount: ServiceAccount;
  /** What has to stand before the add-on's pods start. */
  readonly policy: IamRolePolicyAttachment;

  constructor(scope: Construct, id: string, props: AddOnRoleProps) {
    super(scope, id);
    const { name, clusterName, serviceAccount, policyArn } = props;
    this.serviceAccount = serviceAccount;
    const trust = new DataAwsIamPolicyDocument(this, "trust", {
      statement: podTrust(clusterName, serviceAccount),
    });
    const role = new IamRole(this, "role", { name, assumeRolePolicy: trust.json });
    this.arn = role.arn;
    this.policy = new IamRolePolicyAttachment(this, "policy", { role: role.name, policyArn });
  }
}
