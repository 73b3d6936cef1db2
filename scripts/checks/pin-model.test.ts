import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { manifestFile, modelKey, servedModel } from "@berth/contract";
import { servedModelSource } from "../lib/pin-model";

const root = join(__dirname, "..", "..");
const bundled = readFileSync(join(root, "service", "model", modelKey(servedModel, manifestFile)));

describe("pin-model", () => {
  it("pins the bundled model: the committed source is what it writes for its manifest", () => {
    const committed = readFileSync(join(root, "contract", "src", "served-model.ts"), "utf8");
    expect(servedModelSource(bundled)).toBe(committed);
  });

  it("follows every byte of the manifest", () => {
    const changed = Buffer.concat([bundled, Buffer.from("\n")]);
    const sha256 = createHash("sha256").update(changed).digest("hex");
    expect(servedModelSource(changed)).toContain(sha256);
    expect(servedModelSource(changed)).not.toContain(servedModel.manifestSha256);
  });

  it.each(["not json", "{}", '{"name": "a", "version": "1.0.0"}'])("fails for %s", (text) => {
    expect(() => servedModelSource(Buffer.from(text))).toThrow(/manifest\.json/);
  });
});
