/** TCP ports. A port is named here once; containers, Services, Ingress, policies and probes refer to it. */
export const ports = {
  /** The service: API, probes and metrics. Its container and its Service use the same number. */
  service: 8000,
  /** nginx in the page's container, which is unprivileged and so above 1023. */
  webContainer: 8080,
  /** The page's Service. */
  web: 80,
  /** MongoDB's wire protocol. */
  mongodb: 27017,
  /** The public side of the Ingress. */
  http: 80,
  https: 443,
} as const;

/** The port names that Services, probes and monitors refer to (IANA_SVC_NAME: at most 15 characters). */
export const portNames = { service: "http-api", web: "http-web", mongodb: "mongodb" } as const;
