import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { awsName, karpenterNames } from "@berth/contract";
import type { AwsNamePart, EksEnvironment } from "@berth/contract";
import { clusterResources } from "./cluster-resources";
import { ownTags } from "./own-tags";

/**
 * What changing a cluster takes that a person has made: another version of Kubernetes, other machines and add-ons. Who may
 * enter the cluster, and which service account has which role, is a person's to change, as roles are.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html
 */
export function clusterDeployStatements(
  environment: EksEnvironment,
  account: string,
): DataAwsIamPolicyDocumentStatement[] {
  const { region, clusterName } = environment;
  const { interruptionQueue } = karpenterNames(environment);
  const here = (service: string, resource: string) =>
    `arn:aws:${service}:${region}:${account}:${resource}`;
  const passes = (sid: string, parts: readonly AwsNamePart[], services: string[]) => ({
    sid,
    actions: ["iam:PassRole"],
    resources: parts.map((part) => `arn:aws:iam::${account}:role/${awsName(environment, part)}`),
    condition: [{ test: "StringEquals", variable: "iam:PassedToService", values: services }],
  });

  return [
    {
      sid: "ChangeCluster",
      actions: [
        "eks:CreateAddon",
        "eks:CreateNodegroup",
        "eks:DeleteAddon",
        "eks:DeleteNodegroup",
        "eks:TagResource",
        "eks:UntagResource",
        "eks:UpdateAddon",
        "eks:UpdateClusterConfig",
        "eks:UpdateClusterVersion",
        "eks:UpdateNodegroupConfig",
        "eks:UpdateNodegroupVersion",
      ],
      resources: clusterResources(environment, account, ["addon", "nodegroup"]),
    },
    {
      sid: "ChangeLaunchTemplate",
      actions: [
        "ec2:CreateLaunchTemplateVersion",
        "ec2:DeleteLaunchTemplateVersions",
        "ec2:ModifyLaunchTemplate",
      ],
      resources: [here("ec2", "launch-template/*")],
      condition: ownTags("aws:ResourceTag", environment),
    },
    {
      sid: "KeepClusterLog",
      actions: ["logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource"],
      resources: [here("logs", `log-group:/aws/eks/${clusterName}/*`)],
    },
    {
      sid: "ChangeInterruptions",
      actions: ["sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue"],
      resources: [here("sqs", interruptionQueue)],
    },
    {
      sid: "ChangeInterruptionRules",
      actions: [
        "events:DeleteRule",
        "events:PutRule",
        "events:PutTargets",
        "events:RemoveTargets",
        "events:TagResource",
        "events:UntagResource",
      ],
      resources: [here("events", `rule/${interruptionQueue}-*`)],
    },
    passes("PassMachines", ["cluster-nodes"], ["ec2.amazonaws.com", "eks.amazonaws.com"]),
    passes("PassAddOns", ["cluster-network", "cluster-disks"], ["pods.eks.amazonaws.com"]),
  ];
}
