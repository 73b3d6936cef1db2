import { Quantity } from "cdk8s-plus-27/lib/imports/k8s";
import type { Volume, VolumeMount } from "cdk8s-plus-27/lib/imports/k8s";

/** A volume of a pod, and where its containers see it. */
export interface PodVolume {
  /** DNS label, unique in the pod. */
  readonly name: string;
  readonly mountPath: string;
  /** The kinds of volume that Berth uses; all are within the `restricted` standard. */
  readonly source: Pick<Volume, "emptyDir" | "persistentVolumeClaim">;
}

/**
 * An empty folder that lives and dies with its pod.
 *
 * @param limitMiB above it the pod is evicted, before the node's disk runs full
 */
export function scratchVolume(name: string, mountPath: string, limitMiB: number): PodVolume {
  return {
    name,
    mountPath,
    source: { emptyDir: { sizeLimit: Quantity.fromString(`${limitMiB}Mi`) } },
  };
}

/** Mounts a volume where it says. */
export function mount(volume: PodVolume, readOnly = false): VolumeMount {
  return {
    name: volume.name,
    mountPath: volume.mountPath,
    ...(readOnly ? { readOnly } : {}),
  };
}
