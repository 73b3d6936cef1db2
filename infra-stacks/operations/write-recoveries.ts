import { writeFileSync } from "node:fs";
import type { Recovery } from "@berth/contract";

/** The source of contract/src/recoveries.ts, formatted as Prettier does. */
export function recoveriesSource(recoveries: readonly Recovery[]): string {
  const list = recoveries.length === 0 ? "[]" : `[\n${recoveries.map(literal).join("")}]`;
  return `// Written by \`npm run recover\`. To end a recovery, destroy its environment and revert the commit.
import type { Recovery } from "./recovery";

/** Environments that stand anew in another region. */
export const recoveries: readonly Recovery[] = ${list};
`;
}

function literal({ of, region, availabilityZones, snapshot }: Recovery): string {
  const zones = availabilityZones.map((zone) => JSON.stringify(zone)).join(", ");
  return [
    "  {",
    `    of: ${JSON.stringify(of)},`,
    `    region: ${JSON.stringify(region)},`,
    `    availabilityZones: [${zones}],`,
    ...(snapshot === undefined ? [] : [`    snapshot: ${JSON.stringify(snapshot)},`]),
    "  },\n",
  ].join("\n");
}

/** Writes the recoveries into the contract. */
export function writeRecoveries(file: string, recoveries: readonly Recovery[]): void {
  writeFileSync(file, recoveriesSource(recoveries));
}
