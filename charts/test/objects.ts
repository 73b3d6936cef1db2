import { environments, servedModel } from "@berth/contract";
import type { Environment, EnvironmentKind } from "@berth/contract";
import { parseAllDocuments } from "yaml";
import { synthesize } from "../synthesize";

/** The fields that the tests look at, as they stand in a manifest. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
}

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface HttpProbe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: {
    readonly requests: { readonly cpu: string; readonly memory: string };
    readonly limits: Readonly<Record<string, string>>;
  };
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[] };
    readonly readOnlyRootFilesystem?: boolean;
  };
  readonly startupProbe?: HttpProbe;
  readonly readinessProbe?: HttpProbe;
  readonly livenessProbe?: HttpProbe;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: string[] } } };
  readonly volumeMounts: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
}

export interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken?: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly runAsGroup?: number;
    readonly seccompProfile?: { readonly type: string };
  };
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes: readonly ({
    readonly name: string;
    readonly persistentVolumeClaim?: { readonly claimName: string };
  } & Readonly<Record<string, unknown>>)[];
}

export interface Deployment extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly strategy: {
      readonly rollingUpdate: { readonly maxUnavailable: number; readonly maxSurge: number };
    };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: PodSpec;
    };
  };
}

export interface Service extends KubeObject {
  readonly spec: {
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly {
      readonly name: string;
      readonly port: number;
      readonly targetPort: number | string;
    }[];
  };
}

export interface Ingress extends KubeObject {
  readonly spec: {
    readonly ingressClassName: string;
    readonly rules: readonly {
      readonly host?: string;
      readonly http: {
        readonly paths: readonly {
          readonly path: string;
          readonly pathType: string;
          readonly backend: {
            readonly service: { readonly name: string; readonly port: { readonly number: number } };
          };
        }[];
      };
    }[];
  };
}

export interface Autoscaler extends KubeObject {
  readonly spec: {
    readonly minReplicas: number;
    readonly maxReplicas: number;
    readonly scaleTargetRef: {
      readonly apiVersion: string;
      readonly kind: string;
      readonly name: string;
    };
  };
}

export interface Application extends KubeObject {
  readonly spec: {
    readonly project: string;
    readonly source: {
      readonly repoURL: string;
      readonly targetRevision: string;
      readonly path: string;
      readonly directory?: unknown;
    };
    readonly destination: { readonly namespace: string };
    readonly ignoreDifferences: readonly {
      readonly kind: string;
      readonly name: string;
      readonly jsonPointers: readonly string[];
    }[];
    readonly syncPolicy: {
      readonly automated: { readonly prune: boolean; readonly selfHeal: boolean };
      readonly syncOptions: readonly string[];
    };
  };
}

export interface AppProject extends KubeObject {
  readonly spec: {
    readonly sourceRepos: readonly string[];
    readonly destinations: readonly { readonly namespace: string }[];
    readonly clusterResourceWhitelist: readonly AllowedKind[];
    readonly namespaceResourceWhitelist: readonly AllowedKind[];
  };
}

export interface AllowedKind {
  readonly group: string;
  readonly kind: string;
}

interface Kinds {
  Deployment: Deployment;
  Service: Service;
  Ingress: Ingress;
  HorizontalPodAutoscaler: Autoscaler;
  Application: Application;
  AppProject: AppProject;
}

/** The contract's environment of a kind. */
export function environmentOf<K extends EnvironmentKind>(
  kind: K,
): Extract<Environment, { kind: K }> {
  const found = environments.find((environment) => environment.kind === kind);
  if (!found) throw new Error(`the contract has no environment of kind ${kind}`);
  return found as Extract<Environment, { kind: K }>;
}

/** Every object of one environment, as it would be committed; of all files, or of those that a pattern takes. */
export function objectsOf(environment: Environment, files = /./): KubeObject[] {
  return [...synthesize([environment], servedModel)]
    .filter(([path]) => files.test(path))
    .flatMap(([, text]) => parseAllDocuments(text))
    .map((document) => document.toJS() as KubeObject);
}

/** The objects of one kind. */
export function ofKind<K extends keyof Kinds>(
  objects: readonly KubeObject[],
  kind: K,
): readonly Kinds[K][] {
  return objects.filter((object) => object.kind === kind) as unknown as Kinds[K][];
}

/** The one object of a kind and name. */
export function named<K extends keyof Kinds>(
  objects: readonly KubeObject[],
  kind: K,
  name: string,
): Kinds[K] {
  const found = ofKind(objects, kind).filter((object) => object.metadata.name === name);
  if (found.length !== 1) throw new Error(`${found.length} objects are ${kind}/${name}, not one`);
  return found[0]!;
}

/**
 * A copy of the objects, changed as JSON text.
 *
 * @throws {Error} if the change finds nothing to change, so that a negative control cannot go stale
 */
export function mutated(
  objects: readonly KubeObject[],
  change: (json: string) => string,
): KubeObject[] {
  const before = JSON.stringify(objects);
  const after = change(before);
  if (after === before) throw new Error("the mutation changed nothing");
  return JSON.parse(after) as KubeObject[];
}

/** A container's env as a record. */
export function envOf(container: Container): Record<string, string> {
  return Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value ?? ""]));
}
