import { Chart } from "cdk8s";
import type { Construct } from "constructs";
import { ArgocdDelivery } from "../constructs/argocd-delivery";
import type { ArgocdDeliveryProps } from "../constructs/argocd-delivery";

/** What is applied once by hand, and brings everything else. */
export class ArgocdChart extends Chart {
  constructor(scope: Construct, id: string, props: ArgocdDeliveryProps) {
    super(scope, id);
    new ArgocdDelivery(this, "delivery", props);
  }
}
