import { DlmLifecyclePolicy } from "@cdktf/provider-aws/lib/dlm-lifecycle-policy";
import { Construct } from "constructs";
import { snapshotTag } from "./data-volume";
import { LeastPrivilegeRole } from "./least-privilege-role";
import { serviceTrust } from "./service-trust";

export interface VolumeSnapshotsProps {
  /** Of the policy's role, unique in the account; and the value of {@link snapshotTag} of the volumes that it is for. */
  readonly name: string;
  /** The account's twelve digits. */
  readonly account: string;
  readonly region: string;
  /** Hours from one snapshot to the next. */
  readonly everyHours: number;
  /** How many are kept. */
  readonly keep: number;
  /**
   * A region that each snapshot is copied to, and kept in for as long.
   *
   * @default no copies
   */
  readonly copyTo?: string;
}

/** Snapshots by schedule of every volume with a tag (Data Lifecycle Manager), and copies of them in another region. */
export class VolumeSnapshots extends Construct {
  constructor(scope: Construct, id: string, props: VolumeSnapshotsProps) {
    super(scope, id);
    const { name, everyHours, keep, copyTo } = props;
    const tags = { [snapshotTag]: name };

    const role = new LeastPrivilegeRole(this, "taker", {
      name,
      trust: serviceTrust("dlm.amazonaws.com", props.account),
      permissions: snapshotStatements(props),
    });
    new DlmLifecyclePolicy(this, "policy", {
      description: `Snapshots of volumes tagged ${snapshotTag} ${name}`,
      executionRoleArn: role.arn,
      state: "ENABLED",
      policyDetails: {
        resourceTypes: ["VOLUME"],
        targetTags: tags,
        schedule: [
          {
            name,
            createRule: { interval: everyHours, intervalUnit: "HOURS", times: ["00:00"] },
            retainRule: { count: keep },
            copyTags: true,
            crossRegionCopyRule: copyTo
              ? [
                  {
                    target: copyTo,
                    encrypted: true,
                    copyTags: true,
                    retainRule: {
                      interval: Math.ceil((keep * everyHours) / 24),
                      intervalUnit: "DAYS",
                    },
                  },
                ]
              : undefined,
          },
        ],
      },
      tags: { Name: name },
    });
  }
}

/**
 * Only tagged volumes are read, and only snapshots with the same tag deleted: the schedule copies it onto them.
 *
 * @see https://docs.aws.amazon.com/ebs/latest/userguide/dlm-access-control.html
 */
function snapshotStatements({ name, account, region, copyTo }: VolumeSnapshotsProps) {
  const regions = copyTo ? [region, copyTo] : [region];
  const snapshots = regions.map((one) => `arn:aws:ec2:${one}::snapshot/*`);
  const tagged = {
    test: "StringEquals",
    variable: `aws:ResourceTag/${snapshotTag}`,
    values: [name],
  };
  return [
    {
      // These actions know no resources.
      sid: "FindVolumesAndSnapshots",
      actions: ["ec2:DescribeVolumes", "ec2:DescribeSnapshots", "ec2:DescribeInstances"],
      resources: ["*"],
    },
    {
      sid: "ReadVolumes",
      actions: ["ec2:CreateSnapshot", "ec2:CreateSnapshots"],
      resources: [`arn:aws:ec2:${region}:${account}:volume/*`],
      condition: [tagged],
    },
    {
      sid: "MakeSnapshots",
      actions: [
        "ec2:CreateSnapshot",
        "ec2:CreateSnapshots",
        ...(copyTo ? ["ec2:CopySnapshot"] : []),
      ],
      resources: snapshots,
    },
    {
      sid: "TagNewSnapshots",
      actions: ["ec2:CreateTags"],
      resources: snapshots,
      condition: [
        {
          test: "StringEquals",
          variable: "ec2:CreateAction",
          values: ["CreateSnapshot", "CreateSnapshots", ...(copyTo ? ["CopySnapshot"] : [])],
        },
      ],
    },
    {
      sid: "DeleteOldSnapshots",
      actions: ["ec2:DeleteSnapshot"],
      resources: snapshots,
      condition: [tagged],
    },
  ];
}
