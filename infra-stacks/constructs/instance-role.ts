import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile";
import type { Construct } from "constructs";
import { backupWriteStatements } from "./backup-write-statements";
import { LeastPrivilegeRole } from "./least-privilege-role";
import { modelReadStatements } from "./model-read-statements";
import type { PrivateBucket } from "./private-bucket";
import { sessionManagerStatements } from "./session-manager-statements";

export interface InstanceRoleProps {
  /** Of the role and its instance profile; unique in the account. */
  readonly name: string;
  readonly models: PrivateBucket;
  /** @default no backups are written */
  readonly backups?: PrivateBucket;
}

/** The role of an EC2 machine, and the profile that gives it to one: reads models, writes backups, answers Session Manager. */
export class InstanceRole extends LeastPrivilegeRole {
  readonly profile: IamInstanceProfile;

  constructor(scope: Construct, id: string, props: InstanceRoleProps) {
    const { name, models, backups } = props;
    super(scope, id, {
      name,
      trust: [
        {
          actions: ["sts:AssumeRole"],
          principals: [{ type: "Service", identifiers: ["ec2.amazonaws.com"] }],
        },
      ],
      permissions: [
        ...modelReadStatements(models),
        ...(backups ? backupWriteStatements(backups) : []),
        ...sessionManagerStatements(),
      ],
    });
    this.profile = new IamInstanceProfile(this, "profile", { name, role: this.role.name });
  }
}
