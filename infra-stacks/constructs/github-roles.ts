import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { awsName, tryGithubRepository } from "@berth/contract";
import type { AwsEnvironment, AwsNamePart } from "@berth/contract";
import { TerraformOutput } from "cdktf";
import { Construct } from "constructs";
import { clusterDeployStatements } from "./cluster-deploy-statements";
import { deployStatements } from "./deploy-statements";
import { GithubProvider, githubAudience, githubIssuer } from "./github-provider";
import { LeastPrivilegeRole } from "./least-privilege-role";
import { modelPublishStatements } from "./model-publish-statements";
import type { PrivateBucket } from "./private-bucket";
import { readStatements } from "./read-statements";
import { SharedPolicy } from "./shared-policy";
import { stateStatements } from "./state-statements";

export interface GithubRolesProps {
  readonly environment: AwsEnvironment;
  /** The account's twelve digits. */
  readonly account: string;
  readonly models: PrivateBucket;
}

/**
 * The roles that the repository's workflows take, each for one kind of job and from one kind of run:
 *
 * - plan: reads what the stacks made and their states, and takes their locks; from a pull request or the branch
 * - deploy: changes what the stacks made; from a job that GitHub's environment let through, so after its approval
 * - publish-model: writes under the models' prefix; from the branch
 *
 * None may change a role or a policy: who can, can do everything. The layers with roles are a person's to change.
 */
export class GithubRoles extends Construct {
  constructor(scope: Construct, id: string, props: GithubRolesProps) {
    super(scope, id);
    const { environment, account, models } = props;
    const { github, git } = environment;
    const repository = tryGithubRepository(git.repository);
    if (!github || !repository)
      throw new Error(`github is unset, or ${git.repository} not on GitHub: set both, or neither`);

    const provider = new GithubProvider(this, "oidc", { oidcProvider: github.oidcProvider });
    const repo = `repo:${repository.owner}/${repository.name}`;
    const branch = `${repo}:ref:refs/heads/${github.branch}`;
    const approved = `${repo}:environment:${github.environment ?? environment.name}`;

    const addRole = (
      part: Extract<AwsNamePart, "plan" | "deploy" | "publish-model">,
      subjects: string[],
      permissions: DataAwsIamPolicyDocumentStatement[],
    ) => {
      const role = new LeastPrivilegeRole(this, part, {
        name: awsName(environment, part),
        trust: [
          {
            actions: ["sts:AssumeRoleWithWebIdentity"],
            principals: [{ type: "Federated", identifiers: [provider.arn] }],
            condition: [
              { test: "StringEquals", variable: `${githubIssuer}:aud`, values: [githubAudience] },
              { test: "StringEquals", variable: `${githubIssuer}:sub`, values: subjects },
            ],
          },
        ],
        permissions,
      });
      new TerraformOutput(this, `${part}-role`, {
        value: role.arn,
        description: `For the workflows: role-to-assume of ${part}`,
      });
      return role;
    };

    const plan = addRole(
      "plan",
      [`${repo}:pull_request`, branch],
      stateStatements(environment, account, "read"),
    );
    const deploy = addRole("deploy", [approved], deployStatements(environment, account));
    addRole("publish-model", [branch], modelPublishStatements(models));

    new SharedPolicy(this, "read", {
      name: awsName(environment, "read"),
      statements: readStatements(environment, account),
      roles: { plan, deploy },
    });
    new SharedPolicy(this, "deploy-state", {
      name: awsName(environment, "deploy-state"),
      statements: stateStatements(environment, account, "write"),
      roles: { deploy },
    });
    if (environment.kind === "eks")
      new SharedPolicy(this, "deploy-cluster", {
        name: awsName(environment, "deploy-cluster"),
        statements: clusterDeployStatements(environment, account),
        roles: { deploy },
      });
  }
}
