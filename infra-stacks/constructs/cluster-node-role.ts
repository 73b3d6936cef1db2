import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { Construct } from "constructs";
import { sessionManagerStatements } from "./session-manager-statements";

/**
 * What AWS lets a machine of a cluster do: join it, hand pods their roles, and pull the add-ons' images. The network
 * add-on has a role of its own, so that a node can't rewire the VPC.
 */
const managedPolicies = {
  worker: "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
  images: "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
};

export interface ClusterNodeRoleProps {
  /** Unique in the account. */
  readonly name: string;
}

/** The role of a cluster's machines. Session Manager reaches them, and through them the cluster's private API. */
export class ClusterNodeRole extends Construct {
  readonly role: IamRole;
  /** The role's permissions, for what must not start before the role has them. */
  readonly policies: readonly (IamRolePolicyAttachment | IamRolePolicy)[];

  constructor(scope: Construct, id: string, props: ClusterNodeRoleProps) {
    super(scope, id);
    const { name } = props;

    const trust = new DataAwsIamPolicyDocument(this, "trust", {
      statement: [
        {
          actions: ["sts:AssumeRole"],
          principals: [{ type: "Service", identifiers: ["ec2.amazonaws.com"] }],
        },
      ],
    });
    this.role = new IamRole(this, "role", { name, assumeRolePolicy: trust.json });
    const permissions = new DataAwsIamPolicyDocument(this, "permissions", {
      statement: sessionManagerStatements(),
    });
    this.policies = [
      ...Object.entries(managedPolicies).map(
        ([policy, policyArn]) =>
          new IamRolePolicyAttachment(this, policy, { role: this.role.name, policyArn }),
      ),
      new IamRolePolicy(this, "policy", {
        name,
        role: this.role.id,
        policy: permissions.json,
      }),
    ];
  }
}
