import { constants } from "node:os";
import { parseSettings } from "@berth/contract";
import { systemClock } from "./adapters/system-clock";
import { modelPinOf, modelRegistryOf } from "./compose/model-source";
import { fetchEventLine } from "./model/fetch-event";

// Brings the model to MODEL_DIR and verifies it, then ends: the init container of a pod. It reads the service's
// settings and fetches as the service does, so both always mean the same version.

const usage = `usage: fetch-model   reads MODEL_* and AWS_* as the service does; see README, Settings

Ends with 0 once the model is in MODEL_DIR and verified, with 1 and the reason if it cannot be, with 130 or 143 when a
signal ends it. What was fetched by then stays, and the next run goes on with it.`;

/** Timers of the clock let a process end; this one has to wait for them. */
const forever = 2 ** 31 - 1;

async function main(): Promise<void> {
  if (process.argv.includes("--help")) {
    console.log(usage);
    return;
  }
  const settings = parseSettings(process.env);
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => {
      process.exitCode = 128 + constants.signals[signal];
      stop.abort(new Error(`ended by ${signal}`));
    });
  const pin = modelPinOf(settings);
  const registry = modelRegistryOf(settings, systemClock, (event) =>
    (event.kind === "retry" ? console.error : console.log)(fetchEventLine(event)),
  );
  const waiting = setInterval(() => {}, forever);
  try {
    const { folder } = await registry.fetch(pin, stop.signal);
    console.log(`${pin.name} ${pin.version} verified in ${folder}`);
  } finally {
    clearInterval(waiting);
  }
}

main().catch((error: Error) => {
  console.error(`fetch-model: ${error.message}`);
  // Nothing that a connection still waits for may delay the end.
  process.exit(process.exitCode ?? 1);
});
