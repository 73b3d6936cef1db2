import {
  DescribeInstancesCommand,
  DescribeNatGatewaysCommand,
  DescribeSpotInstanceRequestsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { DescribeKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from "@aws-sdk/client-resource-groups-tagging-api";
import {
  DeleteObjectsCommand,
  HeadBucketCommand,
  ListObjectVersionsCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type { BucketState, CloudAccount } from "./cloud-account";
import { Fault } from "./fault";

/** Which of these ids AWS still lists as standing. */
type Standing = (region: string, ids: readonly string[]) => Promise<(string | undefined)[]>;

/** An account of AWS, with the credentials that the SDK finds: the environment, a profile, single sign-on. */
export class AwsAccount implements CloudAccount {
  private readonly s3: S3Client;

  constructor(private readonly region: string) {
    this.s3 = new S3Client({
      region,
      followRegionRedirects: true,
      // Another endpoint than AWS' own has no host name for each bucket.
      forcePathStyle: process.env["AWS_ENDPOINT_URL"] !== undefined,
    });
  }

  async number(): Promise<string> {
    try {
      const sts = new STSClient({ region: this.region });
      const { Account: account } = await sts.send(new GetCallerIdentityCommand());
      return account ?? "unknown";
    } catch (error) {
      throw new Fault(
        `There are no valid credentials of AWS: aws sso login, or set AWS_PROFILE, and run it again.\n(${(error as Error).message})`,
      );
    }
  }

  async bucket(name: string): Promise<BucketState> {
    try {
      await this.s3.send(new HeadBucketCommand({ Bucket: name }));
    } catch (error) {
      const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata
        ?.httpStatusCode;
      if (status === 404) return "absent";
      if (status === 403) return "forbidden";
      throw error;
    }
    const page = await this.s3.send(new ListObjectVersionsCommand({ Bucket: name, MaxKeys: 1 }));
    return page.Versions?.length || page.DeleteMarkers?.length ? "full" : "empty";
  }

  async emptyBucket(name: string): Promise<number> {
    let deleted = 0;
    for (;;) {
      // What was listed is deleted, so that the next listing begins anew.
      const page = await this.s3.send(new ListObjectVersionsCommand({ Bucket: name }));
      const versions = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
      if (versions.length === 0) return deleted;
      const { Errors: errors = [] } = await this.s3.send(
        new DeleteObjectsCommand({
          Bucket: name,
          Delete: {
            Objects: versions.map(({ Key, VersionId }) => ({ Key, VersionId })),
            Quiet: true,
          },
        }),
      );
      const [error] = errors;
      if (error !== undefined)
        throw new Fault(`${error.Key} in ${name} cannot be deleted: ${error.Message}`);
      deleted += versions.length;
    }
  }

  async tagged(tags: Readonly<Record<string, string>>, region: string): Promise<string[]> {
    const client = new ResourceGroupsTaggingAPIClient({ region });
    const arns: string[] = [];
    let token: string | undefined;
    do {
      const page = await client.send(
        new GetResourcesCommand({
          TagFilters: Object.entries(tags).map(([Key, value]) => ({ Key, Values: [value] })),
          PaginationToken: token,
        }),
      );
      for (const { ResourceARN: arn } of page.ResourceTagMappingList ?? []) if (arn) arns.push(arn);
      token = page.PaginationToken || undefined;
    } while (token !== undefined);
    return arns;
  }

  async going(arns: readonly string[], region: string): Promise<string[]> {
    const kinds = Object.entries(lingering).map(async ([kind, standing]) => {
      const ids = new Map<string, string>();
      for (const arn of arns) {
        const id = new RegExp(`:${kind}/(.+)$`).exec(arn)?.[1];
        if (id !== undefined) ids.set(id, arn);
      }
      if (ids.size === 0) return [];
      for (const id of await standing(region, [...ids.keys()])) ids.delete(id ?? "");
      return [...ids.values()];
    });
    return (await Promise.all(kinds)).flat();
  }
}

/** What AWS lists for an hour after it is gone, or for days until it goes by itself. */
const lingering: Readonly<Record<string, Standing>> = {
  instance: async (region, ids) => {
    const { Reservations = [] } = await new EC2Client({ region }).send(
      new DescribeInstancesCommand({ Filters: [{ Name: "instance-id", Values: [...ids] }] }),
    );
    return Reservations.flatMap(({ Instances = [] }) => Instances)
      .filter(({ State }) => State?.Name !== "terminated")
      .map(({ InstanceId }) => InstanceId);
  },
  natgateway: async (region, ids) => {
    const { NatGateways = [] } = await new EC2Client({ region }).send(
      new DescribeNatGatewaysCommand({ Filter: [{ Name: "nat-gateway-id", Values: [...ids] }] }),
    );
    return NatGateways.filter(({ State }) => State !== "deleted").map(
      ({ NatGatewayId }) => NatGatewayId,
    );
  },
  "spot-instances-request": async (region, ids) => {
    const { SpotInstanceRequests = [] } = await new EC2Client({ region }).send(
      new DescribeSpotInstanceRequestsCommand({
        Filters: [{ Name: "spot-instance-request-id", Values: [...ids] }],
      }),
    );
    return SpotInstanceRequests.filter(({ State }) => State === "open" || State === "active").map(
      ({ SpotInstanceRequestId }) => SpotInstanceRequestId,
    );
  },
  // A key is deleted after 7 to 30 days, and costs nothing until then.
  key: async (region, ids) => {
    const client = new KMSClient({ region });
    const keys = await Promise.all(
      ids.map((KeyId) => client.send(new DescribeKeyCommand({ KeyId }))),
    );
    return keys
      .filter(({ KeyMetadata: key }) => key?.KeyState !== "PendingDeletion")
      .map(({ KeyMetadata: key }) => key?.KeyId);
  },
};
