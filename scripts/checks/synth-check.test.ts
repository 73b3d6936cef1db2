import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { differences } from "../lib/synth-check";

let root: string;
const folder = (name: string, files: Record<string, string>) => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, name, path, ".."), { recursive: true });
    writeFileSync(join(root, name, path), text);
  }
  return join(root, name);
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-synth-check-"));
});
afterEach(() => rmSync(root, { recursive: true }));

describe("the synth check", () => {
  it("passes where every file is the same", () => {
    const files = { "node/web.yaml": "a", "eks/web.yaml": "b" };
    expect(differences(folder("expected", files), folder("actual", files))).toEqual([]);
  });

  it("fails on a file that was edited by hand, is missing, or is left over", () => {
    const expected = folder("expected", { "a.yaml": "1", "b.yaml": "1" });
    const actual = folder("actual", { "a.yaml": "2", "c.yaml": "1" });
    expect(differences(expected, actual)).toEqual([
      "a.yaml differs",
      "b.yaml is missing",
      "c.yaml is not synthesized any more",
    ]);
  });
});
