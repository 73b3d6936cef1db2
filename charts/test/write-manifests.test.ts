import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { header } from "../manifests";
import { compareManifests, writeManifests } from "../write-manifests";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-manifests-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const wanted = new Map([
  ["local/web.yaml", `${header}kind: Service\n`],
  ["local/argocd/berth.yaml", `${header}kind: Application\n`],
]);
const right = { missing: [], changed: [], extra: [] };

test("manifests are written into a folder that is not there yet", () => {
  const fresh = join(folder, "charts", "manifests");
  expect(writeManifests(fresh, wanted)).toEqual({ ...right, missing: [...wanted.keys()].sort() });
  expect(readFileSync(join(fresh, "local/web.yaml"), "utf8")).toBe(wanted.get("local/web.yaml"));
  expect(compareManifests(fresh, wanted)).toEqual(right);
});

test("what is right already is left untouched", () => {
  writeManifests(folder, wanted);
  const before = statSync(join(folder, "local/web.yaml"), { bigint: true }).mtimeNs;
  expect(writeManifests(folder, wanted)).toEqual(right);
  expect(statSync(join(folder, "local/web.yaml"), { bigint: true }).mtimeNs).toBe(before);
});

test("an object that changed is overwritten", () => {
  writeManifests(folder, wanted);
  writeFileSync(join(folder, "local/web.yaml"), `${header}kind: Deployment\n`);
  expect(writeManifests(folder, wanted)).toEqual({ ...right, changed: ["local/web.yaml"] });
  expect(compareManifests(folder, wanted)).toEqual(right);
});

test("an environment that no longer exists vanishes, its folders too", () => {
  writeManifests(folder, new Map([...wanted, ["old/argocd/berth.yaml", header]]));
  expect(writeManifests(folder, wanted)).toEqual({ ...right, extra: ["old/argocd/berth.yaml"] });
  expect(existsSync(join(folder, "old"))).toBe(false);
  expect(compareManifests(folder, wanted)).toEqual(right);
});

test.each(["local/by-hand.yaml", "local/web.yaml"])(
  "fails for %s that synth did not write, and changes nothing",
  (path) => {
    mkdirSync(join(folder, "local"));
    writeFileSync(join(folder, path), "kind: Secret\n");
    expect(() => writeManifests(folder, wanted)).toThrow(path);
    expect(readFileSync(join(folder, path), "utf8")).toBe("kind: Secret\n");
    expect(existsSync(join(folder, "local/argocd"))).toBe(false);
  },
);

test("files that Argo CD would not apply are no concern", () => {
  writeManifests(folder, wanted);
  writeFileSync(join(folder, "local/.DS_Store"), "");
  expect(writeManifests(folder, wanted)).toEqual(right);
});
