import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { servedModel } from "@berth/contract";
import { holding, layersWith } from "./layers";
import type { Change, Layers } from "./layers";

// Every layer is bundled and synthesized anew for each change.
jest.setTimeout(120_000);

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function layers(change?: Change): Promise<Layers> {
  const folder = mkdtempSync(join(tmpdir(), "berth-derived-"));
  folders.push(folder);
  return layersWith(folder, change);
}

const environments = ["eks", "local", "node"];
const inEvery = (file: string) => environments.map((environment) => `${environment}/${file}`);

describe("a fact of the contract, changed in its one place, is followed by every layer that shares it", () => {
  let before: Layers;
  beforeAll(async () => {
    before = await layers();
  });

  it("HTTP API: a path, in the service's routes and the page's client", async () => {
    const after = await layers({ file: "paths.ts", from: "/analyze`", to: "/classify`" });
    for (const [was, is] of [
      [before.service.openapi, after.service.openapi],
      [before.web, after.web],
    ] as const) {
      expect([was.includes("/classify"), is.includes("/classify")]).toEqual([false, true]);
      expect([
        was.includes("/analyze`") || was.includes('/analyze"'),
        is.includes('/analyze"'),
      ]).toEqual([true, false]);
    }
  });

  it("HTTP API: a limit, in the service's document and the page", async () => {
    const after = await layers({
      file: "limits.ts",
      from: "maxTextCharacters = 20_000",
      to: "maxTextCharacters = 31_007",
    });
    expect(
      [before, after].map(({ service }) => service.openapi.includes('"maxLength":31007')),
    ).toEqual([false, true]);
    expect([before, after].map(({ web }) => /31007|31_007|31e3/.test(web))).toEqual([false, true]);
  });

  it("ports: the service's, in its own default, the container, the Service and the Ingress of every environment", async () => {
    const after = await layers({ file: "ports.ts", from: "service: 8000", to: "service: 8123" });
    expect(after.service.settings.PORT).toBe(8123);
    expect(holding(before.charts, "8123")).toEqual([]);
    expect(holding(after.charts, "8123").sort()).toEqual(
      [...inEvery("routing.yaml"), ...inEvery("service.yaml")].sort(),
    );
    expect(holding(after.charts, "8000")).toEqual([]);
  });

  it("paths: the readiness probe's, in the service's routes and every Deployment", async () => {
    const after = await layers({
      file: "paths.ts",
      from: 'readyz: "/readyz"',
      to: 'readyz: "/is-ready"',
    });
    expect(after.service.openapi).toContain("/is-ready");
    expect(holding(after.charts, "path: /is-ready")).toEqual(inEvery("service.yaml"));
    expect(holding(after.charts, "/readyz")).toEqual([]);
  });

  it("the latency budget, in the page's timeout and the pods' grace period", async () => {
    const after = await layers({
      file: "latency-budget.ts",
      from: "terminationGraceMs: 20_000",
      to: "terminationGraceMs: 23_000",
    });
    expect(holding(before.charts, "terminationGracePeriodSeconds: 23")).toEqual([]);
    expect(holding(after.charts, "terminationGracePeriodSeconds: 23")).toEqual(
      expect.arrayContaining(inEvery("service.yaml")),
    );
  });

  it("fails to build any layer on a latency budget that contradicts itself", async () => {
    const change = {
      file: "latency-budget.ts",
      from: "clientTimeoutMs: 10_000",
      to: "clientTimeoutMs: 7_000",
    };
    await expect(layers(change)).rejects.toThrow(
      /ingressTimeoutMs \(8000\) must be below clientTimeoutMs \(7000\)/,
    );
  });

  it("metrics: a name, in what the service exposes", async () => {
    const after = await layers({
      file: "metrics.ts",
      from: '"predictions_total"',
      to: '"answers_total"',
    });
    expect(after.service.metrics).toContain("# TYPE answers_total counter");
    expect(after.service.metrics).not.toContain("predictions_total");
  });

  it("the model: its version, in the pods' settings, the service's default, and in no stack: roles read every version", async () => {
    const version = "1.0.7";
    const after = await layers({
      file: "served-model.ts",
      from: `version: "${servedModel.version}"`,
      to: `version: "${version}"`,
    });
    expect(after.service.settings.MODEL_VERSION).toBe(version);
    expect(holding(after.charts, version)).toEqual(inEvery("service.yaml"));
    expect(after.infrastructure).toEqual(before.infrastructure);
  });

  it("the models' prefix, in the roles that may read and publish them", async () => {
    const after = await layers({
      file: "model-artifact.ts",
      from: 'modelsPrefix = "models"',
      to: 'modelsPrefix = "weights"',
    });
    const identities = ["berth-eks-identity/cdk.tf.json", "berth-node-identity/cdk.tf.json"];
    expect(holding(before.infrastructure, "/models/*").sort()).toEqual(identities);
    expect(holding(after.infrastructure, "/weights/*").sort()).toEqual(identities);
    expect(holding(after.infrastructure, "/models/*")).toEqual([]);
  });

  it("the model: its digest, in the pods' settings and the service's default", async () => {
    const digest = "ab".repeat(32);
    const after = await layers({
      file: "served-model.ts",
      from: servedModel.manifestSha256,
      to: digest,
    });
    expect(after.service.settings.MODEL_SHA256).toBe(digest);
    expect(holding(after.charts, digest)).toEqual(inEvery("service.yaml"));
  });

  it("the model: its labels, in the API and the page", async () => {
    const last = servedModel.labels.at(-1)!;
    const after = await layers({
      file: "served-model.ts",
      from: `"${last}"`,
      to: `"${last}", "Weather"`,
    });
    expect(after.service.openapi).toContain('"Weather"');
    expect([before.web.includes('"Weather"'), after.web.includes('"Weather"')]).toEqual([
      false,
      true,
    ]);
  });

  it("environments: the region, in the stacks and the pods' settings of both that stand on AWS", async () => {
    const after = await layers({
      file: "deployments.ts",
      from: 'region = "eu-central-1"',
      to: 'region = "ap-south-1"',
    });
    expect(holding(after.charts, "ap-south-1")).toEqual(["eks/service.yaml", "node/service.yaml"]);
    expect(holding(after.infrastructure, "ap-south-1").length).toBe(after.infrastructure.size);
    expect(holding(after.infrastructure, "eu-central-1")).toEqual([]);
  });

  it("environments: the model bucket, in storage, the workflows' roles and the pods' settings", async () => {
    const after = await layers({
      file: "deployments.ts",
      from: "modelBucket: `${organization}-node-models`",
      to: 'modelBucket: "elsewhere"',
    });
    expect(holding(after.charts, "elsewhere")).toEqual(["node/service.yaml"]);
    expect(holding(after.infrastructure, "elsewhere").sort()).toEqual([
      "berth-node-identity/cdk.tf.json",
      "berth-node-storage/cdk.tf.json",
    ]);
  });

  it("resources: a request, in the Deployments", async () => {
    const after = await layers({
      file: "resources.ts",
      from: "memoryMiB: 448",
      to: "memoryMiB: 449",
    });
    expect(holding(after.charts, "449Mi")).toEqual(inEvery("service.yaml"));
  });

  it("fails to build any layer when the pods no longer fit their machine", async () => {
    const change = { file: "resources.ts", from: "cpuMillis: 400", to: "cpuMillis: 1400" };
    await expect(layers(change)).rejects.toThrow(
      /t3\.medium has cpuMillis 1100 left for pods, but they request/,
    );
  });

  it("settings: what one allows, in synth as in the service", async () => {
    const change = {
      file: "settings.ts",
      from: "parse: count(0, 65_535)",
      to: "parse: count(0, 7_999)",
    };
    await expect(layers(change)).rejects.toThrow(/PORT is "8000"/);
  });
});
