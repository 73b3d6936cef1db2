import { servedModel, SettingsError } from "@berth/contract";
import { settingsEnv } from "../constructs/settings-env";
import { synthesize } from "../synthesize";
import { environmentOf } from "./objects";

test("settings become env in the contract's order, whatever order they are given in", () => {
  expect(settingsEnv({ TRUSTED_PROXIES: "1", PORT: "8000" })).toEqual([
    { name: "PORT", value: "8000" },
    { name: "TRUSTED_PROXIES", value: "1" },
  ]);
});

test("fails for a value that the service would refuse at start", () => {
  expect(() => settingsEnv({ PORT: "80000" })).toThrow(SettingsError);
  expect(() => settingsEnv({ MODEL_BUCKET: "models" })).toThrow("AWS_REGION");
});

test("fails for a secret given as text, without repeating it", () => {
  const attempt = () => settingsEnv({ MONGODB_URI: "mongodb://user:hunter2@db/berth" });
  expect(attempt).toThrow("MONGODB_URI");
  expect(attempt).not.toThrow("hunter2");
});

test("fails to compile for a setting that does not exist", () => {
  // @ts-expect-error the name is not in the contract
  expect(settingsEnv({ MODEL_NAMES: "x" })).toEqual([]);
});

test("fails synth for a model digest that is no sha256", () => {
  const model = { ...servedModel, manifestSha256: "latest" };
  expect(() => synthesize([environmentOf("node")], model)).toThrow("MODEL_SHA256");
});
