import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { allBuckets, awsName, awsNamePrefix, project } from "@berth/contract";
import type { AwsEnvironment } from "@berth/contract";
import { clusterReadStatements } from "./cluster-read-statements";
import { githubIssuer } from "./github-provider";

/**
 * What a plan asks AWS about what the stacks made. It reads settings, and no object, no log line, no secret. Where AWS lets a
 * statement name resources it names the environment's own.
 */
export function readStatements(
  environment: AwsEnvironment,
  account: string,
): DataAwsIamPolicyDocumentStatement[] {
  const { region } = environment;
  const prefix = awsNamePrefix(environment);
  const here = (service: string, resource: string) =>
    `arn:aws:${service}:${region}:${account}:${resource}`;
  return [
    {
      // These actions know no resources.
      sid: "Describe",
      actions: [
        "ec2:Describe*",
        "logs:DescribeLogGroups",
        "cloudwatch:DescribeAlarms",
        "dlm:GetLifecyclePolicies",
        "iam:ListOpenIDConnectProviders",
      ],
      resources: ["*"],
    },
    {
      sid: "ReadBucketSettings",
      actions: [
        "s3:GetBucket*",
        "s3:GetEncryptionConfiguration",
        "s3:GetLifecycleConfiguration",
        "s3:GetReplicationConfiguration",
        "s3:GetAccelerateConfiguration",
        "s3:ListBucket",
        "s3:ListTagsForResource",
      ],
      resources: allBuckets(environment).map(({ bucket }) => `arn:aws:s3:::${bucket}`),
    },
    {
      sid: "ReadRoles",
      actions: [
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListRolePolicies",
        "iam:ListAttachedRolePolicies",
        "iam:ListInstanceProfilesForRole",
        "iam:ListRoleTags",
        "iam:GetInstanceProfile",
        "iam:GetOpenIDConnectProvider",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:ListPolicyVersions",
      ],
      resources: [
        `arn:aws:iam::${account}:role/${prefix}*`,
        `arn:aws:iam::${account}:instance-profile/${prefix}*`,
        `arn:aws:iam::${account}:policy/${prefix}*`,
        `arn:aws:iam::${account}:oidc-provider/${githubIssuer}`,
      ],
    },
    {
      sid: "ReadLockTable",
      actions: [
        "dynamodb:DescribeTable",
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTimeToLive",
        "dynamodb:ListTagsOfResource",
      ],
      resources: [here("dynamodb", `table/${awsName(environment, "state-lock")}`)],
    },
    {
      sid: "ReadLogsAlarmsAndSchedules",
      actions: [
        "logs:ListTagsForResource",
        "cloudwatch:ListTagsForResource",
        "dlm:GetLifecyclePolicy",
        "dlm:ListTagsForResource",
      ],
      resources: [
        here("logs", `log-group:/${project}/${environment.name}/*`),
        here("cloudwatch", `alarm:${prefix}*`),
        here("dlm", "policy/*"),
      ],
    },
    ...(environment.kind === "eks" ? clusterReadStatements(environment, account) : []),
  ];
}
