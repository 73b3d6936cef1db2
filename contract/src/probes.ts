import { paths } from "./paths";

/** How often and how patiently one probe asks. */
export interface Probe {
  readonly path: string;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

/** The service's probes. They differ on purpose: only liveness restarts, only readiness takes out of traffic. */
export const serviceProbes = {
  /** Up to two minutes for fetching and verifying a model; nothing else probes until it passes. */
  startup: { path: paths.readyz, periodSeconds: 2, timeoutSeconds: 1, failureThreshold: 60 },
  /** Out of the endpoints within ten seconds. */
  readiness: { path: paths.readyz, periodSeconds: 5, timeoutSeconds: 2, failureThreshold: 2 },
  /** Asks only whether the process answers; a missing model or store never restarts the pod. */
  liveness: { path: paths.healthz, periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 3 },
} as const satisfies Record<string, Probe>;

/** The page's probes: nginx answers or it does not. */
export const webProbes = {
  readiness: { path: paths.healthz, periodSeconds: 5, timeoutSeconds: 1, failureThreshold: 2 },
  liveness: { path: paths.healthz, periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 3 },
} as const satisfies Record<string, Probe>;
