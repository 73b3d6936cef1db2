import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { karpenterNames } from "@berth/contract";
import type { EksEnvironment } from "@berth/contract";
import { clusterResources } from "./cluster-resources";
import { ownTags } from "./own-tags";

/** What a plan asks AWS about a cluster, its add-ons' versions, and the roles of its admins. */
export function clusterReadStatements(
  environment: EksEnvironment,
  account: string,
): DataAwsIamPolicyDocumentStatement[] {
  const { region, clusterName, clusterAdmins } = environment;
  const { interruptionQueue } = karpenterNames(environment);
  const here = (service: string, resource: string) =>
    `arn:aws:${service}:${region}:${account}:${resource}`;
  return [
    {
      // These actions know no resources.
      sid: "DescribeForClusters",
      actions: ["eks:DescribeAddonVersions", "kms:ListAliases"],
      resources: ["*"],
    },
    {
      sid: "ReadCluster",
      actions: [
        "eks:DescribeAccessEntry",
        "eks:DescribeAddon",
        "eks:DescribeCluster",
        "eks:DescribeNodegroup",
        "eks:DescribePodIdentityAssociation",
        "eks:DescribeUpdate",
        "eks:ListAssociatedAccessPolicies",
        "eks:ListTagsForResource",
      ],
      resources: clusterResources(environment, account, [
        "access-entry",
        "addon",
        "nodegroup",
        "podidentityassociation",
      ]),
    },
    {
      sid: "ReadClusterLog",
      actions: ["logs:ListTagsForResource"],
      resources: [here("logs", `log-group:/aws/eks/${clusterName}/*`)],
    },
    {
      sid: "ReadInterruptions",
      actions: ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"],
      resources: [here("sqs", interruptionQueue)],
    },
    {
      sid: "ReadInterruptionRules",
      actions: ["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"],
      resources: [here("events", `rule/${interruptionQueue}-*`)],
    },
    {
      sid: "ReadKey",
      actions: [
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus",
        "kms:ListResourceTags",
      ],
      resources: [here("kms", "key/*")],
      condition: ownTags("aws:ResourceTag", environment),
    },
    {
      sid: "FindAdmins",
      actions: ["iam:GetRole"],
      resources: clusterAdmins.flatMap((admin) => [
        `arn:aws:iam::${account}:role/${admin}`,
        `arn:aws:iam::${account}:role/*/${admin}`,
      ]),
    },
  ];
}
