import {
  componentName,
  environments,
  inferenceProcessesPerPod,
  latencyBudget,
  parseSettings,
  plannedPods,
  ports,
  servedModel,
  serviceProbes,
  settings,
  totalRequests,
  webProbes,
} from "@berth/contract";
import type { Component, Environment, PodResources, Probe } from "@berth/contract";
import { envOf, named, objectsOf, ofKind } from "./objects";
import type { HttpProbe, KubeObject } from "./objects";

describe.each(environments)("in $name", (environment) => {
  const objects = objectsOf(environment);
  const pod = (component: Component) =>
    named(objects, "Deployment", componentName(component)).spec.template.spec;
  const container = (component: Component) => pod(component).containers[0]!;
  const [fetchModel] = pod("service").initContainers ?? [];

  test("the service is probed as the contract says", () => {
    const { startupProbe, readinessProbe, livenessProbe } = container("service");
    expect(startupProbe).toMatchObject(asProbe(serviceProbes.startup));
    expect(readinessProbe).toMatchObject(asProbe(serviceProbes.readiness));
    expect(livenessProbe).toMatchObject(asProbe(serviceProbes.liveness));
  });

  test("the page is probed as the contract says", () => {
    const { startupProbe, readinessProbe, livenessProbe } = container("web");
    expect(startupProbe).toBeUndefined();
    expect(readinessProbe).toMatchObject(asProbe(webProbes.readiness));
    expect(livenessProbe).toMatchObject(asProbe(webProbes.liveness));
  });

  test("containers listen on the contract's ports", () => {
    expect(container("service").ports).toEqual([
      expect.objectContaining({ containerPort: ports.service }),
    ]);
    expect(container("web").ports).toEqual([
      expect.objectContaining({ containerPort: ports.webContainer }),
    ]);
  });

  test("every pod waits for the proxies and has time to finish what it began", () => {
    const wait = {
      service: ["node", "-e", `setTimeout(() => {}, ${latencyBudget.preStopMs})`],
      web: ["sleep", String(latencyBudget.preStopMs / 1000)],
    };
    for (const component of ["service", "web"] as const) {
      expect(container(component).lifecycle?.preStop.exec.command).toEqual(wait[component]);
      const graceMs = pod(component).terminationGracePeriodSeconds * 1000;
      expect(graceMs).toBe(latencyBudget.terminationGraceMs);
      expect(graceMs).toBeGreaterThan(
        latencyBudget.preStopMs + latencyBudget.requestDeadlineMs + latencyBudget.flushMs,
      );
    }
  });

  test("no pod is taken away before its successor is ready", () => {
    for (const { spec } of ofKind(objects, "Deployment"))
      expect(spec.strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
  });

  test("the service's env is settings that its parser takes, and names the model", () => {
    const env = envOf(container("service"));
    expect(Object.keys(settings)).toEqual(expect.arrayContaining(Object.keys(env)));
    expect(parseSettings(env)).toMatchObject({
      HOST: "0.0.0.0",
      PORT: ports.service,
      MODEL_NAME: servedModel.name,
      MODEL_VERSION: servedModel.version,
      MODEL_SHA256: servedModel.manifestSha256,
      INFERENCE_PROCESSES: inferenceProcessesPerPod,
      TRUSTED_PROXIES: 1,
    });
  });

  test("the service writes and reads only where something is mounted", () => {
    const { volumeMounts } = container("service");
    const { MODEL_DIR, DATA_DIR } = parseSettings(envOf(container("service")));
    const at = (path: string | undefined) => volumeMounts.find((mount) => mount.mountPath === path);
    expect(at(MODEL_DIR)?.readOnly).toBe(true);
    expect(at(DATA_DIR)).toBeDefined();
    expect(at(DATA_DIR)?.readOnly).toBeUndefined();
  });

  test("the model comes from where the environment keeps it", () => {
    if (environment.kind === "local") {
      expect(fetchModel).toBeUndefined();
      expect(objects).toContainEqual(
        expect.objectContaining({
          kind: "PersistentVolume",
          spec: expect.objectContaining({
            hostPath: { path: environment.modelHostPath, type: "Directory" },
          }),
        }),
      );
      return;
    }
    const fetched = envOf(fetchModel!);
    const served = envOf(container("service"));
    expect(parseSettings(fetched)).toMatchObject({
      MODEL_BUCKET: environment.modelBucket,
      AWS_REGION: environment.region,
    });
    expect(served).not.toHaveProperty("MODEL_BUCKET");
    for (const name of ["MODEL_NAME", "MODEL_VERSION", "MODEL_SHA256", "MODEL_DIR"])
      expect(fetched[name]).toBe(served[name]);
    expect(fetchModel!.image).toBe(container("service").image);
  });

  test("pods request what the contract plans for", () => {
    expect(totalRequests(synthesizedPods(objects))).toEqual(
      totalRequests(plannedPods(environment)),
    );
  });

  test("the autoscaler keeps between the environment's bounds, and Git has no say in between", () => {
    const { spec } = named(objects, "HorizontalPodAutoscaler", componentName("service"));
    expect({ min: spec.minReplicas, max: spec.maxReplicas }).toEqual(environment.serviceReplicas);
    expect(named(objects, "Deployment", componentName("service")).spec).not.toHaveProperty(
      "replicas",
    );
    expect(named(objects, "Deployment", componentName("web")).spec.replicas).toBe(
      environment.webReplicas,
    );
  });
});

test("fails to match the plan when a pod is added that nobody planned", () => {
  const [environment] = environments as [Environment];
  const more = { ...environment, webReplicas: environment.webReplicas + 1 };
  expect(totalRequests(synthesizedPods(objectsOf(more)))).not.toEqual(
    totalRequests(plannedPods(environment)),
  );
});

function asProbe(probe: Probe): Omit<HttpProbe, "httpGet"> & { httpGet: { path: string } } {
  const { path, ...timing } = probe;
  return { ...timing, httpGet: { path } };
}

/** Pods at their most, the extra one of a rolling update included. */
function synthesizedPods(objects: readonly KubeObject[]) {
  return ofKind(objects, "Deployment").map((deployment) => {
    const { name } = deployment.metadata;
    const autoscaler = ofKind(objects, "HorizontalPodAutoscaler").find(
      ({ spec }) => spec.scaleTargetRef.name === name,
    );
    const { replicas, strategy, template } = deployment.spec;
    const most = autoscaler?.spec.maxReplicas ?? replicas ?? 1;
    const { initContainers = [], containers } = template.spec;
    const requests = (list: typeof containers) => list.map((c) => podResources(c.resources));
    const sum = (key: keyof PodResources) =>
      Math.max(
        requests(containers).reduce((total, each) => total + each[key], 0),
        ...requests(initContainers).map((each) => each[key]),
      );
    return {
      name,
      count: most + strategy.rollingUpdate.maxSurge,
      resources: {
        cpuMillis: sum("cpuMillis"),
        memoryMiB: sum("memoryMiB"),
        memoryLimitMiB: sum("memoryLimitMiB"),
      },
    };
  });
}

function podResources({
  requests,
  limits,
}: {
  requests: { cpu: string; memory: string };
  limits: Readonly<Record<string, string>>;
}): PodResources {
  return {
    cpuMillis: quantity(requests.cpu, "m"),
    memoryMiB: quantity(requests.memory, "Mi"),
    memoryLimitMiB: quantity(limits.memory ?? "", "Mi"),
  };
}

function quantity(text: string, unit: string): number {
  if (!new RegExp(`^\\d+${unit}$`).test(text)) throw new Error(`${text} is not in ${unit}`);
  return Number(text.slice(0, -unit.length));
}
