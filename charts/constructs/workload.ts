import { latencyBudget, selectorLabels } from "@berth/contract";
import type { Component, PodResources, Probe } from "@berth/contract";
import { Duration } from "cdk8s";
import { LabelSelector, Service, ServiceAccount } from "cdk8s-plus-27";
import type { IPodSelector, PodSelectorConfig } from "cdk8s-plus-27";
import { IntOrString, KubeDeployment, Quantity } from "cdk8s-plus-27/lib/imports/k8s";
import type {
  Container,
  EnvVar,
  PodTemplateSpec,
  ResourceRequirements,
  TopologySpreadConstraint,
} from "cdk8s-plus-27/lib/imports/k8s";
import { Construct } from "constructs";
import { objectMetadata } from "./object-metadata";
import { podProbe } from "./pod-probe";
import { mount, scratchVolume } from "./pod-volume";
import type { PodVolume } from "./pod-volume";
import { restrictedContainer, restrictedPod } from "./restricted";

/** Space under /tmp, which is the only writable folder that every container has. */
const temporaryMiB = 64;

export interface WorkloadProps {
  /** Names and labels everything. */
  readonly component: Component;
  /** Reference of the image. */
  readonly image: string;
  /** The one TCP port that the container listens on. */
  readonly containerPort: { readonly name: string; readonly number: number };
  /** Port of the Service. */
  readonly servicePort: number;
  readonly resources: PodResources;
  readonly probes: {
    /** @default - readiness and liveness begin at once */
    readonly startup?: Probe;
    readonly readiness: Probe;
    readonly liveness: Probe;
  };
  /** Runs in the container and lasts for `latencyBudget.preStopMs`: what it waits with depends on the image. */
  readonly preStopCommand: readonly string[];
  /** Pods. @default - left to an autoscaler, and out of the manifest */
  readonly replicas?: number;
  /** @default - none */
  readonly env?: readonly EnvVar[];
  /** What the container reads. @default - none */
  readonly readOnlyVolumes?: readonly PodVolume[];
  /** What the container writes, besides /tmp. @default - none */
  readonly writableVolumes?: readonly PodVolume[];
  /** Runs to its end before the container starts. @default - nothing */
  readonly preparation?: Preparation;
}

/** A program of the same image that fills volumes before the container starts. */
export interface Preparation {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: readonly EnvVar[];
  /** Volumes that it writes; the container may only read them. */
  readonly writes: readonly PodVolume[];
}

/**
 * A stateless HTTP server behind a Service, secure by default: no root, no capability, no API token, nothing
 * writable but what is named, no pod replaced before its successor is ready.
 */
export class Workload extends Construct implements IPodSelector {
  readonly deployment: KubeDeployment;
  readonly service: Service;
  private readonly labels: Record<string, string>;

  constructor(scope: Construct, id: string, props: WorkloadProps) {
    super(scope, id);
    const { component } = props;
    this.labels = selectorLabels(component);

    const account = new ServiceAccount(this, "account", {
      metadata: objectMetadata(component),
      automountToken: false,
    });
    this.deployment = new KubeDeployment(this, "deployment", {
      metadata: objectMetadata(component),
      spec: {
        replicas: props.replicas,
        selector: { matchLabels: this.labels },
        strategy: {
          type: "RollingUpdate",
          rollingUpdate: {
            maxUnavailable: IntOrString.fromNumber(0),
            maxSurge: IntOrString.fromNumber(1),
          },
        },
        template: this.podTemplate(props, account.name),
      },
    });
    this.service = new Service(this, "service", {
      metadata: objectMetadata(component),
      selector: this,
      ports: [
        {
          name: props.containerPort.name,
          port: props.servicePort,
          targetPort: props.containerPort.number,
        },
      ],
    });
  }

  toPodSelectorConfig(): PodSelectorConfig {
    return { labelSelector: LabelSelector.of({ labels: this.labels }) };
  }

  private podTemplate(props: WorkloadProps, serviceAccountName: string): PodTemplateSpec {
    const temporary = scratchVolume("tmp", "/tmp", temporaryMiB);
    const readable = props.readOnlyVolumes ?? [];
    const writable = [temporary, ...(props.writableVolumes ?? [])];
    return {
      metadata: { labels: this.labels },
      spec: {
        serviceAccountName,
        automountServiceAccountToken: false,
        // Without it, every Service of the namespace adds variables that no setting names.
        enableServiceLinks: false,
        securityContext: restrictedPod,
        terminationGracePeriodSeconds: Duration.millis(
          latencyBudget.terminationGraceMs,
        ).toSeconds(),
        topologySpreadConstraints: spread(this.labels),
        initContainers: props.preparation && [
          {
            ...this.container(props, props.preparation.name, props.preparation.env),
            command: [...props.preparation.command],
            volumeMounts: [temporary, ...props.preparation.writes].map((volume) => mount(volume)),
          },
        ],
        containers: [
          {
            ...this.container(props, props.component, props.env ?? []),
            ports: [{ name: props.containerPort.name, containerPort: props.containerPort.number }],
            startupProbe:
              props.probes.startup && podProbe(props.probes.startup, props.containerPort.name),
            readinessProbe: podProbe(props.probes.readiness, props.containerPort.name),
            livenessProbe: podProbe(props.probes.liveness, props.containerPort.name),
            lifecycle: { preStop: { exec: { command: [...props.preStopCommand] } } },
            volumeMounts: [
              ...writable.map((volume) => mount(volume)),
              ...readable.map((volume) => mount(volume, true)),
            ],
          },
        ],
        volumes: [...writable, ...readable].map(({ name, source }) => ({ name, ...source })),
      },
    };
  }

  private container(props: WorkloadProps, name: string, env: readonly EnvVar[]): Container {
    return {
      name,
      image: props.image,
      imagePullPolicy: "IfNotPresent",
      env: env.length > 0 ? [...env] : undefined,
      resources: resourceRequirements(props.resources),
      securityContext: restrictedContainer,
    };
  }
}

/** Requests, and a limit on memory only. */
function resourceRequirements(resources: PodResources): ResourceRequirements {
  return {
    requests: {
      cpu: Quantity.fromString(`${resources.cpuMillis}m`),
      memory: Quantity.fromString(`${resources.memoryMiB}Mi`),
    },
    limits: { memory: Quantity.fromString(`${resources.memoryLimitMiB}Mi`) },
  };
}

/** Pods of one revision keep apart, by zone and by machine, where there is more than one to choose from. */
function spread(labels: Record<string, string>): TopologySpreadConstraint[] {
  return ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: labels },
    matchLabelKeys: ["pod-template-hash"],
  }));
}
