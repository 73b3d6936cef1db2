import { join } from "node:path";
import type { Settings } from "@berth/contract";
import { DirectoryModelRegistry } from "../adapters/directory-model-registry";
import { S3ModelRegistry } from "../adapters/s3-model-registry";
import type { FetchEvent } from "../model/fetch-event";
import type { Clock } from "../ports/clock";
import type { ModelPin, ModelRegistry } from "../ports/model-registry";

/** Where the bundled model lies, seen from the built entry points in `dist/`. */
const bundledModelDir = join(__dirname, "..", "model");

/** The registry that the settings name: S3 with a cache, or a local folder. */
export function modelRegistryOf(
  settings: Pick<Settings, "MODEL_DIR" | "MODEL_BUCKET" | "AWS_REGION" | "AWS_ENDPOINT_URL_S3">,
  clock: Clock,
  onFetchEvent: (event: FetchEvent) => void,
): ModelRegistry {
  const folder = settings.MODEL_DIR ?? bundledModelDir;
  if (settings.MODEL_BUCKET === undefined) return new DirectoryModelRegistry(folder);
  return new S3ModelRegistry({
    bucket: settings.MODEL_BUCKET,
    cacheDir: folder,
    // parseSettings refuses a bucket without its region.
    region: settings.AWS_REGION!,
    endpoint: settings.AWS_ENDPOINT_URL_S3,
    clock,
    onFetchEvent,
  });
}

/** The model version that the settings ask for. */
export function modelPinOf(settings: Settings): ModelPin {
  return {
    name: settings.MODEL_NAME,
    version: settings.MODEL_VERSION,
    manifestSha256: settings.MODEL_SHA256,
  };
}
