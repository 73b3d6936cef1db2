import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";

export interface KarpenterStatementsProps {
  readonly clusterName: string;
  readonly clusterArn: string;
  readonly region: string;
  readonly account: string;
  /** Where its machines may be, and in which security groups. */
  readonly subnetArns: readonly string[];
  readonly securityGroupArns: readonly string[];
  /** The one role that its machines may have. */
  readonly nodeRoleArn: string;
  readonly queueArn: string;
}

/**
 * What Karpenter's controller may do: start machines in the given subnets, security groups and role, tag what it starts
 * as the cluster's, and delete and change what is tagged so. These are the statements that Karpenter publishes for 1.x,
 * narrower where Berth's cluster allows: no capacity reservations or placement groups, subnets and security groups by
 * name, and of SSM's parameters the images for EKS only.
 *
 * @see https://karpenter.sh/docs/reference/cloudformation/#controller-authorization
 */
export function karpenterStatements(
  props: KarpenterStatementsProps,
): DataAwsIamPolicyDocumentStatement[] {
  const { clusterName, region, account } = props;
  const inRegion = (kinds: readonly string[], owner = account) =>
    kinds.map((kind) => `arn:aws:ec2:${region}:${owner}:${kind}/*`);
  const instanceProfiles = [`arn:aws:iam::${account}:instance-profile/*`];
  const started = [
    "fleet",
    "instance",
    "launch-template",
    "network-interface",
    "spot-instances-request",
    "volume",
  ];

  const owned = (of: "aws:RequestTag" | "aws:ResourceTag") =>
    equals(`${of}/kubernetes.io/cluster/${clusterName}`, "owned");
  const asCluster = equals("aws:RequestTag/eks:eks-cluster-name", clusterName);
  const anyNodePool = (of: "aws:RequestTag" | "aws:ResourceTag") =>
    like(`${of}/karpenter.sh/nodepool`, "*");
  const ofNodeClass = (of: "aws:RequestTag" | "aws:ResourceTag") => [
    owned(of),
    equals(`${of}/topology.kubernetes.io/region`, region),
    like(`${of}/karpenter.k8s.aws/ec2nodeclass`, "*"),
  ];

  return [
    {
      sid: "StartMachinesFrom",
      actions: ["ec2:CreateFleet", "ec2:RunInstances"],
      resources: [
        ...inRegion(["image", "snapshot"], ""),
        ...props.subnetArns,
        ...props.securityGroupArns,
      ],
    },
    {
      sid: "StartMachinesFromItsTemplates",
      actions: ["ec2:CreateFleet", "ec2:RunInstances"],
      resources: inRegion(["launch-template"]),
      condition: [owned("aws:ResourceTag"), anyNodePool("aws:ResourceTag")],
    },
    {
      sid: "StartMachinesWithTheClustersTags",
      actions: ["ec2:CreateFleet", "ec2:CreateLaunchTemplate", "ec2:RunInstances"],
      resources: inRegion(started),
      condition: [owned("aws:RequestTag"), asCluster, anyNodePool("aws:RequestTag")],
    },
    {
      sid: "TagWhatItStarts",
      actions: ["ec2:CreateTags"],
      resources: inRegion(started),
      condition: [
        owned("aws:RequestTag"),
        asCluster,
        anyNodePool("aws:RequestTag"),
        equals("ec2:CreateAction", "CreateFleet", "CreateLaunchTemplate", "RunInstances"),
      ],
    },
    {
      sid: "NameItsMachines",
      actions: ["ec2:CreateTags"],
      resources: inRegion(["instance"]),
      condition: [
        owned("aws:ResourceTag"),
        anyNodePool("aws:ResourceTag"),
        {
          test: "StringEqualsIfExists",
          variable: "aws:RequestTag/eks:eks-cluster-name",
          values: [clusterName],
        },
        {
          test: "ForAllValues:StringEquals",
          variable: "aws:TagKeys",
          values: ["Name", "eks:eks-cluster-name", "karpenter.sh/nodeclaim"],
        },
      ],
    },
    {
      sid: "DeleteWhatItStarted",
      actions: ["ec2:DeleteLaunchTemplate", "ec2:TerminateInstances"],
      resources: inRegion(["instance", "launch-template"]),
      condition: [owned("aws:ResourceTag"), anyNodePool("aws:ResourceTag")],
    },
    {
      // AWS defines these actions without a resource.
      sid: "LookAround",
      actions: [
        "ec2:DescribeCapacityReservations",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceStatus",
        "ec2:DescribeInstanceTypeOfferings",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeInstances",
        "ec2:DescribeLaunchTemplates",
        "ec2:DescribePlacementGroups",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSpotPriceHistory",
        "ec2:DescribeSubnets",
      ],
      resources: ["*"],
      condition: [equals("aws:RequestedRegion", region)],
    },
    {
      // So are these, and they are answered in one region only, or for the whole account.
      sid: "LookAroundEverywhere",
      actions: ["iam:ListInstanceProfiles", "pricing:GetProducts"],
      resources: ["*"],
    },
    {
      sid: "FindImages",
      actions: ["ssm:GetParameter"],
      resources: [`arn:aws:ssm:${region}::parameter/aws/service/eks/optimized-ami/*`],
    },
    {
      sid: "HearOfInterruptions",
      actions: ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"],
      resources: [props.queueArn],
    },
    {
      sid: "GiveMachinesTheirRole",
      actions: ["iam:PassRole"],
      resources: [props.nodeRoleArn],
      condition: [equals("iam:PassedToService", "ec2.amazonaws.com")],
    },
    {
      sid: "MakeInstanceProfiles",
      actions: ["iam:CreateInstanceProfile"],
      resources: instanceProfiles,
      condition: [...ofNodeClass("aws:RequestTag"), asCluster],
    },
    {
      sid: "TagItsInstanceProfiles",
      actions: ["iam:TagInstanceProfile"],
      resources: instanceProfiles,
      condition: [...ofNodeClass("aws:ResourceTag"), ...ofNodeClass("aws:RequestTag"), asCluster],
    },
    {
      sid: "ChangeItsInstanceProfiles",
      actions: [
        "iam:AddRoleToInstanceProfile",
        "iam:DeleteInstanceProfile",
        "iam:RemoveRoleFromInstanceProfile",
      ],
      resources: instanceProfiles,
      condition: ofNodeClass("aws:ResourceTag"),
    },
    {
      sid: "ReadInstanceProfiles",
      actions: ["iam:GetInstanceProfile"],
      resources: instanceProfiles,
    },
    { sid: "FindTheCluster", actions: ["eks:DescribeCluster"], resources: [props.clusterArn] },
  ];
}

function equals(variable: string, ...values: string[]) {
  return { test: "StringEquals", variable, values };
}

function like(variable: string, value: string) {
  return { test: "StringLike", variable, values: [value] };
}
