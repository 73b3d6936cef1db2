import { IntOrString } from "cdk8s-plus-27/lib/imports/k8s";
import type { Probe } from "@berth/contract";
import type { Probe as KubeProbe } from "cdk8s-plus-27/lib/imports/k8s";

/** A probe of the contract, asked over HTTP at a named port. */
export function podProbe(probe: Probe, portName: string): KubeProbe {
  return {
    httpGet: { path: probe.path, port: IntOrString.fromString(portName) },
    periodSeconds: probe.periodSeconds,
    timeoutSeconds: probe.timeoutSeconds,
    failureThreshold: probe.failureThreshold,
  };
}
