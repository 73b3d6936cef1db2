import { parseSettings } from "@berth/contract";
import { modelPinOf, modelRegistryOf } from "./compose/model-source";

// Brings the model to MODEL_DIR and verifies it, then ends: the init container of a pod. It reads the service's
// settings, so both always mean the same version.

async function main(): Promise<void> {
  if (process.argv.includes("--help")) {
    console.log(
      "usage: fetch-model   reads MODEL_* and AWS_* as the service does; see README, Settings",
    );
    return;
  }
  const settings = parseSettings(process.env);
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => stop.abort(new Error(`ended by ${signal}`)));
  const pin = modelPinOf(settings);
  const { folder } = await modelRegistryOf(settings).fetch(pin, stop.signal);
  console.log(`${pin.name} ${pin.version} verified in ${folder}`);
}

main().catch((error: Error) => {
  console.error(`fetch-model: ${error.message}`);
  process.exitCode = 1;
});
