import { assertNever } from "@berth/contract";
import type { Environment } from "@berth/contract";
import { Chart } from "cdk8s";
import type { Service } from "cdk8s-plus-27";
import type { Construct } from "constructs";
import { BertService } from "../constructs/bert-service";
import type { ModelSource, ServedModel } from "../constructs/bert-service";
import { imageReference } from "../constructs/image-reference";
import { ModelFolder } from "../constructs/model-folder";

export interface ServiceChartProps {
  readonly environment: Environment;
  readonly model: ServedModel;
}

/** The classification service of one environment. */
export class ServiceChart extends Chart {
  readonly service: Service;

  constructor(scope: Construct, id: string, props: ServiceChartProps) {
    super(scope, id);
    const { environment, model } = props;
    const bertService = new BertService(this, "bert", {
      image: imageReference(environment.images.service),
      model,
      modelSource: this.modelSource(environment),
      replicas: environment.serviceReplicas,
    });
    this.service = bertService.service;
  }

  private modelSource(environment: Environment): ModelSource {
    switch (environment.kind) {
      case "local": {
        const folder = new ModelFolder(this, "model", { hostPath: environment.modelHostPath });
        return { kind: "claim", claimName: folder.claimName };
      }
      case "node":
      case "eks":
        return { kind: "bucket", bucket: environment.modelBucket, region: environment.region };
      default:
        return assertNever(environment);
    }
  }
}
