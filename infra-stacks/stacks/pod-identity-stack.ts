import { awsName, secretsPrefix, serviceAccounts } from "@berth/contract";
import type { EksEnvironment } from "@berth/contract";
import type { Construct } from "constructs";
import { backupWriteStatements } from "../constructs/backup-write-statements";
import { GithubRoles } from "../constructs/github-roles";
import { modelReadStatements } from "../constructs/model-read-statements";
import { PodRole } from "../constructs/pod-role";
import { secretsReadStatements } from "../constructs/secrets-read-statements";
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
    const { clusterName, region } = environment;
    const { account } = this;
    const service = new PodRole(this, "service", {
      name: awsName(environment, "service"),
      clusterName,
      serviceAccount: serviceAccounts.service,
      permissions: modelReadStatements(models),
    });
    const backup =
      backups &&
      new PodRole(this, "backup", {
        name: awsName(environment, "backup"),
        clusterName,
        serviceAccount: serviceAccounts.backup,
        permissions: backupWriteStatements(backups),
      });
    const externalSecrets = new PodRole(this, "external-secrets", {
      name: awsName(environment, "external-secrets"),
      clusterName,
      serviceAccount: serviceAccounts.externalSecrets,
      permissions: secretsReadStatements({ region, account, prefix: secretsPrefix(environment) }),
    });
    this.roles = [service, ...(backup ? [backup] : []), externalSecrets];
    if (environment.github) new GithubRoles(this, "github", { environment, account, models });
  }
}
