import type { Environment } from "@berth/contract";
import { App, Yaml } from "cdk8s";
import type { ServedModel } from "./constructs/bert-service";
import { environmentCharts } from "./environment-charts";
import { header } from "./manifests";
import type { Manifests } from "./manifests";

/**
 * Every environment's manifests. The same input gives the same bytes.
 *
 * @throws {Error} if two environments share a name, or a construct refuses its props
 */
export function synthesize(environments: readonly Environment[], model: ServedModel): Manifests {
  const manifests = new Map<string, string>();
  for (const environment of environments) {
    const charts = environmentCharts(new App(), environment, model);
    for (const [file, chart] of Object.entries(charts)) {
      const path = `${environment.name}/${file}`;
      if (manifests.has(path))
        throw new Error(`Two environments are named ${environment.name}: rename one of them`);
      manifests.set(path, header + Yaml.stringify(...chart.toJson()));
    }
  }
  return manifests;
}
