import { awsName } from "@berth/contract";
import type { NodeEnvironment } from "@berth/contract";
import type { Construct } from "constructs";
import { GithubRoles } from "../constructs/github-roles";
import { InstanceRole } from "../constructs/instance-role";
import { AwsStack } from "./aws-stack";
import type { AwsStackProps } from "./aws-stack";
import type { StorageStack } from "./storage-stack";

export interface InstanceIdentityStackProps extends AwsStackProps {
  readonly environment: NodeEnvironment;
  readonly storage: StorageStack;
}

/** Who the machine of a `node` environment and the repository's workflows are, and what they may do. */
export class InstanceIdentityStack extends AwsStack {
  readonly role: InstanceRole;

  constructor(scope: Construct, props: InstanceIdentityStackProps) {
    super(scope, "identity", props);
    const { environment, storage } = props;
    const { models, backups } = storage;
    this.role = new InstanceRole(this, "node", {
      name: awsName(environment, "node"),
      models,
      backups,
    });
    if (environment.github)
      new GithubRoles(this, "github", { environment, account: this.account, models });
  }
}
