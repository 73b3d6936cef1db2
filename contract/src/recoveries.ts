// Written by `npm run recover`. To end a recovery, destroy its environment and revert the commit.
import type { Recovery } from "./recovery";

/** Environments that stand anew in another region. */
export const recoveries: readonly Recovery[] = [];
