import { componentName, environments, namespace } from "@berth/contract";
import { objectsOf, ofKind } from "./objects";
import type { AllowedKind, KubeObject } from "./objects";

describe.each(environments)("Argo CD in $name", (environment) => {
  const delivery = objectsOf(environment, /^[^/]+\/argocd\//);
  const delivered = objectsOf(environment, /^[^/]+\/[^/]+$/);
  const [application] = ofKind(delivery, "Application");
  const [appProject] = ofKind(delivery, "AppProject");

  test("applies this environment's folder of the repository, and heals what strays", () => {
    expect(application!.spec).toMatchObject({
      project: appProject!.metadata.name,
      source: {
        repoURL: environment.git.repository,
        targetRevision: environment.git.revision,
        path: `charts/manifests/${environment.name}`,
      },
      destination: { namespace },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    });
  });

  test("does not apply its own Application, which lies below the folder that it reads", () => {
    expect(application!.spec.source.directory).toBeUndefined();
    const ownKinds = delivered.filter(({ apiVersion }) => apiVersion.startsWith("argoproj.io/"));
    expect(ownKinds).toEqual([]);
  });

  test("leaves the number of pods to the autoscaler", () => {
    expect(application!.spec.ignoreDifferences).toEqual([
      expect.objectContaining({
        kind: "Deployment",
        name: componentName("service"),
        jsonPointers: ["/spec/replicas"],
      }),
    ]);
    expect(application!.spec.syncPolicy.syncOptions).toContain("RespectIgnoreDifferences=true");
  });

  test("may apply what is synthesized, and besides only what Deployments make", () => {
    const { clusterResourceWhitelist, namespaceResourceWhitelist } = appProject!.spec;
    const inNamespace = delivered.filter(({ metadata }) => metadata.namespace !== undefined);
    const clusterScoped = delivered.filter(({ metadata }) => metadata.namespace === undefined);
    expect(names(clusterResourceWhitelist)).toEqual(kinds(clusterScoped));
    expect(names(namespaceResourceWhitelist)).toEqual(
      [...kinds(inNamespace), "/Pod", "apps/ReplicaSet"].sort(),
    );
    expect(appProject!.spec.sourceRepos).toEqual([environment.git.repository]);
    expect(appProject!.spec.destinations).toEqual([expect.objectContaining({ namespace })]);
  });
});

function names(allowed: readonly AllowedKind[]): string[] {
  return allowed.map(({ group, kind }) => `${group}/${kind}`);
}

function kinds(objects: readonly KubeObject[]): string[] {
  const found = objects.map(({ apiVersion, kind }) =>
    apiVersion.includes("/") ? `${apiVersion.split("/")[0]}/${kind}` : `/${kind}`,
  );
  return [...new Set(found)].sort();
}
