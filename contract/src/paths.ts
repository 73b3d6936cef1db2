/** The prefix that the Ingress sends to the service. Everything else goes to the page. */
export const apiPrefix = "/api";

/** Every address that the service answers at. */
export const paths = {
  analyze: `${apiPrefix}/analyze`,
  analyzeBatch: `${apiPrefix}/analyze/batch`,
  analyzeStream: `${apiPrefix}/analyze/stream`,
  history: `${apiPrefix}/history`,
  historyEntry: `${apiPrefix}/history/{id}`,
  model: `${apiPrefix}/model`,
  /** Alive: the process answers. */
  healthz: "/healthz",
  /** Ready: model verified, warmed up, golden inputs right, and not stopping. */
  readyz: "/readyz",
  metrics: "/metrics",
  openapi: "/openapi.json",
} as const;

/** Fills `{id}`, percent-encoded, into {@link paths.historyEntry}. */
export function historyEntryPath(id: string): string {
  return paths.historyEntry.replace("{id}", encodeURIComponent(id));
}
