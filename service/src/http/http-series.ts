import { clientLeftStatus, endpointErrors, endpoints, errorCodes, errors } from "@berth/contract";
import type { Endpoint } from "@berth/contract";

/** Labels of one series of `http_requests_total`. */
export type HttpLabels = Record<"route" | "method" | "status", string>;

/** Route and method of what no endpoint of the contract took: the page, and addresses that clients make up. */
const other = { route: "other", method: "any" } as const;

/** Status of an answer that nobody foresaw; so a status cannot make a series. */
const otherStatus = "other";

/** What serving files adds to the error table. */
const pageStatuses = [200, 204, 206, 304, 412, 416] as const;

const everyStatus = [...pageStatuses, ...errorCodes.map((code) => errors[code].status)];

const endpointSeries = Object.values<Endpoint>(endpoints).map((endpoint) => ({
  route: endpoint.path,
  method: endpoint.method.toUpperCase(),
  statuses: new Set(
    [endpoint.status, ...endpointErrors(endpoint).map((code) => errors[code].status)].map(String),
  ),
}));

const routes: readonly { route: string; method: string; statuses: ReadonlySet<string> }[] = [
  ...endpointSeries,
  { ...other, statuses: new Set(everyStatus.map(String)) },
];

const statusesOf = new Map(routes.map((one) => [`${one.method} ${one.route}`, one.statuses]));

/** Every route with its methods, as labels. */
export const httpRoutes = routes.map(({ route, method }) => ({ route, method }));

/** Every series that there can be: whatever a client sends, it is counted in one of these. */
export const httpSeries: readonly HttpLabels[] = routes.flatMap(({ route, method, statuses }) =>
  [...statuses, String(clientLeftStatus), otherStatus].map((status) => ({ route, method, status })),
);

/**
 * The series of one request.
 *
 * @param endpoint that took it, if one did; a HEAD counts as the GET that it stands for
 * @param status of the answer; undefined if the client left before its end
 */
export function httpLabels(endpoint: Endpoint | undefined, status: number | undefined): HttpLabels {
  const { route, method } =
    endpoint === undefined
      ? other
      : { route: endpoint.path, method: endpoint.method.toUpperCase() };
  if (status === undefined) return { route, method, status: String(clientLeftStatus) };
  const known = statusesOf.get(`${method} ${route}`)!.has(String(status));
  return { route, method, status: known ? String(status) : otherStatus };
}
