import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { allBuckets, awsName, awsNamePrefix, project } from "@berth/contract";
import type { AwsEnvironment, AwsNamePart } from "@berth/contract";
import { ownTags } from "./own-tags";

/** Which role may be given to which service, and no other to any. */
const passedRoles: readonly (readonly [AwsNamePart, string])[] = [
  ["node", "ec2.amazonaws.com"],
  ["flow-logs", "vpc-flow-logs.amazonaws.com"],
  ["replication", "s3.amazonaws.com"],
  ["snapshots", "dlm.amazonaws.com"],
];

// What EC2's actions make. An action that makes one kind of thing beside existing ones of another is never listed with an action
// that makes that other kind: the tags of the request would then stand in for the tags of what exists.
const makesVpcs = ["CreateVpc"];
const makesParts = [
  "CreateSubnet",
  "CreateRouteTable",
  "CreateInternetGateway",
  "CreateSecurityGroup",
  "AllocateAddress",
  "CreateVolume",
];
const makesUsers = ["CreateNatGateway", "CreateVpcEndpoint", "CreateFlowLogs", "RunInstances"];
const makesRules = ["AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress"];
const makes = [...makesVpcs, ...makesParts, ...makesUsers, ...makesRules];

/** What is done to what exists. Volumes and snapshots are not deleted: data goes by a person's hand. */
const changes = [
  "ModifyVpcAttribute",
  "DeleteVpc",
  "ModifySubnetAttribute",
  "DeleteSubnet",
  "AttachInternetGateway",
  "DetachInternetGateway",
  "DeleteInternetGateway",
  "CreateRoute",
  "ReplaceRoute",
  "DeleteRoute",
  "AssociateRouteTable",
  "DisassociateRouteTable",
  "ReplaceRouteTableAssociation",
  "DeleteRouteTable",
  "ModifyVpcEndpoint",
  "DeleteVpcEndpoints",
  "DeleteFlowLogs",
  "DeleteNatGateway",
  "ReleaseAddress",
  "AssociateAddress",
  "DisassociateAddress",
  "RevokeSecurityGroupIngress",
  "RevokeSecurityGroupEgress",
  "ModifySecurityGroupRules",
  "DeleteSecurityGroup",
  "StartInstances",
  "StopInstances",
  "RebootInstances",
  "TerminateInstances",
  "ModifyInstanceAttribute",
  "ModifyInstanceMetadataOptions",
  "ModifyInstanceMaintenanceOptions",
  "ModifyInstanceCreditSpecification",
  "CancelSpotInstanceRequests",
  "AttachVolume",
  "DetachVolume",
  "ModifyVolume",
  "CreateTags",
  "DeleteTags",
];

/**
 * What deploying takes, beside reading: to make things with the environment's tags, and to change what has them; to set up the
 * environment's own buckets, logs, alarms and schedules. Roles are only passed on, each to the one service that it is for.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
 */
export function deployStatements(
  environment: AwsEnvironment,
  account: string,
): DataAwsIamPolicyDocumentStatement[] {
  const { region, name } = environment;
  const here = (service: string, resource: string) =>
    `arn:aws:${service}:${region}:${account}:${resource}`;
  const ec2 = (actions: readonly string[]) => actions.map((action) => `ec2:${action}`);
  const ofTypes = (...types: string[]) => types.map((type) => here("ec2", `${type}/*`));
  const made = ownTags("aws:RequestTag", environment);
  const existing = ownTags("aws:ResourceTag", environment);

  return [
    {
      sid: "MakeVpcs",
      actions: ec2(makesVpcs),
      resources: ofTypes("vpc"),
      condition: made,
    },
    {
      sid: "MakeParts",
      actions: ec2(makesParts),
      resources: ofTypes(
        "subnet",
        "route-table",
        "internet-gateway",
        "security-group",
        "elastic-ip",
        "volume",
      ),
      condition: made,
    },
    {
      sid: "MakeUsers",
      actions: ec2(makesUsers),
      resources: ofTypes(
        "natgateway",
        "vpc-endpoint",
        "vpc-flow-log",
        "instance",
        "spot-instances-request",
      ),
      condition: made,
    },
    {
      sid: "MakeRules",
      actions: ec2(makesRules),
      resources: ofTypes("security-group-rule"),
      condition: made,
    },
    {
      // What comes with a new machine and carries no tags of the request.
      sid: "MakePartsOfMachines",
      actions: ["ec2:RunInstances"],
      resources: [...ofTypes("volume", "network-interface"), `arn:aws:ec2:${region}::image/*`],
    },
    {
      sid: "TagWhatIsMade",
      actions: ["ec2:CreateTags"],
      resources: [here("ec2", "*")],
      condition: [{ test: "StringEquals", variable: "ec2:CreateAction", values: makes }],
    },
    {
      sid: "ChangeOwn",
      actions: ec2([...makes, ...changes]),
      resources: [here("ec2", "*")],
      condition: existing,
    },
    {
      sid: "SetUpBuckets",
      actions: [
        "s3:CreateBucket",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketVersioning",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketTagging",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:PutReplicationConfiguration",
      ],
      resources: allBuckets(environment)
        .filter(({ bucket }) => bucket !== environment.stateBucket)
        .map(({ bucket }) => `arn:aws:s3:::${bucket}`),
    },
    {
      sid: "SetUpLogs",
      actions: [
        "logs:CreateLogGroup",
        "logs:PutRetentionPolicy",
        "logs:TagResource",
        "logs:UntagResource",
      ],
      resources: [here("logs", `log-group:/${project}/${name}/*`)],
    },
    {
      sid: "SetUpAlarms",
      actions: [
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:DeleteAlarms",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
      ],
      resources: [here("cloudwatch", `alarm:${awsNamePrefix(environment)}*`)],
    },
    {
      sid: "MakeSchedules",
      actions: ["dlm:CreateLifecyclePolicy", "dlm:TagResource"],
      resources: [here("dlm", "policy/*")],
      condition: made,
    },
    {
      sid: "ChangeSchedules",
      actions: [
        "dlm:UpdateLifecyclePolicy",
        "dlm:DeleteLifecyclePolicy",
        "dlm:TagResource",
        "dlm:UntagResource",
      ],
      resources: [here("dlm", "policy/*")],
      condition: existing,
    },
    ...passedRoles.map(([part, service]) => ({
      sid: `Pass${service.replace(/\W(\w?)/g, (_, letter: string) => letter.toUpperCase()).replace(/^\w/, (first) => first.toUpperCase())}`,
      actions: ["iam:PassRole"],
      resources: [`arn:aws:iam::${account}:role/${awsName(environment, part)}`],
      condition: [{ test: "StringEquals", variable: "iam:PassedToService", values: [service] }],
    })),
  ];
}
