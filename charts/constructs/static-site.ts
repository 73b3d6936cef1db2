import { latencyBudget, portNames, ports, resources, webProbes } from "@berth/contract";
import { Duration } from "cdk8s";
import type { Service } from "cdk8s-plus-27";
import { Construct } from "constructs";
import { Workload } from "./workload";

export interface StaticSiteProps {
  /** Reference of the page's image: unprivileged nginx, which writes nowhere but /tmp. */
  readonly image: string;
  readonly replicas: number;
}

/** The page: static files behind one Service. */
export class StaticSite extends Construct {
  readonly service: Service;

  constructor(scope: Construct, id: string, props: StaticSiteProps) {
    super(scope, id);
    const workload = new Workload(this, "workload", {
      component: "web",
      image: props.image,
      replicas: props.replicas,
      containerPort: { name: portNames.web, number: ports.webContainer },
      servicePort: ports.web,
      resources: resources.web,
      probes: webProbes,
      // nginx's official images bring a `sleep`, on Alpine and on Debian.
      preStopCommand: ["sleep", String(Duration.millis(latencyBudget.preStopMs).toSeconds())],
    });
    this.service = workload.service;
  }
}
