import "cdktf/lib/testing/adapters/jest";
import { DefaultSecurityGroup } from "@cdktf/provider-aws/lib/default-security-group";
import { NatGateway } from "@cdktf/provider-aws/lib/nat-gateway";
import { Route } from "@cdktf/provider-aws/lib/route";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint";
import type { NatGateways } from "@berth/contract";
import { Testing } from "cdktf";
import { Network } from "../constructs/network";
import type { NetworkProps } from "../constructs/network";
import type { Construct } from "constructs";
import { resources } from "./support/stack-json";
import type { StackJson } from "./support/stack-json";

Testing.setupJest();

const props: NetworkProps = {
  name: "test",
  region: "eu-central-1",
  vpcCidr: "10.20.0.0/16",
  availabilityZones: ["eu-central-1a", "eu-central-1b"],
};
const synthesize = (changes: Partial<NetworkProps> = {}) =>
  Testing.synthScope((scope) => new Network(scope, "network", { ...props, ...changes }));
const parse = (text: string) => JSON.parse(text) as StackJson;

describe("the network", () => {
  it("has a public and a private subnet in each zone, none of which hands out public addresses", () => {
    const subnets = resources(parse(synthesize()), "aws_subnet");
    expect(
      subnets.map((subnet) => [subnet["availability_zone"], subnet["cidr_block"]]).sort(),
    ).toEqual([
      ["eu-central-1a", "10.20.0.0/20"],
      ["eu-central-1a", "10.20.64.0/18"],
      ["eu-central-1b", "10.20.128.0/18"],
      ["eu-central-1b", "10.20.16.0/20"],
    ]);
    for (const subnet of subnets) expect(subnet["map_public_ip_on_launch"]).toBe(false);
  });

  it("lets nothing through its default security group", () => {
    const stack = synthesize();
    expect(stack).toHaveResource(DefaultSecurityGroup);
    const [group] = resources(parse(stack), "aws_default_security_group");
    expect(group).not.toHaveProperty("ingress");
    expect(group).not.toHaveProperty("egress");
  });

  it("routes to the internet from public subnets only, and has no NAT gateway", () => {
    const stack = synthesize();
    const routes = resources(parse(stack), "aws_route");
    expect(routes).toHaveLength(1);
    expect(routes[0]).toMatchObject({
      destination_cidr_block: "0.0.0.0/0",
      gateway_id: expect.stringContaining("aws_internet_gateway."),
      route_table_id: expect.stringContaining("public-routes"),
    });
    expect(stack).not.toHaveResource(NatGateway);
  });

  it("routes every private subnet through one NAT gateway with single", () => {
    const stack = synthesize({ natGateways: "single" });
    expect(resources(parse(stack), "aws_nat_gateway")).toHaveLength(1);
    expect(stack).toHaveResourceWithProperties(NatGateway, {
      subnet_id: expect.stringContaining("public-eu-central-1a") as string,
    });
    const throughNat = resources(parse(stack), "aws_route").filter(
      (route) => route["nat_gateway_id"],
    );
    expect(throughNat).toHaveLength(2);
    expect(stack).toHaveResourceWithProperties(Route, {
      nat_gateway_id: expect.stringContaining("aws_nat_gateway.") as string,
    });
  });

  it("routes the private subnet of each zone through its own NAT gateway with per-zone", () => {
    const stack = parse(synthesize({ natGateways: "per-zone" }));
    expect(resources(stack, "aws_eip")).toHaveLength(2);
    const gateways = stack.resource?.["aws_nat_gateway"] ?? {};
    for (const zone of props.availabilityZones) {
      const [id = "", gateway] =
        Object.entries(gateways).find(([name]) => name.includes(`nat-${zone}`)) ?? [];
      expect(gateway?.["subnet_id"]).toContain(`public-${zone}`);
      expect(resources(stack, "aws_route")).toContainEqual(
        expect.objectContaining({
          route_table_id: expect.stringContaining(`private-routes-${zone}`) as string,
          nat_gateway_id: `\${aws_nat_gateway.${id}.id}`,
        }),
      );
    }
  });

  it("keeps the first zone's gateway and address when a single one becomes one a zone", () => {
    const names = (natGateways: NatGateways) => {
      const { resource = {} } = parse(synthesize({ natGateways }));
      return ["aws_nat_gateway", "aws_eip"].flatMap((type) => Object.keys(resource[type] ?? {}));
    };
    expect(names("per-zone")).toEqual(expect.arrayContaining(names("single")));
  });

  it.each(["s3", "dynamodb"])(
    "reaches %s from every subnet without leaving AWS' network",
    (service) => {
      const stack = synthesize();
      expect(stack).toHaveResourceWithProperties(VpcEndpoint, {
        service_name: `com.amazonaws.eu-central-1.${service}`,
        vpc_endpoint_type: "Gateway",
      });
      const tables = Object.keys(parse(stack).resource?.["aws_route_table"] ?? {});
      expect(tables).toHaveLength(3);
      const endpoint = resources(parse(stack), "aws_vpc_endpoint").find((one) =>
        String(one["service_name"]).endsWith(service),
      );
      expect([...(endpoint?.["route_table_ids"] as string[])].sort()).toEqual(
        tables.map((table) => `\${aws_route_table.${table}.id}`).sort(),
      );
    },
  );

  it("associates every subnet with a route table", () => {
    const stack = parse(synthesize());
    const subnets = Object.keys(stack.resource?.["aws_subnet"] ?? {});
    const associated = resources(stack, "aws_route_table_association").map(
      (one) => one["subnet_id"],
    );
    expect(associated.sort()).toEqual(
      subnets.map((subnet) => `\${aws_subnet.${subnet}.id}`).sort(),
    );
  });

  it("fails for a public subnet in a zone that it is not in, with those that it is in", () => {
    const network = (scope: Construct) => new Network(scope, "network", props);
    Testing.synthScope((scope) => {
      expect(() => network(scope).publicSubnet("eu-central-1c")).toThrow(
        "zone is eu-central-1c: the network is in eu-central-1a, eu-central-1b only",
      );
    });
  });

  it("fails without a zone", () => {
    expect(() => synthesize({ availabilityZones: [] })).toThrow("zones is 0: it must be 1 to 3");
  });
});
