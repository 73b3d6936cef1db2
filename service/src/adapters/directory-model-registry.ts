import { join } from "node:path";
import { modelPrefix } from "@berth/contract";
import { verifyFolder } from "../model/verify-model";
import type { ModelPin, ModelRegistry, VerifiedModel } from "../ports/model-registry";

/** Models in a local folder, laid out as in the bucket: `models/<name>/<version>/`. */
export class DirectoryModelRegistry implements ModelRegistry {
  /** @param root folder that holds `models/` */
  constructor(private readonly root: string) {}

  fetch(pin: ModelPin): Promise<VerifiedModel> {
    return verifyFolder(join(this.root, modelPrefix(pin)), pin);
  }
}
