import { DefaultSecurityGroup } from "@cdktf/provider-aws/lib/default-security-group";
import { Eip } from "@cdktf/provider-aws/lib/eip";
import { InternetGateway } from "@cdktf/provider-aws/lib/internet-gateway";
import { NatGateway } from "@cdktf/provider-aws/lib/nat-gateway";
import { Route } from "@cdktf/provider-aws/lib/route";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association";
import { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint";
import { Construct } from "constructs";
import { planSubnets } from "./subnet-plan";

/** The route to everywhere outside the VPC. */
const anywhere = "0.0.0.0/0";

export interface NetworkProps {
  /** Of the VPC, and the first part of its subnets' names. */
  readonly name: string;
  readonly region: string;
  /** @example `10.20.0.0/16` */
  readonly vpcCidr: string;
  /** In this order they get their parts of `vpcCidr`: add a zone at the end, since a reordering replaces subnets. */
  readonly availabilityZones: readonly string[];
  /**
   * A NAT gateway, through which private subnets reach the internet. One costs 33 to 38 USD a month before any traffic,
   * more than the t3.medium that a `node` environment runs on, and nothing there is in a private subnet. So it is off:
   * private subnets reach S3 only, through the gateway endpoint, which is free.
   *
   * @default false
   * @see https://aws.amazon.com/vpc/pricing/
   */
  readonly natGateway?: boolean;
}

/**
 * A VPC with a public and a private subnet in each zone, and S3 reachable without leaving AWS' network. Its default
 * security group lets nothing through, and a public address is given only to what asks for one.
 */
export class Network extends Construct {
  readonly vpc: Vpc;
  /** One a zone, in the order of the zones. */
  readonly publicSubnets: readonly Subnet[];
  /** One a zone, in the order of the zones. */
  readonly privateSubnets: readonly Subnet[];
  /** The public subnet in the first zone: the home of what there is one of. */
  readonly firstPublicSubnet: Subnet;

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    const { name, availabilityZones, natGateway = false } = props;
    const plan = planSubnets(props.vpcCidr, availabilityZones.length);

    this.vpc = new Vpc(this, "vpc", {
      cidrBlock: props.vpcCidr,
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: { Name: name },
    });
    const vpcId = this.vpc.id;
    new DefaultSecurityGroup(this, "default-security-group", { vpcId });

    const internetGateway = new InternetGateway(this, "internet-gateway", {
      vpcId,
      tags: { Name: name },
    });
    const publicRoutes = new RouteTable(this, "public-routes", {
      vpcId,
      tags: { Name: `${name}-public` },
    });
    new Route(this, "public-internet", {
      routeTableId: publicRoutes.id,
      destinationCidrBlock: anywhere,
      gatewayId: internetGateway.id,
    });

    const subnet = (kind: "public" | "private", zone: string, cidrBlock: string | undefined) =>
      new Subnet(this, `${kind}-${zone}`, {
        vpcId,
        availabilityZone: zone,
        cidrBlock,
        mapPublicIpOnLaunch: false,
        tags: { Name: `${name}-${kind}-${zone}` },
      });
    const associate = (zone: string, subnet: Subnet, routes: RouteTable, kind: string) =>
      new RouteTableAssociation(this, `${kind}-${zone}-routes`, {
        subnetId: subnet.id,
        routeTableId: routes.id,
      });

    const zones = availabilityZones.map((zone, i) => {
      const publicSubnet = subnet("public", zone, plan.public[i]);
      associate(zone, publicSubnet, publicRoutes, "public");
      const privateSubnet = subnet("private", zone, plan.private[i]);
      const privateRoutes = new RouteTable(this, `private-routes-${zone}`, {
        vpcId,
        tags: { Name: `${name}-private-${zone}` },
      });
      associate(zone, privateSubnet, privateRoutes, "private");
      return { zone, publicSubnet, privateSubnet, privateRoutes };
    });
    const [first] = zones;
    if (!first) throw new Error("availabilityZones is empty: name at least one zone");
    this.publicSubnets = zones.map((zone) => zone.publicSubnet);
    this.privateSubnets = zones.map((zone) => zone.privateSubnet);
    this.firstPublicSubnet = first.publicSubnet;

    new VpcEndpoint(this, "s3", {
      vpcId,
      serviceName: `com.amazonaws.${props.region}.s3`,
      vpcEndpointType: "Gateway",
      routeTableIds: [publicRoutes.id, ...zones.map((zone) => zone.privateRoutes.id)],
      tags: { Name: `${name}-s3` },
    });

    if (natGateway) {
      const address = new Eip(this, "nat-address", {
        domain: "vpc",
        tags: { Name: `${name}-nat` },
      });
      const nat = new NatGateway(this, "nat", {
        allocationId: address.allocationId,
        subnetId: first.publicSubnet.id,
        tags: { Name: name },
        dependsOn: [internetGateway],
      });
      for (const { zone, privateRoutes } of zones)
        new Route(this, `private-internet-${zone}`, {
          routeTableId: privateRoutes.id,
          destinationCidrBlock: anywhere,
          natGatewayId: nat.id,
        });
    }
  }
}
