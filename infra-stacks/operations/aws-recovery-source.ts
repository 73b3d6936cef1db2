import {
  DescribeAvailabilityZonesCommand,
  DescribeSnapshotsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { CopyObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import type { AwsRegion } from "@berth/contract";
import type { RecoverySource } from "./recovery-source";

/** What was copied to a region of AWS. */
export class AwsRecoverySource implements RecoverySource {
  async zones(region: AwsRegion): Promise<string[]> {
    const { AvailabilityZones: zones = [] } = await new EC2Client({ region }).send(
      new DescribeAvailabilityZonesCommand({
        Filters: [
          { Name: "opt-in-status", Values: ["opt-in-not-required"] },
          { Name: "state", Values: ["available"] },
        ],
      }),
    );
    return zones.flatMap(({ ZoneName: name }) => name ?? []).sort();
  }

  async newestSnapshot(tags: Readonly<Record<string, string>>, region: AwsRegion) {
    const { Snapshots: snapshots = [] } = await new EC2Client({ region }).send(
      new DescribeSnapshotsCommand({
        OwnerIds: ["self"],
        Filters: [
          { Name: "status", Values: ["completed"] },
          ...Object.entries(tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] })),
        ],
      }),
    );
    return snapshots
      .flatMap(({ SnapshotId: id, StartTime: startedAt }) =>
        id && startedAt ? [{ id, startedAt }] : [],
      )
      .sort((one, other) => other.startedAt.getTime() - one.startedAt.getTime())[0];
  }

  async copyObjects(from: string, to: string, prefix: string): Promise<number> {
    const s3 = new S3Client({
      region: "us-east-1",
      followRegionRedirects: true,
      forcePathStyle: process.env["AWS_ENDPOINT_URL"] !== undefined,
    });
    // One version of one model has a handful of files: one page.
    const { Contents: objects = [] } = await s3.send(
      new ListObjectsV2Command({ Bucket: from, Prefix: prefix }),
    );
    for (const { Key } of objects)
      await s3.send(
        new CopyObjectCommand({
          Bucket: to,
          Key,
          CopySource: encodeURI(`${from}/${Key}`),
        }),
      );
    return objects.length;
  }
}
