import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { IamPolicy } from "@cdktf/provider-aws/lib/iam-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { Construct } from "constructs";
import type { LeastPrivilegeRole } from "./least-privilege-role";

export interface SharedPolicyProps {
  /** Unique in the account. */
  readonly name: string;
  /** At most 6,144 characters of policy. */
  readonly statements: DataAwsIamPolicyDocumentStatement[];
  /** Who has it, by an id of each. */
  readonly roles: Readonly<Record<string, LeastPrivilegeRole>>;
}

/**
 * What several roles may do, or one for which its own policy has no room: that may have 10,240 characters.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export class SharedPolicy extends Construct {
  constructor(scope: Construct, id: string, props: SharedPolicyProps) {
    super(scope, id);
    const document = new DataAwsIamPolicyDocument(this, "permissions", {
      statement: props.statements,
    });
    const policy = new IamPolicy(this, "policy", { name: props.name, policy: document.json });
    for (const [of, { role }] of Object.entries(props.roles))
      new IamRolePolicyAttachment(this, of, { role: role.name, policyArn: policy.arn });
  }
}
