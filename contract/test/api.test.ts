import {
  analyzeRequest,
  batchRequest,
  endpointErrors,
  endpoints,
  entryId,
  errors,
  historyEntryPath,
  maxBatchBodyBytes,
  maxBatchTexts,
  maxBodyBytes,
  maxRefCharacters,
  maxStreamLineBytes,
  maxTextCharacters,
  metrics,
  modelKey,
  modelPrefix,
  paths,
  servedModel,
  settings,
  streamRequestLine,
} from "../src";
import type { Endpoint, Metric } from "../src";

describe("the API", () => {
  it("takes every text within the limit, however JSON escapes it, within the body's limit", () => {
    const text = "\u0001".repeat(maxTextCharacters);
    expect(analyzeRequest.safeParse({ text }).success).toBe(true);
    expect(Buffer.byteLength(JSON.stringify({ text }))).toBeLessThanOrEqual(maxBodyBytes);
    expect(analyzeRequest.safeParse({ text: `${text}x` }).success).toBe(false);
  });

  it("takes every text of a single request in a stream's line too, with any ref", () => {
    const text = "\u0001".repeat(maxTextCharacters);
    const ref = "\u0001".repeat(maxRefCharacters);
    expect(streamRequestLine.safeParse({ text, ref }).success).toBe(true);
    expect(Buffer.byteLength(JSON.stringify({ text, ref }))).toBeLessThanOrEqual(
      maxStreamLineBytes,
    );
  });

  it("takes the most texts of a batch within its body's limit, at several paragraphs each", () => {
    const texts = Array.from({ length: maxBatchTexts }, () => "x".repeat(4_000));
    expect(batchRequest.safeParse({ texts }).success).toBe(true);
    expect(Buffer.byteLength(JSON.stringify({ texts }))).toBeLessThanOrEqual(maxBatchBodyBytes);
    expect(batchRequest.safeParse({ texts: [...texts, "x"] }).success).toBe(false);
    expect(batchRequest.safeParse({ texts: [] }).success).toBe(false);
  });

  it("has no two endpoints at one address with one method", () => {
    const all = Object.values(endpoints).map(({ method, path }) => `${method} ${path}`);
    expect(new Set(all).size).toBe(all.length);
  });

  it("answers with no error that its endpoints do not name", () => {
    const named = new Set(Object.values<Endpoint>(endpoints).flatMap(endpointErrors));
    const elsewhere = ["not_found", "method_not_allowed"];
    expect([...named, ...elsewhere].sort()).toEqual(Object.keys(errors).sort());
  });

  it("gives every error a 4xx or 5xx status and a message that ends as a sentence", () => {
    for (const { status, message } of Object.values(errors)) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(message).toMatch(/^[A-Z].*\.$/);
    }
  });

  it("puts an id into its path, percent-encoded", () => {
    expect(historyEntryPath("a/b")).toBe(`${paths.history}/a%2Fb`);
  });

  it("takes UUID version 7 as id and nothing else", () => {
    expect(entryId.safeParse("01a208d3-4579-72c1-865c-f113cf81ddca").success).toBe(true);
    expect(entryId.safeParse("01a208d3-4579-42c1-865c-f113cf81ddca").success).toBe(false);
    expect(entryId.safeParse('{"$gt":""}').success).toBe(false);
    // Ids are compared as text, so they have one spelling.
    expect(entryId.parse("01A208D3-4579-72C1-865C-F113CF81DDCA")).toBe(
      "01a208d3-4579-72c1-865c-f113cf81ddca",
    );
  });
});

describe("the model artifact", () => {
  it("has its files below one prefix, with no way out of it", () => {
    expect(modelPrefix(servedModel)).toBe(`models/${servedModel.name}/${servedModel.version}/`);
    expect(modelKey(servedModel, "model.onnx")).toBe(`${modelPrefix(servedModel)}model.onnx`);
    expect(modelPrefix(servedModel)).toMatch(/^models\/[a-z0-9.-]+\/\d+\.\d+\.\d+\/$/);
  });
});

describe("metrics", () => {
  const all = Object.values<Metric>(metrics);

  it("have names of their own, in Prometheus' form, with the unit that their type asks for", () => {
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    for (const { name, type } of all) {
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(name.endsWith("_total")).toBe(type === "counter");
    }
  });

  it("have ascending buckets where they are histograms, and only there", () => {
    for (const { type, buckets } of all) {
      expect(buckets !== undefined).toBe(type === "histogram");
      expect(buckets ?? []).toEqual([...(buckets ?? [])].sort((a, b) => a - b));
    }
  });

  it("resolve p99 between 1 ms and 2 s: no bound is more than 1.7 times the one before", () => {
    const bounds = metrics.predictionLatency.buckets.filter((bound) => bound <= 2);
    expect([bounds[0], bounds.at(-1)]).toEqual([0.001, 2]);
    bounds.slice(1).forEach((bound, i) => expect(bound / bounds[i]!).toBeLessThanOrEqual(1.7));
  });

  it("have no label that a client chooses", () => {
    const chosen = ["id", "user_id", "text", "address", "path", "url", "request_id"];
    for (const { labels } of all)
      expect(labels.filter((label) => chosen.includes(label))).toEqual([]);
  });
});

describe("settings", () => {
  it("say what they mean", () => {
    for (const setting of Object.values(settings))
      expect(setting.meaning.length).toBeGreaterThan(10);
  });
});
