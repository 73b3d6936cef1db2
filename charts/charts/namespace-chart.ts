import { namespace, project } from "@berth/contract";
import { Chart } from "cdk8s";
import { Namespace } from "cdk8s-plus-27";
import type { Construct } from "constructs";
import { restrictedNamespaceLabels } from "../constructs/restricted";

/** The namespace that everything of Berth lives in. */
export class NamespaceChart extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    new Namespace(this, "namespace", {
      metadata: {
        name: namespace,
        labels: { "app.kubernetes.io/part-of": project, ...restrictedNamespaceLabels },
      },
    });
  }
}
