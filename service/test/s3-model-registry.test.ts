import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { manifestFile, modelFiles, modelKey, modelPrefix } from "@berth/contract";
import { S3ModelRegistry } from "../src/adapters/s3-model-registry";
import type { S3ModelRegistryOptions } from "../src/adapters/s3-model-registry";
import { systemClock } from "../src/adapters/system-clock";
import type { Patience } from "../src/model/fetch-context";
import type { FetchEvent } from "../src/model/fetch-event";
import { ModelRefusedError, ModelUnavailableError } from "../src/ports/model-registry";
import type { ModelPin } from "../src/ports/model-registry";
import { FakeS3 } from "./support/fake-s3";
import type { S3Fault, S3Request } from "./support/fake-s3";
import { noise, sha256Of, smallModel } from "./support/model-folder";
import { onnxFile } from "./support/onnx-file";
import { temporaryFolders } from "./support/temporary-folder";

jest.setTimeout(60_000);

const newFolder = temporaryFolders();
const bucket = "berth-test-models";
const region = "eu-central-1";
const files = [manifestFile, ...modelFiles] as const;

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";

const weightsOf = (seed: number) =>
  onnxFile({ tensors: [{ name: "weights", bytes: noise(300_000, seed) }] });
const model = smallModel({ "model.onnx": weightsOf(1) });
const weights = model.files["model.onnx"];
const keyOf = (file: (typeof files)[number]) => modelKey(model.pin, file);
const weightsKey = keyOf("model.onnx");

const patience: Patience = { stalledAfterMs: 10_000, tries: 4, delayMs: { first: 2, most: 6 } };
/** For connections that never go on. */
const impatience: Patience = { ...patience, stalledAfterMs: 1_000 };

let s3: FakeS3;
let endpoint: string;
let events: FetchEvent[];

beforeEach(async () => {
  s3 = new FakeS3();
  events = [];
  for (const file of files) s3.objects.set(keyOf(file), model.files[file]);
  endpoint = await s3.start();
});
afterEach(() => s3.stop());

const registry = (cacheDir: string, options: Partial<S3ModelRegistryOptions> = {}) =>
  new S3ModelRegistry({
    bucket,
    cacheDir,
    region,
    endpoint,
    clock: systemClock,
    patience,
    random: () => 0.5,
    onFetchEvent: (event) => events.push(event),
    ...options,
  });
const fetchTo = (
  folder: string,
  pin: ModelPin = model.pin,
  options?: Partial<S3ModelRegistryOptions>,
) => registry(folder, options).fetch(pin, new AbortController().signal);
const cached = (folder: string) => readdirSync(join(folder, modelPrefix(model.pin))).sort();
const fetchedWeights = (folder: string) => sha256Of(readFileSync(join(folder, weightsKey)));
const whole = [...files].sort();

/** Where the requests for the weights began. */
const begins = () => s3.requests.filter(({ key }) => key === weightsKey).map(({ from }) => from);
const partOfWeights = () => `model.onnx.${FakeS3.etag(weights).slice(1, -1)}.partial`;
const retries = () => events.filter((event) => event.kind === "retry");

/** Faults of the answers about the weights, one after another; then there are none. */
function weightsFail(...faults: readonly (S3Fault | undefined)[]): void {
  let next = 0;
  s3.fault = ({ key }) => (key === weightsKey ? faults[next++] : undefined);
}

describe("S3ModelRegistry", () => {
  it("fetches a version, verifies it, and leaves nothing else in its cache", async () => {
    const folder = newFolder();
    const { folder: where, manifest } = await fetchTo(folder);
    expect(where).toBe(join(folder, modelPrefix(model.pin)));
    expect(manifest.name).toBe("small");
    expect(cached(folder)).toEqual(whole);
    expect(begins()).toEqual([0]);
  });

  it("needs no S3 for a version that is in its cache", async () => {
    const folder = newFolder();
    await fetchTo(folder);
    await s3.stop();
    s3.requests.length = 0;
    await expect(fetchTo(folder)).resolves.toMatchObject({
      manifestSha256: model.pin.manifestSha256,
    });
    expect(s3.requests).toEqual([]);
  });

  it("fetches only the file that is missing", async () => {
    const folder = newFolder();
    s3.objects.delete(keyOf("config.json"));
    await expect(fetchTo(folder)).rejects.toThrow(ModelRefusedError);
    s3.objects.set(keyOf("config.json"), model.files["config.json"]);
    s3.requests.length = 0;
    await fetchTo(folder);
    expect(s3.keys).toEqual([keyOf(manifestFile), keyOf("config.json")]);
  });

  it("fetches again a file that was damaged in the cache", async () => {
    const folder = newFolder();
    await fetchTo(folder);
    writeFileSync(join(folder, weightsKey), "damaged");
    await fetchTo(folder);
    expect(fetchedWeights(folder)).toBe(sha256Of(weights));
  });

  it("reports how far it is at least at every tenth", async () => {
    await fetchTo(newFolder());
    const shares = events
      .filter(({ kind, file }) => kind === "progress" && file === "model.onnx")
      .map(({ bytes, total }) => bytes / total!);
    expect(shares.at(-1)).toBe(1);
    for (const [i, share] of shares.entries())
      // One piece of the network's comes on top.
      expect(share - (shares[i - 1] ?? 0)).toBeLessThan(0.1 + 65_536 / weights.length);
  });

  it("removes what killed processes left, from a cache that is whole too", async () => {
    const folder = newFolder();
    await fetchTo(folder);
    const version = join(folder, modelPrefix(model.pin));
    for (const name of ["model.onnx.1.partial", "config.json.2.placing", "notes.txt"])
      writeFileSync(join(version, name), "x");
    await fetchTo(folder);
    expect(cached(folder)).toEqual([...whole, "notes.txt"].sort());
  });
});

