/** The project's name: namespace, tag, and the first part of every resource's name. */
export const project = "berth";

/** Kubernetes namespace of the service, the page and their database. */
export const namespace = project;

/** The workloads that Berth runs. */
export const components = ["service", "web"] as const;

/** One workload of Berth. */
export type Component = (typeof components)[number];

/** Name of a component's Deployment, Service, ServiceAccount and HorizontalPodAutoscaler. */
export function componentName(component: Component): string {
  return `${project}-${component}`;
}

/** Name of the ServiceAccount that writes the history's backups. */
export const backupServiceAccount = `${project}-backup`;

/** The labels that select a component's pods. Selectors, policies and monitors all use these. */
export function selectorLabels(component: Component): Record<string, string> {
  return {
    "app.kubernetes.io/name": componentName(component),
    "app.kubernetes.io/component": component,
    "app.kubernetes.io/part-of": project,
  };
}

/** The user and group that containers run as; unprivileged, and above 10,000 so that scanners agree. */
export const containerUser = { uid: 10_001, gid: 10_001 } as const;
