/** Durations that must keep their order from the innermost to the outermost, in milliseconds. */
export interface LatencyBudget {
  /** Longest wait for a free inference process. */
  readonly queueLimitMs: number;
  /** Longest run of one batch; a process that needs longer is taken for hung and replaced. */
  readonly inferenceLimitMs: number;
  /** From a request's arrival to its answer. */
  readonly requestDeadlineMs: number;
  /** The Ingress gives up on the service. */
  readonly ingressTimeoutMs: number;
  /** The page gives up on the request. */
  readonly clientTimeoutMs: number;
  /** Between leaving the endpoints and SIGTERM, so that proxies have stopped sending. */
  readonly preStopMs: number;
  /** After SIGTERM, for requests that still come over connections which proxies keep alive. */
  readonly lingerMs: number;
  /** Writing what is left of the history at shutdown. */
  readonly flushMs: number;
  /** From preStop to SIGKILL. */
  readonly terminationGraceMs: number;
}

/** What is wrong with a budget: one sentence a fault, each with both numbers and what to change. */
export function latencyBudgetFaults(budget: LatencyBudget): string[] {
  const faults: string[] = [];
  const ordered = [
    "queueLimitMs",
    "requestDeadlineMs",
    "ingressTimeoutMs",
    "clientTimeoutMs",
  ] as const;
  for (const [name, value] of Object.entries(budget))
    if (!(Number.isInteger(value) && value > 0))
      faults.push(`${name} is ${value}; it must be a whole number of milliseconds above 0`);
  ordered.slice(1).forEach((outer, i) => {
    const inner = ordered[i]!;
    if (!(budget[inner] < budget[outer]))
      faults.push(
        `${inner} (${budget[inner]}) must be below ${outer} (${budget[outer]}): lower the first or raise the second`,
      );
  });
  const served = budget.queueLimitMs + budget.inferenceLimitMs;
  if (served > budget.requestDeadlineMs)
    faults.push(
      `queueLimitMs + inferenceLimitMs (${served}) must not exceed requestDeadlineMs (${budget.requestDeadlineMs})`,
    );
  const stopping = budget.preStopMs + budget.lingerMs + budget.requestDeadlineMs + budget.flushMs;
  if (stopping >= budget.terminationGraceMs)
    faults.push(
      `preStopMs + lingerMs + requestDeadlineMs + flushMs (${stopping}) must be below terminationGraceMs (${budget.terminationGraceMs}): ` +
        "raise terminationGraceMs, or requests in flight are killed",
    );
  return faults;
}

function checked(budget: LatencyBudget): LatencyBudget {
  const faults = latencyBudgetFaults(budget);
  if (faults.length > 0)
    throw new Error(`The latency budget is contradictory:\n- ${faults.join("\n- ")}`);
  return budget;
}

/** The one latency budget. Client timeout > ingress timeout > request deadline > queue limit. */
export const latencyBudget = checked({
  queueLimitMs: 2_000,
  inferenceLimitMs: 3_000,
  requestDeadlineMs: 5_000,
  ingressTimeoutMs: 8_000,
  clientTimeoutMs: 10_000,
  preStopMs: 5_000,
  lingerMs: 2_000,
  flushMs: 5_000,
  terminationGraceMs: 20_000,
});

/** A read of the history is answered within `limitMs`, if only with 503. Milliseconds. */
export const historyRead = {
  limitMs: 1_000,
  /** Its wait for answers that are on their way to the disk. */
  settleMs: 200,
  /** Its wait for the store. */
  storeMs: 650,
} as const;
