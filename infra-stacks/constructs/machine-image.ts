import { DataAwsAmi } from "@cdktf/provider-aws/lib/data-aws-ami";
import type { DataAwsAmiConfig } from "@cdktf/provider-aws/lib/data-aws-ami";
import { machineImageTags } from "@berth/contract";
import type { MachineImage } from "@berth/contract";
import type { Construct } from "constructs";

/** Debian's own account. @see https://wiki.debian.org/Cloud/AmazonEC2Image */
const debianAccount = "136693071363";

/** Where each image is looked up. Berth's own is found by the tags that baking it puts on it, in this account only. */
const lookups: Record<MachineImage, Pick<DataAwsAmiConfig, "owners" | "filter">> = {
  berth: {
    owners: ["self"],
    filter: Object.entries(machineImageTags).map(([tag, value]) => ({
      name: `tag:${tag}`,
      values: [value],
    })),
  },
  "amazon-linux": {
    owners: ["amazon"],
    filter: [{ name: "name", values: ["al2023-ami-2023.*-kernel-*-x86_64"] }],
  },
  debian: {
    owners: [debianAccount],
    filter: [{ name: "name", values: ["debian-13-amd64-*"] }],
  },
};

/** The newest image of a kind, for machines with x86-64 processors. */
export function findMachineImage(scope: Construct, id: string, image: MachineImage): DataAwsAmi {
  const { owners, filter } = lookups[image];
  return new DataAwsAmi(scope, id, {
    owners,
    mostRecent: true,
    filter: [
      ...(filter as { name: string; values: string[] }[]),
      { name: "architecture", values: ["x86_64"] },
      { name: "virtualization-type", values: ["hvm"] },
      { name: "root-device-type", values: ["ebs"] },
    ],
  });
}
