import { awsName, backupServiceAccount, componentName, namespace } from "@berth/contract";
import type { EksEnvironment } from "@berth/contract";
import type { Construct } from "constructs";
import { backupWriteStatements } from "../constructs/backup-write-statements";
import { GithubRoles } from "../constructs/github-roles";
import { modelReadStatements } from "../constructs/model-read-statements";
import { PodRole } from "../constructs/pod-role";
import { AwsStack } from "./aws-stack";
import type { AwsStackProps } from "./aws-stack";
import type { StorageStack } from "./storage-stack";

export interface PodIdentityStackProps extends AwsStackProps {
  readonly environment: EksEnvironment;
  readonly storage: StorageStack;
}

/** Who the pods of an `eks` environment and the repository's workflows are, and what they may do. */
export class PodIdentityStack extends AwsStack {
  /** Of each service account that has one. */
  readonly roles: readonly PodRole[];

  constructor(scope: Construct, props: PodIdentityStackProps) {
    super(scope, "identity", props);
    const { environment, storage } = props;
    const { models, backups } = storage;
    const { clusterName } = environment;
    const service = new PodRole(this, "service", {
      name: awsName(environment, "service"),
      clusterName,
      namespace,
      serviceAccount: componentName("service"),
      permissions: modelReadStatements(models),
    });
    const backup =
      backups &&
      new PodRole(this, "backup", {
        name: awsName(environment, "backup"),
        clusterName,
        namespace,
        serviceAccount: backupServiceAccount,
        permissions: backupWriteStatements(backups),
      });
    this.roles = backup ? [service, backup] : [service];
    if (environment.github)
      new GithubRoles(this, "github", { environment, account: this.account, models });
  }
}
