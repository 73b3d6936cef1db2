import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { Construct } from "constructs";

export interface LeastPrivilegeRoleProps {
  /** Unique in the account. */
  readonly name: string;
  /** Who may take the role. */
  readonly trust: DataAwsIamPolicyDocumentStatement[];
  /** What it may do; nothing else. */
  readonly permissions: DataAwsIamPolicyDocumentStatement[];
}

/** A role that may do what is written here, and nothing that a managed policy of AWS adds. */
export class LeastPrivilegeRole extends Construct {
  readonly role: IamRole;
  /** What has to stand before the role can do its work. */
  protected readonly policy: IamRolePolicy;

  constructor(scope: Construct, id: string, props: LeastPrivilegeRoleProps) {
    super(scope, id);
    const { name } = props;
    const trust = new DataAwsIamPolicyDocument(this, "trust", { statement: props.trust });
    this.role = new IamRole(this, "role", { name, assumeRolePolicy: trust.json });
    const permissions = new DataAwsIamPolicyDocument(this, "permissions", {
      statement: props.permissions,
    });
    this.policy = new IamRolePolicy(this, "policy", {
      name,
      role: this.role.id,
      policy: permissions.json,
    });
  }

  get arn(): string {
    return this.role.arn;
  }
}
