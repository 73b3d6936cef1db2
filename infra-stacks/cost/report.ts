import { assumptionsInWords } from "./assumptions";
import type { Estimate } from "./estimate";
import { priceTable, staleAfterDays, tableAgeDays } from "./price-table";

/** An environment's estimate, and what other options would cost instead. */
export interface EnvironmentCost {
  readonly name: string;
  readonly region: string;
  readonly estimate: Estimate;
  readonly variants: readonly { readonly change: string; readonly estimate: Estimate }[];
}

/** The estimates as a person reads them. */
export function report(costs: readonly EnvironmentCost[], now: Date): string {
  const age = tableAgeDays(now);
  const stale =
    age > staleAfterDays
      ? [
          "",
          `THE PRICES ARE OLD: more than ${staleAfterDays} days. Check them, and date them anew.`,
        ]
      : [];
  return [
    ...costs.flatMap(environmentLines),
    `Prices of ${priceTable.date}, ${age} days old, from infra-stacks/cost/price-table.ts: look them up before you rely on them.`,
    ...stale,
    "",
    "Assumed:",
    ...assumptionsInWords().map((line) => `- ${line}`),
  ].join("\n");
}

function environmentLines({ name, region, estimate, variants }: EnvironmentCost): string[] {
  return [
    `${name} in ${region}, USD a month`,
    ...estimate.lines.map(({ stack, what, usdAMonth }) => line(stack, what, usdAMonth.toFixed(2))),
    line("total", "", estimate.usdAMonth.toFixed(2)),
    ...(estimate.atMostMore > 0
      ? [
          line(
            "",
            "CPU credits, all CPUs always busy: at most",
            `+${estimate.atMostMore.toFixed(2)}`,
          ),
        ]
      : []),
    ...variants.map((variant) =>
      line("", `with ${variant.change}`, signed(variant.estimate.usdAMonth - estimate.usdAMonth)),
    ),
    "",
  ];
}

function line(stack: string, what: string, amount: string): string {
  return `  ${stack.padEnd(24)} ${what.padEnd(44)} ${amount.padStart(9)}`;
}

function signed(usd: number): string {
  return `${usd < 0 ? "-" : "+"}${Math.abs(usd).toFixed(2)}`;
}
