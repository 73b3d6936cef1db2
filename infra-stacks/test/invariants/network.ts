import type { Block } from "../support/stack-json";
import { blocksOf, ofEach, without } from "./invariant";
import type { Invariant } from "./invariant";

/** What the web is served on. */
const webPorts = [80, 443];

const everywhere = ["0.0.0.0/0", "::/0"];

/** Whether a rule of a firewall says anything but one of the web's ports. */
function isNotWeb({ ip_protocol, from_port, to_port }: Block): boolean {
  return (
    ip_protocol !== "tcp" || from_port !== to_port || !webPorts.includes(Number(from_port ?? NaN))
  );
}

function anyone({ cidr_ipv4, cidr_ipv6 }: Block): boolean {
  return everywhere.includes(String(cidr_ipv4 ?? cidr_ipv6));
}

/** The blocks of a type in a stack that has a VPC, which have to be there for each VPC. */
function forEachVpc(name: string, type: string, fault: (block: Block) => unknown): Invariant {
  return ofEach(name, ["aws_vpc"], (_, stack, vpc) => {
    const own = blocksOf(stack, type).filter(
      ([, { vpc_id }]) => vpc_id === `\${aws_vpc.${vpc}.id}`,
    );
    return own.length === 0 ? `no ${type}` : own.map(([, block]) => fault(block)).find(Boolean);
  });
}

/** What holds for networks and firewalls. */
export const networkInvariants: readonly Invariant[] = [
  forEachVpc("every connection is recorded", "aws_flow_log", ({ traffic_type }) =>
    traffic_type === "ALL" ? undefined : `only ${String(traffic_type)}`,
  ),
  forEachVpc(
    "the default security group lets nothing through",
    "aws_default_security_group",
    (b) => b["ingress"] ?? b["egress"],
  ),
  ofEach("subnets give out no public addresses", ["aws_subnet"], ({ map_public_ip_on_launch }) =>
    map_public_ip_on_launch === false ? undefined : "map_public_ip_on_launch",
  ),
  ofEach("only public subnets reach the internet gateway", ["aws_route"], (route, stack) => {
    if (route["gateway_id"] === undefined) return undefined;
    const table = /aws_route_table\.([\w-]+)\.id/.exec(String(route["route_table_id"]))?.[1] ?? "";
    const tags = stack.resource?.["aws_route_table"]?.[table]?.["tags"] as Block | undefined;
    return String(tags?.["Name"]).endsWith("-public") ? undefined : table;
  }),
  ofEach("S3 and DynamoDB are reached within AWS", ["aws_vpc"], (_, stack) => {
    const gateways = blocksOf(stack, "aws_vpc_endpoint")
      .filter(([, endpoint]) => endpoint["vpc_endpoint_type"] === "Gateway")
      .map(([, endpoint]) => String(endpoint["service_name"]).split(".").at(-1));
    return ["s3", "dynamodb"].find((service) => !gateways.includes(service));
  }),
  without("firewalls have no rules but those that these checks read", [
    "aws_security_group_rule",
    "aws_network_acl",
    "aws_network_acl_rule",
    "aws_default_network_acl",
  ]),
  ofEach("firewalls have their rules beside them", ["aws_security_group"], ({ ingress, egress }) =>
    JSON.stringify(ingress ?? egress),
  ),
  ofEach(
    "only the web's ports are open to everyone",
    ["aws_vpc_security_group_ingress_rule"],
    (rule) => (anyone(rule) && isNotWeb(rule) ? JSON.stringify(rule) : undefined),
  ),
  ofEach("SSH is open to nobody", ["aws_vpc_security_group_ingress_rule"], (rule) => {
    const [from, to] = [Number(rule["from_port"] ?? 0), Number(rule["to_port"] ?? 65_535)];
    return from <= 22 && 22 <= to ? JSON.stringify(rule) : undefined;
  }),
  ofEach(
    "only the web's ports are reached outside",
    ["aws_vpc_security_group_egress_rule"],
    (rule) => (anyone(rule) && isNotWeb(rule) ? JSON.stringify(rule) : undefined),
  ),
  ofEach(
    "rules of firewalls say what they are for",
    ["aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"],
    ({ description }) => (description ? undefined : "no description"),
  ),
];