describe("a version that does not come in one piece", () => {
  it.each<[string, S3Fault, number]>([
    ["is cut", { kind: "cut", after: 100_000 }, 100_000],
    ["stalls", { kind: "stall", after: 100_000 }, 100_000],
    ["never begins", { kind: "silence" }, 0],
    ["is refused with 500", { kind: "status", status: 500 }, 0],
    ["is refused with 503 SlowDown", { kind: "status", status: 503, code: "SlowDown" }, 0],
    ["is refused with 429", { kind: "status", status: 429 }, 0],
  ])("is fetched on from where it broke off when it %s", async (_what, fault, from) => {
    const folder = newFolder();
    weightsFail(fault);
    const silent = fault.kind === "stall" || fault.kind === "silence";
    await fetchTo(folder, model.pin, { patience: silent ? impatience : patience });
    expect(fetchedWeights(folder)).toBe(sha256Of(weights));
    expect(cached(folder)).toEqual(whole);
    expect(begins()).toEqual([0, from]);
    expect(s3.requests.filter(({ key }) => key === weightsKey)[1]!.ifMatch).toBe(
      from === 0 ? undefined : FakeS3.etag(weights),
    );
    expect(retries()).toMatchObject([
      { file: "model.onnx", bytes: from, total: weights.length, tried: 1, tries: 4 },
    ]);
  });

  it("goes on however often it breaks off, within its tries", async () => {
    const folder = newFolder();
    const cut = { kind: "cut", after: 70_000 } as const;
    weightsFail(cut, cut, cut);
    await fetchTo(folder);
    expect(begins()).toEqual([0, 70_000, 140_000, 210_000]);
    expect(fetchedWeights(folder)).toBe(sha256Of(weights));
  });

  it("gives up a connection that trickles, and goes on over another", async () => {
    const folder = newFolder();
    weightsFail({ kind: "slow", bytes: 20, everyMs: 10 });
    await fetchTo(folder, model.pin, { patience: impatience });
    const [first, second, ...more] = begins();
    expect([first, more]).toEqual([0, []]);
    expect(second).toBeGreaterThan(0);
    expect(second).toBeLessThan(weights.length / 10);
    expect(retries()[0]!.reason).toMatch(/^given up, since only \d+ bytes came in 1000 ms$/);
    expect(fetchedWeights(folder)).toBe(sha256Of(weights));
  });

  it("goes on with what an earlier process fetched", async () => {
    const folder = newFolder();
    const cut = { kind: "cut", after: 10_000 } as const;
    weightsFail(cut, cut, cut, cut);
    await expect(fetchTo(folder)).rejects.toThrow(
      `s3://${bucket}/${weightsKey} could not be fetched: ` +
        `the connection was cut (40000 of ${weights.length} bytes are there, try 4 of 4)`,
    );
    expect(cached(folder)).toEqual([partOfWeights()]);
    s3.requests.length = 0;
    await fetchTo(folder);
    expect(begins()).toEqual([40_000]);
    expect(fetchedWeights(folder)).toBe(sha256Of(weights));
    expect(cached(folder)).toEqual(whole);
  });

  it("goes on where it was when the fetch is ended, and says why it ended", async () => {
    const folder = newFolder();
    const ending = new AbortController();
    weightsFail({ kind: "stall", after: 50_000 });
    const fetching = registry(folder, {
      onFetchEvent: ({ bytes }) => bytes > 0 && ending.abort(new Error("the service ends")),
    }).fetch(model.pin, ending.signal);
    await expect(fetching).rejects.toThrow(/could not be fetched: the service ends \(\d+ of/);
    expect(cached(folder)).toEqual([partOfWeights()]);
    const part = readFileSync(join(folder, modelPrefix(model.pin), partOfWeights()));
    expect(part.equals(weights.subarray(0, part.length))).toBe(true);
    await fetchTo(folder);
    expect(begins()).toEqual([0, part.length]);
  });

  it("starts over when a store gives no ETag, and keeps nothing in between", async () => {
    const folder = newFolder();
    const parts: string[][] = [];
    let answers = 0;
    s3.fault = ({ key }) => {
      if (key !== weightsKey) return undefined;
      parts.push(cached(folder));
      return answers++ === 0 ? { kind: "no etag cut", after: 100_000 } : { kind: "no etag" };
    };
    await fetchTo(folder);
    expect(begins()).toEqual([0, 0]);
    expect(parts).toEqual([[], []]);
    expect(fetchedWeights(folder)).toBe(sha256Of(weights));
    expect(cached(folder)).toEqual(whole);
  });

  it("takes the whole from a store that knows no ranges", async () => {
    const folder = newFolder();
    weightsFail({ kind: "cut", after: 100_000 }, { kind: "no range" });
    await fetchTo(folder);
    expect(fetchedWeights(folder)).toBe(sha256Of(weights));
    expect(begins()).toEqual([0, 100_000]);
  });

  it.each<[string, (part: string) => void]>([
    ["was damaged", (part) => writeFileSync(part, Buffer.alloc(100_000))],
    ["is longer than the whole", (part) => writeFileSync(part, Buffer.alloc(400_000))],
    ["is as long as the whole, and wrong", (part) => writeFileSync(part, noise(weights.length))],
  ])("starts over when the part that is there %s", async (_what, damage) => {
    const folder = newFolder();
    mkdirSync(join(folder, modelPrefix(model.pin)), { recursive: true });
    damage(join(folder, modelPrefix(model.pin), partOfWeights()));
    await fetchTo(folder);
    expect(begins().at(-1)).toBe(0);
    expect(retries()).toHaveLength(1);
    expect(fetchedWeights(folder)).toBe(sha256Of(weights));
    expect(cached(folder)).toEqual(whole);
  });

  it("waits between tries longer each time, up to a limit, and a random share of it", async () => {
    s3.fault = () => ({ kind: "status", status: 500 });
    await expect(fetchTo(newFolder())).rejects.toThrow(ModelUnavailableError);
    expect(retries().map(({ retryInMs }) => retryInMs)).toEqual([1, 2, 3]);
    events = [];
    await expect(fetchTo(newFolder(), model.pin, { random: () => 0 })).rejects.toThrow();
    expect(retries().map(({ retryInMs }) => retryInMs)).toEqual([0, 0, 0]);
  });
});

describe("an object that changes while it is fetched", () => {
  const other = weightsOf(2);

  /** Cuts the first answer, and puts `bytes` in the object's place before the second. */
  function changeTo(bytes: Buffer, second?: S3Fault): void {
    s3.fault = ({ key }: S3Request) => {
      if (key !== weightsKey) return undefined;
      if (begins().length === 1) return { kind: "cut", after: 100_000 };
      s3.objects.set(weightsKey, bytes);
      return begins().length === 2 ? second : undefined;
    };
  }

  it.each<[string, S3Fault | undefined, RegExp]>([
    ["S3 refuses the rest", undefined, /412 PreconditionFailed/],
    [
      "the store sends the rest of the other object",
      { kind: "no condition" },
      /the object changed between two parts/,
    ],
  ])("is fetched anew when it becomes the right one and %s", async (_how, second, reason) => {
    const folder = newFolder();
    s3.objects.set(weightsKey, other);
    changeTo(weights, second);
    await fetchTo(folder);
    expect(begins()).toEqual([0, 100_000, 0]);
    expect(retries().at(-1)!.reason).toMatch(reason);
    expect(fetchedWeights(folder)).toBe(sha256Of(weights));
    expect(cached(folder)).toEqual(whole);
  });

  it("fails with both digests when it becomes another one, and keeps none of it", async () => {
    const folder = newFolder();
    changeTo(other);
    await expect(fetchTo(folder)).rejects.toThrow(
      `s3://${bucket}/${weightsKey} has sha256 ${sha256Of(other)}, expected ${sha256Of(weights)}`,
    );
    expect(cached(folder)).toEqual([]);
  });

  it("fails when it changes all the time", async () => {
    let seed = 3;
    s3.fault = ({ key }) => {
      if (key !== weightsKey) return undefined;
      s3.objects.set(weightsKey, weightsOf(seed++));
      return { kind: "cut", after: 100_000 };
    };
    await expect(fetchTo(newFolder())).rejects.toThrow(/try 4 of 4/);
  });
});

describe("S3ModelRegistry fails with the reason", () => {
  it("on an object with other bytes, naming both digests, and keeps none of it", async () => {
    const folder = newFolder();
    const bytes = Buffer.from(weights);
    bytes[1000]! ^= 1;
    s3.objects.set(weightsKey, bytes);
    await expect(fetchTo(folder)).rejects.toThrow(
      `model.onnx has sha256 ${sha256Of(bytes)}, expected ${sha256Of(weights)}`,
    );
    expect(cached(folder)).toEqual([]);
    expect(begins()).toEqual([0]);
  });

  it.each([1_000, 500_000])("on an object of %d bytes, before it takes any", async (bytes) => {
    weightsFail({ kind: "length", bytes });
    await expect(fetchTo(newFolder())).rejects.toThrow(
      `${weightsKey} has ${bytes} bytes, expected ${weights.length}`,
    );
    expect(begins()).toEqual([0]);
  });

  it("on a manifest that is not the pinned one, before it fetches anything else", async () => {
    s3.objects.set(keyOf(manifestFile), Buffer.from("{}"));
    await expect(fetchTo(newFolder())).rejects.toThrow(/manifest\.json .* expected/);
    expect(s3.keys).toEqual([keyOf(manifestFile)]);
  });

  it("on a manifest without end", async () => {
    s3.objects.set(keyOf(manifestFile), Buffer.alloc(2 ** 21));
    await expect(fetchTo(newFolder())).rejects.toThrow("is larger than 1048576 bytes");
  });

  it("with where to publish when a version does not exist", async () => {
    s3.objects.clear();
    await expect(fetchTo(newFolder())).rejects.toThrow(
      `s3://${bucket}/${keyOf(manifestFile)} does not exist: publish it first`,
    );
  });

  it("with the status when S3 answers 403, at once", async () => {
    s3.fault = () => ({ kind: "status", status: 403, code: "AccessDenied" });
    await expect(fetchTo(newFolder())).rejects.toThrow(
      /could not be fetched: S3 answered 403 AccessDenied: no \(try 1 of 4\)/,
    );
    expect(s3.requests).toHaveLength(1);
  });

  it("with the status when the bucket does not exist, at once", async () => {
    s3.fault = () => ({ kind: "status", status: 404, code: "NoSuchBucket" });
    await expect(fetchTo(newFolder())).rejects.toThrow(/S3 answered 404 NoSuchBucket/);
    expect(s3.requests).toHaveLength(1);
  });

  it.each([
    [500, "InternalError"],
    [503, "SlowDown"],
  ])("with the status when S3 goes on answering %d", async (status, code) => {
    s3.fault = () => ({ kind: "status", status, code });
    await expect(fetchTo(newFolder())).rejects.toThrow(
      new RegExp(`S3 answered ${status} ${code}: no \\(try 4 of 4\\)`),
    );
    expect(s3.requests).toHaveLength(4);
  });

  it("with the address when S3 is away", async () => {
    await s3.stop();
    await expect(fetchTo(newFolder())).rejects.toThrow(
      /s3:\/\/berth-test-models\/models\/.* could not be fetched: .*ECONNREFUSED.* \(try 4 of 4\)/,
    );
  });

  it("with the remedy when there is no room, before it asks for the file", async () => {
    const huge = smallModel({}, (manifest) => {
      (manifest.files as Record<string, { bytes: number }>)["model.onnx"]!.bytes = 1e15;
    });
    for (const file of files) s3.objects.set(modelKey(huge.pin, file), huge.files[file]);
    const folder = newFolder();
    await expect(fetchTo(folder, huge.pin)).rejects.toThrow(
      /has no room for model\.onnx, 2000000000000000 bytes are needed, \d+ are free: free space there, or set MODEL_DIR/,
    );
    expect(cached(folder)).toEqual([]);
    expect(s3.keys).toEqual([modelKey(huge.pin, manifestFile)]);
  });

  it("with the remedy when its cache cannot be written", async () => {
    const file = join(newFolder(), "file");
    writeFileSync(file, "");
    await expect(fetchTo(file)).rejects.toThrow(
      /cannot be written to .*: ENOTDIR.*; let the service's user write there, or set MODEL_DIR/,
    );
  });

  it("on a cache whose folders are links, before it asks for anything", async () => {
    const [folder, elsewhere] = [newFolder(), newFolder()];
    symlinkSync(elsewhere, join(folder, "models"));
    await expect(fetchTo(folder)).rejects.toThrow(/models is not a plain folder/);
    expect([s3.requests, readdirSync(elsewhere)]).toEqual([[], []]);
  });
});
