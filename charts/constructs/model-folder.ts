import { componentName, namespace, selectorLabels } from "@berth/contract";
import {
  KubePersistentVolume,
  KubePersistentVolumeClaim,
  Quantity,
} from "cdk8s-plus-27/lib/imports/k8s";
import { Construct } from "constructs";
import { objectMetadata } from "./object-metadata";

/** Both sides must state a size to be bound; nothing measures it on a folder of the node. */
const nominalSize = Quantity.fromString("1Gi");

export interface ModelFolderProps {
  /** Folder on the node that holds `models/`. */
  readonly hostPath: string;
}

/**
 * Models in a folder of the node, for pods that may not mount it themselves: Pod Security `restricted` refuses
 * `hostPath` in a pod, and allows it a claim that an administrator's volume answers.
 *
 * The volume is of type `hostPath`, not `local`, since a `local` one is given to the pod's group on a writable
 * mount, and here the folder is the developer's checkout. One node only.
 *
 * @see https://kubernetes.io/docs/concepts/storage/persistent-volumes/#types-of-persistent-volumes
 */
export class ModelFolder extends Construct {
  /** Name of the claim. */
  readonly claimName: string;

  constructor(scope: Construct, id: string, props: ModelFolderProps) {
    super(scope, id);
    const name = `${componentName("service")}-model`;
    const accessModes = ["ReadOnlyMany"];
    // The empty class keeps the cluster's provisioner from making a volume of its own.
    const storageClassName = "";

    const volume = new KubePersistentVolume(this, "volume", {
      metadata: { name, labels: selectorLabels("service") },
      spec: {
        hostPath: { path: props.hostPath, type: "Directory" },
        capacity: { storage: nominalSize },
        accessModes,
        storageClassName,
        persistentVolumeReclaimPolicy: "Retain",
        claimRef: { namespace, name },
      },
    });
    const claim = new KubePersistentVolumeClaim(this, "claim", {
      metadata: objectMetadata("service", name),
      spec: {
        volumeName: volume.name,
        resources: { requests: { storage: nominalSize } },
        accessModes,
        storageClassName,
      },
    });
    this.claimName = claim.name;
  }
}
