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
import { defaultNatGateways } from "@berth/contract";
import type { NatGateways } from "@berth/contract";
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
   * How private subnets reach the internet. With `none` they reach S3 and DynamoDB only, through the gateway endpoints, which
   * are free. With `single` they all lose the internet with one zone, and pay for traffic between zones.
   *
   * @default {@link defaultNatGateways}
   */
  readonly natGateways?: NatGateways;
  /**
   * On every public subnet, beside its name.
   *
   * @default {}
   */
  readonly publicSubnetTags?: Readonly<Record<string, string>>;
  /**
   * On every private subnet, beside its name.
   *
   * @default {}
   */
  readonly privateSubnetTags?: Readonly<Record<string, string>>;
}

/**
 * A VPC with a public and a private subnet in each zone, and S3 and DynamoDB reachable without leaving AWS' network. Its default
 * security group lets nothing through, and a public address is given only to what asks for one.
 */
export class Network extends Construct {
  readonly vpc: Vpc;
  /** One a zone, in the order of the zones. */
  readonly publicSubnets: readonly Subnet[];
  /** One a zone, in the order of the zones. */
  readonly privateSubnets: readonly Subnet[];
  private readonly zones: readonly string[];

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    const { name, availabilityZones, natGateways = defaultNatGateways } = props;
    const tags = { public: props.publicSubnetTags, private: props.privateSubnetTags };
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
        tags: { ...tags[kind], Name: `${name}-${kind}-${zone}` },
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
    this.zones = availabilityZones;
    this.publicSubnets = zones.map((zone) => zone.publicSubnet);
    this.privateSubnets = zones.map((zone) => zone.privateSubnet);

    for (const service of ["s3", "dynamodb"])
      new VpcEndpoint(this, service, {
        vpcId,
        serviceName: `com.amazonaws.${props.region}.${service}`,
        vpcEndpointType: "Gateway",
        routeTableIds: [publicRoutes.id, ...zones.map((zone) => zone.privateRoutes.id)],
        tags: { Name: `${name}-${service}` },
      });

    const withGateway = { none: [], single: zones.slice(0, 1), "per-zone": zones }[natGateways];
    const gateways = withGateway.map(({ zone, publicSubnet }) => {
      const address = new Eip(this, `nat-address-${zone}`, {
        domain: "vpc",
        tags: { Name: `${name}-nat-${zone}` },
      });
      return new NatGateway(this, `nat-${zone}`, {
        allocationId: address.allocationId,
        subnetId: publicSubnet.id,
        tags: { Name: `${name}-${zone}` },
        dependsOn: [internetGateway],
      });
    });
    zones.forEach(({ zone, privateRoutes }, i) => {
      const gateway = gateways[i] ?? gateways[0];
      if (gateway)
        new Route(this, `private-internet-${zone}`, {
          routeTableId: privateRoutes.id,
          destinationCidrBlock: anywhere,
          natGatewayId: gateway.id,
        });
    });
  }

  /**
   * The public subnet of a zone.
   *
   * @throws {Error} when the network is not in that zone
   */
  publicSubnet(zone: string): Subnet {
    const subnet = this.publicSubnets[this.zones.indexOf(zone)];
    if (!subnet)
      throw new Error(
        `zone is ${zone}: the network is in ${this.zones.join(", ")} only, choose one`,
      );
    return subnet;
  }
}
