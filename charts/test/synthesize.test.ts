import { resolve } from "node:path";
import { environments, servedModel } from "@berth/contract";
import type { Environment } from "@berth/contract";
import { header } from "../manifests";
import { synthesize } from "../synthesize";
import { compareManifests } from "../write-manifests";
import { environmentOf } from "./objects";

const manifests = synthesize(environments, servedModel);

// The committed manifests are the snapshot of every environment.
test("the committed manifests are what synth writes", () => {
  const committed = resolve(__dirname, "../manifests");
  expect(compareManifests(committed, manifests)).toEqual({ missing: [], changed: [], extra: [] });
});

test("synthesizing again gives the same bytes", () => {
  expect([...synthesize(environments, servedModel)]).toEqual([...manifests]);
});

test("every kind of environment is synthesized", () => {
  const kinds = new Set(environments.map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual(["eks", "local", "node"]);
  for (const { name } of environments)
    expect([...manifests.keys()].filter((path) => path.startsWith(`${name}/`))).toHaveLength(5);
});

test("fails for a kind of environment that nobody has built charts for", () => {
  const unknown = { ...environmentOf("node"), kind: "moon" } as unknown as Environment;
  expect(() => synthesize([unknown], servedModel)).toThrow("Not handled");
});

test("every manifest says where it comes from, has Unix lines, and ends with one", () => {
  for (const text of manifests.values()) {
    expect(text.startsWith(header)).toBe(true);
    expect(text).not.toContain("\r");
    expect(text).toMatch(/[^\n]\n$/);
  }
});

test("the namespace's file is applied first by `kubectl apply -f`", () => {
  const files = [...manifests.keys()].filter((path) => /^eks\/[^/]+$/.test(path)).sort();
  expect(files[0]).toBe("eks/namespace.yaml");
});

test("fails for two environments of one name", () => {
  const environment = environmentOf("eks");
  expect(() => synthesize([environment, environment], servedModel)).toThrow(
    "Two environments are named eks",
  );
});
