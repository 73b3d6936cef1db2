import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import type { ModelArtifact } from "@berth/contract";
import { Construct } from "constructs";
import { modelReadStatements } from "./model-read-statements";
import type { PrivateBucket } from "./private-bucket";
import { sessionManagerStatements } from "./session-manager-statements";

export interface InstanceRoleProps {
  /** Of the role and its instance profile; unique in the account. */
  readonly name: string;
  readonly models: PrivateBucket;
  /** The one model version that may be read. */
  readonly model: ModelArtifact;
}

/** The role of an EC2 machine, and the profile that gives it to one: reads one model, answers Session Manager. */
export class InstanceRole extends Construct {
  readonly profile: IamInstanceProfile;

  constructor(scope: Construct, id: string, props: InstanceRoleProps) {
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
    const role = new IamRole(this, "role", { name, assumeRolePolicy: trust.json });
    const permissions = new DataAwsIamPolicyDocument(this, "permissions", {
      statement: [...modelReadStatements(props.models, props.model), ...sessionManagerStatements()],
    });
    new IamRolePolicy(this, "policy", { name, role: role.id, policy: permissions.json });
    this.profile = new IamInstanceProfile(this, "profile", { name, role: role.name });
  }
}
