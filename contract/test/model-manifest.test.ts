import { readFileSync } from "node:fs";
import { join } from "node:path";
import { labels, manifestFile, modelKey, modelManifest, servedModel } from "../src";

const bundled = JSON.parse(
  readFileSync(join(__dirname, "../../service/model", modelKey(servedModel, manifestFile)), "utf8"),
) as Record<string, unknown> & { golden: { scores: Record<string, number> }[] };

describe("modelManifest", () => {
  it("takes the bundled model's manifest, whose labels are the contract's", () => {
    expect(modelManifest.parse(bundled).labels).toEqual([...labels]);
  });

  it.each<[string, unknown]>([
    ["a label that is named twice", { ...bundled, labels: ["World", "World"] }],
    [
      "golden scores of other labels",
      { ...bundled, golden: [{ text: "a", label: "x", scores: { x: 1 } }] },
    ],
    ["no golden input", { ...bundled, golden: [] }],
    ["a version with a path in it", { ...bundled, version: "../1.0.0" }],
    ["a name with a path in it", { ...bundled, name: "a/b" }],
    ["a temperature of 0", { ...bundled, temperature: 0 }],
    ["another schema version", { ...bundled, schemaVersion: 2 }],
    [
      "a file too many",
      {
        ...bundled,
        files: { ...(bundled.files as object), "x.bin": { sha256: "0".repeat(64), bytes: 1 } },
      },
    ],
    ["a file too few", { ...bundled, files: {} }],
  ])("fails for %s", (_what, manifest) => {
    expect(modelManifest.safeParse(manifest).success).toBe(false);
  });
});
