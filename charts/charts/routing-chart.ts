import { apiPrefix, namespace, project } from "@berth/contract";
import { Chart } from "cdk8s";
import { Ingress, IngressBackend } from "cdk8s-plus-27";
import type { Service } from "cdk8s-plus-27";
import type { Construct } from "constructs";

/** The IngressClass that NGINX's own controller registers by default. */
export const ingressClass = "nginx";

export interface RoutingChartProps {
  /** Answers below the API's prefix. */
  readonly service: Service;
  /** Answers everything else. */
  readonly web: Service;
  /** The only hostname that is answered. @default - every hostname */
  readonly domain?: string;
}

/** The one way in. No annotation, so that any controller serves it alike. */
export class RoutingChart extends Chart {
  constructor(scope: Construct, id: string, props: RoutingChartProps) {
    super(scope, id);
    new Ingress(this, "ingress", {
      metadata: { name: project, namespace, labels: { "app.kubernetes.io/part-of": project } },
      className: ingressClass,
      rules: [
        { host: props.domain, path: apiPrefix, backend: IngressBackend.fromService(props.service) },
        { host: props.domain, path: "/", backend: IngressBackend.fromService(props.web) },
      ],
    });
  }
}
