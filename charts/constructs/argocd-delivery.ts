import { componentName, namespace, project } from "@berth/contract";
import type { Environment } from "@berth/contract";
import { ApiObject } from "cdk8s";
import type { Chart } from "cdk8s";
import { Construct } from "constructs";
import { Application, AppProject } from "../imports/argoproj.io";

/** Namespace that Argo CD is installed in by its own manifests. */
const argocdNamespace = "argocd";

/** The cluster that Argo CD itself runs in. */
const ownCluster = "https://kubernetes.default.svc";

/** Folder of the repository that holds one folder of manifests per environment. */
const manifestsFolder = "charts/manifests";

/**
 * What Deployments make. Never in Git; Argo CD leaves out of its resource tree what the project does not allow,
 * and a rollout could not be watched.
 */
const madeByDeployments: readonly AllowedKind[] = [
  { group: "", kind: "Pod" },
  { group: "apps", kind: "ReplicaSet" },
];

interface AllowedKind {
  readonly group: string;
  readonly kind: string;
}

export interface ArgocdDeliveryProps {
  /** The environment's name is its folder of manifests. */
  readonly environment: Pick<Environment, "name" | "git">;
  /** Everything that Argo CD may apply. */
  readonly charts: readonly Chart[];
}

/**
 * Argo CD keeps a cluster as the environment's committed manifests say, from this repository into this namespace
 * and no other, and of exactly the kinds that the charts hold.
 */
export class ArgocdDelivery extends Construct {
  constructor(scope: Construct, id: string, props: ArgocdDeliveryProps) {
    super(scope, id);
    const { name, git } = props.environment;
    const destination = { server: ownCluster, namespace };

    const appProject = new AppProject(this, "project", {
      metadata: { name: project, namespace: argocdNamespace },
      spec: {
        description: `What may be applied to ${name}`,
        sourceRepos: [git.repository],
        destinations: [destination],
        ...allowedKinds(props.charts),
      },
    });
    new Application(this, "application", {
      metadata: { name: project, namespace: argocdNamespace },
      spec: {
        project: appProject.name,
        source: {
          repoUrl: git.repository,
          targetRevision: git.revision,
          // Folders below it, this Application's own among them, are not read: `directory.recurse` is off.
          path: `${manifestsFolder}/${name}`,
        },
        destination,
        // The autoscaler owns this field.
        ignoreDifferences: [
          {
            group: "apps",
            kind: "Deployment",
            name: componentName("service"),
            jsonPointers: ["/spec/replicas"],
          },
        ],
        syncPolicy: {
          automated: { prune: true, selfHeal: true },
          syncOptions: ["CreateNamespace=false", "RespectIgnoreDifferences=true"],
          retry: { limit: 5, backoff: { duration: "5s", factor: 2, maxDuration: "3m" } },
        },
      },
    });
  }
}

/** The kinds of the charts' objects: cluster-scoped are those without a namespace. */
function allowedKinds(charts: readonly Chart[]) {
  const objects = charts
    .flatMap((chart) => chart.node.findAll())
    .filter((construct) => ApiObject.isApiObject(construct));
  const clusterScoped = objects.filter((object) => object.metadata.namespace === undefined);
  const namespaced = objects.filter((object) => object.metadata.namespace !== undefined);
  return {
    clusterResourceWhitelist: kindsOf(clusterScoped),
    namespaceResourceWhitelist: sorted([...kindsOf(namespaced), ...madeByDeployments]),
  };
}

function kindsOf(objects: readonly ApiObject[]): AllowedKind[] {
  const byName = new Map(objects.map((object) => [`${object.apiGroup}/${object.kind}`, object]));
  return sorted(
    [...byName.values()].map(({ apiGroup, kind }) => ({
      group: apiGroup === "core" ? "" : apiGroup,
      kind,
    })),
  );
}

function sorted(kinds: AllowedKind[]): AllowedKind[] {
  const key = ({ group, kind }: AllowedKind) => `${group}/${kind}`;
  return kinds.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
