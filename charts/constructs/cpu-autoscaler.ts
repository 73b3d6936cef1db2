import type { Component } from "@berth/contract";
import { KubeHorizontalPodAutoscalerV2 } from "cdk8s-plus-27/lib/imports/k8s";
import type { KubeDeployment } from "cdk8s-plus-27/lib/imports/k8s";
import { Construct } from "constructs";
import { objectMetadata } from "./object-metadata";

/**
 * CPU use at which pods are added, in percent of their CPU request. Low enough that the pods there are answer in
 * time while one more starts; a pod without a CPU limit may use more than its request meanwhile.
 */
export const targetCpuPercent = 70;

export interface CpuAutoscalerProps {
  readonly component: Component;
  /** What is scaled. It must leave `replicas` out. */
  readonly target: KubeDeployment;
  /** Pods to keep between. */
  readonly replicas: { readonly min: number; readonly max: number };
}

/** Adds and removes pods by CPU use, which is what inference is bound by. */
export class CpuAutoscaler extends Construct {
  constructor(scope: Construct, id: string, props: CpuAutoscalerProps) {
    super(scope, id);
    new KubeHorizontalPodAutoscalerV2(this, "autoscaler", {
      metadata: objectMetadata(props.component),
      spec: {
        scaleTargetRef: {
          apiVersion: props.target.apiVersion,
          kind: props.target.kind,
          name: props.target.name,
        },
        minReplicas: props.replicas.min,
        maxReplicas: props.replicas.max,
        metrics: [
          {
            type: "Resource",
            resource: {
              name: "cpu",
              target: { type: "Utilization", averageUtilization: targetCpuPercent },
            },
          },
        ],
      },
    });
  }
}
