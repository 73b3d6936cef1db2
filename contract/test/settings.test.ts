import { SettingsError, parseSettings, ports, servedModel, settings } from "../src";

/** The faults of an environment that must be refused. */
function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    parseSettings(env);
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
  throw new Error("was accepted");
}

describe("parseSettings", () => {
  it("gives the defaults, which come from the contract's own facts", () => {
    expect(parseSettings({})).toEqual({
      HOST: "127.0.0.1",
      PORT: ports.service,
      LOG_LEVEL: "info",
      LOG_TEXTS: false,
      OTEL_SERVICE_NAME: "berth-service",
      OTEL_TRACES_SAMPLER_ARG: 0.05,
      MODEL_NAME: servedModel.name,
      MODEL_VERSION: servedModel.version,
      MODEL_SHA256: servedModel.manifestSha256,
      DATA_DIR: ".berth",
      JOURNAL_LIMIT: 100_000,
      BATCH_TOKENS: 512,
      ANSWER_CACHE_MIB: 8,
      RATE_LIMIT_PER_SECOND: 20,
      RATE_LIMIT_BURST: 60,
      TRUSTED_PROXIES: 0,
    });
  });

  it("takes an empty variable for unset", () => {
    expect(parseSettings({ PORT: "", MONGODB_URI: "" })).toMatchObject({ PORT: ports.service });
    expect(parseSettings({ MONGODB_URI: "" }).MONGODB_URI).toBeUndefined();
  });

  it.each([
    ["PORT", "70000"],
    ["PORT", "80a"],
    ["PORT", "-1"],
    ["LOG_LEVEL", "loud"],
    ["MODEL_SHA256", "abc"],
    ["MONGODB_URI", "postgres://x"],
    ["AWS_ENDPOINT_URL_S3", "not an address"],
    ["INFERENCE_PROCESSES", "0"],
    ["TRUSTED_PROXIES", "1.5"],
  ])("fails for %s=%s with the name, the value and what the setting means", (name, value) => {
    const [fault, ...others] = faultsOf({ [name]: value });
    expect(others).toEqual([]);
    expect(fault).toMatch(new RegExp(`^${name} is `));
    expect(fault).toContain(settings[name as keyof typeof settings].meaning);
  });

  it("fails with all faults at once", () => {
    expect(faultsOf({ PORT: "x", QUEUE_LIMIT: "x", LOG_LEVEL: "x" })).toHaveLength(3);
  });

  it("fails without showing a secret", () => {
    expect(faultsOf({ MONGODB_URI: "http://user:hunter2@host" }).join()).not.toContain("hunter2");
  });

  it("fails for a bucket without its region", () => {
    expect(faultsOf({ MODEL_BUCKET: "models" })).toEqual([expect.stringContaining("AWS_REGION")]);
    expect(() => parseSettings({ MODEL_BUCKET: "models", AWS_REGION: "eu-west-1" })).not.toThrow();
  });
});
