import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the account holds; tests change it as it runs. */
export interface AwsContents {
  account: string;
  /** Versions of objects by bucket, as `key@version`. */
  buckets: Record<string, string[]>;
  /** Buckets that belong to somebody else. */
  foreign: string[];
  /** ARNs with the environment's tags, by region. */
  tagged: Record<string, string[]>;
  /** Snapshots with their tags, by region. */
  snapshots: Record<string, { id: string; startedAt: string; tags: Record<string, string> }[]>;
  /** Names of a region's zones. */
  zones: Record<string, string[]>;
  /** Instances and NAT gateways that were terminated, and keys that wait for their deletion. */
  gone: string[];
}

/** AWS on loopback, as far as operating an environment asks it: STS, S3, tags, EC2 and KMS. */
export class FakeAws {
  readonly contents: AwsContents = {
    account: "123456789012",
    buckets: {},
    foreign: [],
    tagged: {},
    snapshots: {},
    zones: {},
    gone: [],
  };
  /** Tags that were asked for, by region. */
  readonly tagQueries: { region: string; tags: Record<string, string> }[] = [];
  private readonly server: Server = createServer((request, response) => {
    void this.answer(request, response);
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const region = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(
      request.headers.authorization ?? "",
    )?.[1];
    const target = String(request.headers["x-amz-target"] ?? "");
    const action = new URLSearchParams(body).get("Action");
    const json = (value: unknown) => {
      response.setHeader("content-type", "application/x-amz-json-1.1");
      response.end(JSON.stringify(value));
    };
    const xml = (text: string) => {
      response.setHeader("content-type", "text/xml");
      response.end(`<?xml version="1.0"?>${text}`);
    };

    if (target.endsWith(".GetResources")) {
      const { TagFilters: filters, PaginationToken: token = "0" } = JSON.parse(body) as {
        TagFilters: { Key: string; Values: string[] }[];
        PaginationToken?: string;
      };
      const tags = Object.fromEntries(filters.map(({ Key, Values }) => [Key, Values[0] ?? ""]));
      this.tagQueries.push({ region: region ?? "", tags });
      // Two a page, so that whoever does not turn pages misses some.
      const arns = this.contents.tagged[region ?? ""] ?? [];
      const from = Number(token);
      return json({
        ResourceTagMappingList: arns.slice(from, from + 2).map((ResourceARN) => ({ ResourceARN })),
        PaginationToken: arns.length > from + 2 ? String(from + 2) : "",
      });
    }
    if (target.endsWith(".DescribeKey")) {
      const { KeyId } = JSON.parse(body) as { KeyId: string };
      const KeyState = this.contents.gone.includes(KeyId) ? "PendingDeletion" : "Enabled";
      return json({ KeyMetadata: { KeyId, KeyState } });
    }
    switch (action) {
      case "GetCallerIdentity":
        return xml(
          `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>${this.contents.account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
        );
      case "DescribeInstances": {
        const items = this.described(body, "terminated", "running", "instanceId", "instanceState");
        return xml(
          `<DescribeInstancesResponse><reservationSet><item><instancesSet>${items}</instancesSet></item></reservationSet></DescribeInstancesResponse>`,
        );
      }
      case "DescribeAvailabilityZones": {
        const zones = (this.contents.zones[region ?? ""] ?? []).map(
          (zone) => `<item><zoneName>${zone}</zoneName></item>`,
        );
        return xml(
          `<DescribeAvailabilityZonesResponse><availabilityZoneInfo>${zones.join("")}</availabilityZoneInfo></DescribeAvailabilityZonesResponse>`,
        );
      }
      case "DescribeSnapshots": {
        const asked = filtersOf(body).filter(([name]) => name.startsWith("tag:"));
        const items = (this.contents.snapshots[region ?? ""] ?? [])
          .filter(({ tags }) => asked.every(([name, value]) => tags[name.slice(4)] === value))
          .map(
            ({ id, startedAt }) =>
              `<item><snapshotId>${id}</snapshotId><startTime>${startedAt}</startTime></item>`,
          );
        return xml(
          `<DescribeSnapshotsResponse><snapshotSet>${items.join("")}</snapshotSet></DescribeSnapshotsResponse>`,
        );
      }
      case "DescribeNatGateways":
        return xml(
          `<DescribeNatGatewaysResponse><natGatewaySet>${this.described(body, "deleted", "available", "natGatewayId")}</natGatewaySet></DescribeNatGatewaysResponse>`,
        );
    }
    this.answerS3(request, response, body, xml);
  }

  private described(
    body: string,
    gone: string,
    standing: string,
    idName: string,
    stateName?: string,
  ): string {
    const ids = [...new URLSearchParams(body)]
      .filter(([key]) => /^Filter\.1\.Value\.\d+$/.test(key))
      .map(([, id]) => id);
    return ids
      .map((id) => {
        const state = this.contents.gone.includes(id) ? gone : standing;
        const shown = stateName
          ? `<${stateName}><name>${state}</name></${stateName}>`
          : `<state>${state}</state>`;
        return `<item><${idName}>${id}</${idName}>${shown}</item>`;
      })
      .join("");
  }

  private answerS3(
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
    xml: (text: string) => void,
  ): void {
    const url = new URL(request.url ?? "/", "http://s3");
    const bucket = url.pathname.split("/")[1] ?? "";
    if (this.contents.foreign.includes(bucket)) response.statusCode = 403;
    else if (!(bucket in this.contents.buckets)) response.statusCode = 404;
    if (response.statusCode !== 200) return void response.end();

    const versions = this.contents.buckets[bucket] ?? [];
    if (request.method === "POST" && url.searchParams.has("delete")) {
      const deleted = [...body.matchAll(/<Key>(.*?)<\/Key>.*?<VersionId>(.*?)<\/VersionId>/gs)].map(
        ([, key, version]) => `${key}@${version}`,
      );
      this.contents.buckets[bucket] = versions.filter((one) => !deleted.includes(one));
      return xml("<DeleteResult/>");
    }
    const source = request.headers["x-amz-copy-source"];
    if (request.method === "PUT" && typeof source === "string") {
      const [from = "", ...key] = source.split("/");
      const copied = this.contents.buckets[from]?.find((one) =>
        one.startsWith(`${key.join("/")}@`),
      );
      if (copied === undefined) response.statusCode = 404;
      else versions.push(copied);
      return xml("<CopyObjectResult><ETag>1</ETag></CopyObjectResult>");
    }
    if (url.searchParams.get("list-type") === "2") {
      const prefix = url.searchParams.get("prefix") ?? "";
      const shown = versions
        .filter((one) => one.startsWith(prefix))
        .map((one) => `<Contents><Key>${one.split("@")[0]}</Key></Contents>`);
      return xml(`<ListBucketResult>${shown.join("")}</ListBucketResult>`);
    }
    if (url.searchParams.has("versions")) {
      // Two a page, as with tags. A version named "marker" is a delete marker.
      const shown = versions.slice(0, 2).map((one) => {
        const [key, version] = one.split("@");
        const element = version === "marker" ? "DeleteMarker" : "Version";
        return `<${element}><Key>${key}</Key><VersionId>${version}</VersionId></${element}>`;
      });
      return xml(
        `<ListVersionsResult><IsTruncated>${versions.length > 2}</IsTruncated>${shown.join("")}</ListVersionsResult>`,
      );
    }
    response.end();
  }
}

/** The filters of a request of EC2, by name. */
function filtersOf(body: string): [name: string, value: string][] {
  const parameters = new URLSearchParams(body);
  return [...parameters]
    .filter(([key]) => /^Filter\.\d+\.Name$/.test(key))
    .map(([key, name]) => [name, parameters.get(key.replace("Name", "Value.1")) ?? ""]);
}
