import { ofKind } from "./objects";
import type { Container, Deployment, KubeObject } from "./objects";

type Labels = Readonly<Record<string, string>>;

/** Every reference between an environment's objects that leads nowhere, or to the wrong place. */
export function connectionFaults(objects: readonly KubeObject[]): string[] {
  return [
    ...objects.flatMap((object) => namespaceFaults(object, objects)),
    ...ofKind(objects, "Deployment").flatMap((deployment) => deploymentFaults(deployment, objects)),
    ...serviceFaults(objects),
    ...ingressFaults(objects),
    ...autoscalerFaults(objects),
  ];
}

const clusterScoped = ["Namespace", "PersistentVolume"];

function namespaceFaults(object: KubeObject, objects: readonly KubeObject[]): string[] {
  const { kind, metadata } = object;
  if (clusterScoped.includes(kind))
    return metadata.namespace === undefined ? [] : [`${kind}/${metadata.name} has a namespace`];
  return has(objects, "Namespace", metadata.namespace)
    ? []
    : [`${kind}/${metadata.name} is in namespace ${metadata.namespace}, which is not made`];
}

function deploymentFaults(deployment: Deployment, objects: readonly KubeObject[]): string[] {
  const faults: string[] = [];
  const { selector, template } = deployment.spec;
  const name = `Deployment/${deployment.metadata.name}`;
  if (!selects(selector.matchLabels, template.metadata.labels))
    faults.push(`${name} does not select its own pods`);
  if (!has(objects, "ServiceAccount", template.spec.serviceAccountName))
    faults.push(`${name} runs as ${template.spec.serviceAccountName}, which is not made`);
  for (const volume of template.spec.volumes) {
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && !has(objects, "PersistentVolumeClaim", claim))
      faults.push(`${name} mounts claim ${claim}, which is not made`);
  }
  const volumes = new Set(template.spec.volumes.map((volume) => volume.name));
  for (const container of containers(deployment)) {
    for (const mount of container.volumeMounts)
      if (!volumes.has(mount.name)) faults.push(`${name} mounts ${mount.name}, which it lacks`);
    const ports = new Set(container.ports?.map((port) => port.name));
    for (const probe of probes(container))
      if (!ports.has(probe.httpGet.port))
        faults.push(`${name} probes port ${probe.httpGet.port}, which ${container.name} lacks`);
  }
  return faults;
}

function serviceFaults(objects: readonly KubeObject[]): string[] {
  return ofKind(objects, "Service").flatMap((service) => {
    const selected = ofKind(objects, "Deployment").filter((deployment) =>
      selects(service.spec.selector, deployment.spec.template.metadata.labels),
    );
    const name = `Service/${service.metadata.name}`;
    if (selected.length !== 1)
      return [`${name} selects the pods of ${selected.length} Deployments`];
    const open = selected[0]!.spec.template.spec.containers.flatMap((container) =>
      (container.ports ?? []).flatMap((port) => [port.name, port.containerPort]),
    );
    return service.spec.ports
      .filter((port) => !open.includes(port.targetPort))
      .map((port) => `${name} sends to port ${port.targetPort}, which no container opens`);
  });
}

function ingressFaults(objects: readonly KubeObject[]): string[] {
  const services = ofKind(objects, "Service");
  return ofKind(objects, "Ingress").flatMap((ingress) =>
    ingress.spec.rules
      .flatMap((rule) => rule.http.paths)
      .filter(
        ({ backend }) =>
          !services.some(
            (service) =>
              service.metadata.name === backend.service.name &&
              service.metadata.namespace === ingress.metadata.namespace &&
              service.spec.ports.some((port) => port.port === backend.service.port.number),
          ),
      )
      .map(({ path, backend: { service } }) => {
        return `Ingress sends ${path} to ${service.name}:${service.port.number}, which does not exist`;
      }),
  );
}

function autoscalerFaults(objects: readonly KubeObject[]): string[] {
  return ofKind(objects, "HorizontalPodAutoscaler").flatMap((autoscaler) => {
    const { name } = autoscaler.spec.scaleTargetRef;
    const target = ofKind(objects, "Deployment").find(
      (deployment) => deployment.metadata.name === name,
    );
    if (!target) return [`the autoscaler scales ${name}, which does not exist`];
    return target.spec.replicas === undefined
      ? []
      : [`${name} has both replicas and an autoscaler`];
  });
}

function selects(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

function has(objects: readonly KubeObject[], kind: string, name: string | undefined): boolean {
  return objects.some((object) => object.kind === kind && object.metadata.name === name);
}

function containers(deployment: Deployment): readonly Container[] {
  const { initContainers = [], containers } = deployment.spec.template.spec;
  return [...initContainers, ...containers];
}

function probes(container: Container) {
  const { startupProbe, readinessProbe, livenessProbe } = container;
  return [startupProbe, readinessProbe, livenessProbe].filter((probe) => probe !== undefined);
}
