import { Fault } from "../operations/fault";
import type {
  Block,
  StackJson,
  SynthesizedEnvironment,
} from "../operations/synthesized-environment";
import { priceTable } from "./price-table";
import type { RegionPrices } from "./price-table";
import { costOf } from "./resource-costs";
import type { Cost } from "./resource-costs";

/** A part of the bill of one stack. */
export interface EstimateLine extends Required<Cost> {
  readonly stack: string;
}

/** A month of one environment, in USD. */
export interface Estimate {
  readonly lines: readonly EstimateLine[];
  readonly usdAMonth: number;
  /** What CPU credits may add when every CPU is always busy. */
  readonly atMostMore: number;
}

/**
 * Estimates what an environment costs from its synthesized resources. Equal lines of a stack are added up.
 *
 * @throws {Fault} on a resource or region without a price
 */
export function estimate({ state, layers }: SynthesizedEnvironment): Estimate {
  const stacks = [state, ...layers];
  const dataVolumesGB = stacks
    .flatMap(({ json }) => Object.values(json.resource?.["aws_ebs_volume"] ?? {}))
    .reduce((sum, { size }) => sum + Number(size), 0);

  const lines = new Map<string, EstimateLine>();
  for (const { id, json } of stacks)
    for (const [type, blocks] of Object.entries(json.resource ?? {}))
      for (const block of Object.values(blocks)) {
        const pricing = { prices: pricesFor(json, block), json, dataVolumesGB };
        for (const cost of costOf(type, block, pricing)) {
          const key = `${id} ${cost.what}`;
          const before = lines.get(key);
          lines.set(key, {
            stack: id,
            what: cost.what,
            usdAMonth: cost.usdAMonth + (before?.usdAMonth ?? 0),
            atMostMore: (cost.atMostMore ?? 0) + (before?.atMostMore ?? 0),
          });
        }
      }
  const all = [...lines.values()];
  const sum = (of: (line: EstimateLine) => number): number =>
    all.reduce((total, line) => total + of(line), 0);
  return {
    lines: all,
    usdAMonth: sum((line) => line.usdAMonth),
    atMostMore: sum((line) => line.atMostMore),
  };
}

/** The prices of the region that a resource's provider works in. */
function pricesFor(json: StackJson, { provider }: Block): RegionPrices {
  const alias = typeof provider === "string" ? provider.split(".")[1] : undefined;
  const found = json.provider?.["aws"]?.find((one) => one["alias"] === alias);
  const region = String(found?.["region"]);
  const prices = priceTable.regions[region];
  if (prices === undefined)
    throw new Fault(
      `There are no prices for ${region}, only for ${Object.keys(priceTable.regions).join(", ")}: ` +
        "add them to infra-stacks/cost/price-table.ts",
    );
  return prices;
}
