import {
  assertNever,
  inferenceProcessesPerPod,
  latencyBudget,
  portNames,
  ports,
  resources,
  serviceProbes,
} from "@berth/contract";
import type { ModelArtifact, SettingsEnv } from "@berth/contract";
import type { Service } from "cdk8s-plus-27";
import { Construct } from "constructs";
import { CpuAutoscaler } from "./cpu-autoscaler";
import { scratchVolume } from "./pod-volume";
import type { PodVolume } from "./pod-volume";
import { settingsEnv } from "./settings-env";
import { Workload } from "./workload";
import type { Preparation } from "./workload";

/** Where the service finds models, and where the history lies, in its container. */
const modelDir = "/var/lib/berth/model";
const dataDir = "/var/lib/berth/data";

/** Room for one model version several times the size of the bundled one. */
const modelCacheMiB = 2048;

/** About a million history entries of 1 KiB. */
const dataMiB = 1024;

/** Proxies between a client and the service: the Ingress. */
const proxiesInFront = 1;

/** The program of the service's image that fetches and verifies the model. */
const fetchModelCommand = ["node", "dist/fetch-model.js"];

/** The version that is served, and the digest of its manifest. */
export type ServedModel = Pick<ModelArtifact, "name" | "version" | "manifestSha256">;

/** Where the model comes from: a claim that holds `models/`, or a bucket that each pod fetches it from. */
export type ModelSource =
  | { readonly kind: "claim"; readonly claimName: string }
  | { readonly kind: "bucket"; readonly bucket: string; readonly region: string };

export interface BertServiceProps {
  /** Reference of the service's image. */
  readonly image: string;
  readonly model: ServedModel;
  readonly modelSource: ModelSource;
  /** Pods that the autoscaler keeps between. */
  readonly replicas: { readonly min: number; readonly max: number };
}

/** The classification service: verified model in, autoscaled pods behind one Service out. */
export class BertService extends Construct {
  readonly service: Service;

  /** @throws {SettingsError} if the service would refuse a setting at start */
  constructor(scope: Construct, id: string, props: BertServiceProps) {
    super(scope, id);
    // Stated although they are the defaults of this release: deploying another model must show in the manifest.
    const modelSettings = {
      MODEL_NAME: props.model.name,
      MODEL_VERSION: props.model.version,
      MODEL_SHA256: props.model.manifestSha256,
      MODEL_DIR: modelDir,
    } as const satisfies SettingsEnv;
    const model = modelVolume(props.modelSource);

    const workload = new Workload(this, "workload", {
      component: "service",
      image: props.image,
      containerPort: { name: portNames.service, number: ports.service },
      servicePort: ports.service,
      resources: resources.service,
      probes: serviceProbes,
      preStopCommand: waitCommand(latencyBudget.preStopMs),
      env: settingsEnv({
        ...modelSettings,
        HOST: "0.0.0.0",
        PORT: String(ports.service),
        DATA_DIR: dataDir,
        // Without a CPU limit the service sees every CPU of its node, and would start a process for each.
        INFERENCE_PROCESSES: String(inferenceProcessesPerPod),
        TRUSTED_PROXIES: String(proxiesInFront),
      }),
      readOnlyVolumes: [model],
      writableVolumes: [scratchVolume("data", dataDir, dataMiB)],
      preparation: preparation(props.modelSource, modelSettings, model),
    });
    new CpuAutoscaler(this, "autoscaler", {
      component: "service",
      target: workload.deployment,
      replicas: props.replicas,
    });
    this.service = workload.service;
  }
}

function modelVolume(source: ModelSource): PodVolume {
  switch (source.kind) {
    case "claim":
      return {
        name: "model",
        mountPath: modelDir,
        source: { persistentVolumeClaim: { claimName: source.claimName, readOnly: true } },
      };
    case "bucket":
      return scratchVolume("model", modelDir, modelCacheMiB);
    default:
      return assertNever(source);
  }
}

/** Only the init container learns of the bucket; the service reads what it left. */
function preparation(
  source: ModelSource,
  modelSettings: SettingsEnv,
  model: PodVolume,
): Preparation | undefined {
  switch (source.kind) {
    case "claim":
      return undefined;
    case "bucket":
      return {
        name: "fetch-model",
        command: fetchModelCommand,
        env: settingsEnv({
          ...modelSettings,
          MODEL_BUCKET: source.bucket,
          AWS_REGION: source.region,
        }),
        writes: [model],
      };
    default:
      return assertNever(source);
  }
}

/**
 * Waits with the runtime that the image has for certain. `preStop.sleep` is stable from Kubernetes 1.34 only, and
 * `sleep` may be missing from a slim image.
 */
function waitCommand(durationMs: number): string[] {
  return ["node", "-e", `setTimeout(() => {}, ${durationMs})`];
}
