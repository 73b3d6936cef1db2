import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { ports } from "@berth/contract";
import { Construct } from "constructs";
import type { Network } from "./network";

/** Every IPv4 address. */
const anyone = "0.0.0.0/0";

export interface WebSecurityGroupProps {
  readonly name: string;
  readonly network: Network;
}

/**
 * A firewall for a machine that serves the web: HTTP and HTTPS in, and HTTP and HTTPS out, for images, Git, certificates
 * and AWS. There is no SSH: Session Manager needs no open port.
 */
export class WebSecurityGroup extends Construct {
  readonly id: string;

  constructor(scope: Construct, id: string, props: WebSecurityGroupProps) {
    super(scope, id);
    const group = new SecurityGroup(this, "group", {
      name: props.name,
      description: "HTTP and HTTPS in and out",
      vpcId: props.network.vpc.id,
      tags: { Name: props.name },
    });
    this.id = group.id;

    for (const protocol of ["http", "https"] as const) {
      const rule = {
        securityGroupId: group.id,
        cidrIpv4: anyone,
        ipProtocol: "tcp",
        fromPort: ports[protocol],
        toPort: ports[protocol],
      };
      const description = protocol.toUpperCase();
      new VpcSecurityGroupIngressRule(this, `${protocol}-in`, {
        ...rule,
        description: `${description} from everyone`,
      });
      new VpcSecurityGroupEgressRule(this, `${protocol}-out`, {
        ...rule,
        description: `${description} to everywhere`,
      });
    }
  }
}
