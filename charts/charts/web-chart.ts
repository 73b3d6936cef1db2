import type { Environment } from "@berth/contract";
import { Chart } from "cdk8s";
import type { Service } from "cdk8s-plus-27";
import type { Construct } from "constructs";
import { imageReference } from "../constructs/image-reference";
import { StaticSite } from "../constructs/static-site";

export interface WebChartProps {
  readonly environment: Environment;
}

/** The page of one environment. */
export class WebChart extends Chart {
  readonly service: Service;

  constructor(scope: Construct, id: string, props: WebChartProps) {
    super(scope, id);
    const site = new StaticSite(this, "site", {
      image: imageReference(props.environment.images.web),
      replicas: props.environment.webReplicas,
    });
    this.service = site.service;
  }
}
