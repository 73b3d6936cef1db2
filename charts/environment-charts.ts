import type { Environment } from "@berth/contract";
import type { Chart } from "cdk8s";
import type { Construct } from "constructs";
import { ArgocdChart } from "./charts/argocd-chart";
import { NamespaceChart } from "./charts/namespace-chart";
import { RoutingChart } from "./charts/routing-chart";
import { ServiceChart } from "./charts/service-chart";
import { WebChart } from "./charts/web-chart";
import type { ServedModel } from "./constructs/bert-service";

/**
 * The charts of one environment, by the file that each is written to. The namespace's file comes first by name,
 * so that `kubectl apply -f` on the folder works too.
 */
export function environmentCharts(
  scope: Construct,
  environment: Environment,
  model: ServedModel,
): Readonly<Record<string, Chart>> {
  const namespace = new NamespaceChart(scope, "namespace");
  const service = new ServiceChart(scope, "service", { environment, model });
  const web = new WebChart(scope, "web", { environment });
  const routing = new RoutingChart(scope, "routing", {
    service: service.service,
    web: web.service,
    domain: environment.domain,
  });
  const argocd = new ArgocdChart(scope, "argocd", {
    environment,
    charts: [namespace, service, web, routing],
  });
  return {
    "namespace.yaml": namespace,
    "routing.yaml": routing,
    "service.yaml": service,
    "web.yaml": web,
    "argocd/berth.yaml": argocd,
  };
}
