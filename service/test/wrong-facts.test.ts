import { assertNever, environments, labels, modelKey, servedModel } from "@berth/contract";
import type { Environment, Label, SettingsEnv } from "@berth/contract";
import { ServiceMetrics } from "../src/http/service-metrics";
import { historyEntry } from "./support/history-entry";

// What this file holds against the contract is checked by the compiler, in `npm run types`: each line below a
// ts-expect-error is wrong, and the day it compiles, the types fail.

describe("a wrong fact does not compile", () => {
  it("a label that the model does not have", () => {
    // @ts-expect-error no such label
    const label: Label = "Weather";
    expect(labels).not.toContain(label);
    const known: Label = "Sci/Tech";
    expect(labels).toContain(known);
    // @ts-expect-error no such label
    expect(historyEntry("text", "Weather").label).toBe("Weather");
  });

  it("a metric that does not exist, a label that it lacks, and a label that is missing", () => {
    const metrics = new ServiceMetrics();
    // @ts-expect-error no such metric
    expect(() => metrics.add("predicitons", 1, {})).toThrow();
    // @ts-expect-error no such label
    expect(() => metrics.add("requestsRefused", 1, { reason: "x" })).toThrow();
    // @ts-expect-error its label is missing
    metrics.observe("predictionStage", 1);
    metrics.observe("predictionStage", 1, { stage: "infer" });
  });

  it("a setting that does not exist", () => {
    const env: SettingsEnv = { PORT: "8000" };
    // @ts-expect-error no such setting
    const misspelt: SettingsEnv = { PROT: "8000" };
    expect(Object.keys({ ...env, ...misspelt })).toEqual(["PORT", "PROT"]);
  });

  it("a file that a model does not have", () => {
    // @ts-expect-error no such file
    expect(modelKey(servedModel, "model.pt")).toMatch(/model\.pt$/);
    expect(modelKey(servedModel, "model.onnx")).toMatch(/model\.onnx$/);
  });

  it("a kind of environment that nobody handles", () => {
    const target = (environment: Environment): string => {
      switch (environment.kind) {
        case "local":
        case "node":
          return environment.kind;
        default:
          // @ts-expect-error eks is not handled
          return assertNever(environment);
      }
    };
    expect(() => environments.map(target)).toThrow("Not handled");
  });
});
