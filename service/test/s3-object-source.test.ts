import { buffer } from "node:stream/consumers";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { manifestFile, modelFiles, modelKey } from "@berth/contract";
import { S3ModelRegistry } from "../src/adapters/s3-model-registry";
import { S3ObjectSource } from "../src/adapters/s3-object-source";
import { systemClock } from "../src/adapters/system-clock";
import type { FetchEvent } from "../src/model/fetch-event";
import { FakeS3 } from "./support/fake-s3";
import { noise, smallModel } from "./support/model-folder";
import { onnxFile } from "./support/onnx-file";
import { temporaryFolders } from "./support/temporary-folder";

// What the registry relies on in S3, asked of the fake that the other tests use and of a server.

jest.setTimeout(60_000);

const newFolder = temporaryFolders();
const region = "eu-central-1";
const signal = new AbortController().signal;

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";

interface Store {
  readonly endpoint: string;
  readonly bucket: string;
  put(key: string, bytes: Buffer): Promise<void>;
  stop(): Promise<void>;
}

async function fakeStore(): Promise<Store> {
  const s3 = new FakeS3();
  return {
    endpoint: await s3.start(),
    bucket: "berth-test-models",
    put: async (key, bytes) => void s3.objects.set(key, bytes),
    stop: () => s3.stop(),
  };
}

/** A server that speaks S3's protocol; ./scripts/verify starts one. */
const server = process.env.BERTH_TEST_S3_ENDPOINT;

async function serverStore(): Promise<Store> {
  const endpoint = server!;
  const bucket = `berth-test-models-${process.pid}`;
  const client = new S3Client({ region, endpoint, forcePathStyle: true });
  await client.send(
    new CreateBucketCommand({
      Bucket: bucket,
      CreateBucketConfiguration: { LocationConstraint: region },
    }),
  );
  return {
    endpoint,
    bucket,
    put: async (Key, Body) =>
      void (await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }))),
    stop: async () => client.destroy(),
  };
}

function contract(connect: () => Promise<Store>): void {
  const bytes = noise(100_000);
  let store: Store;
  let source: S3ObjectSource;

  beforeAll(async () => {
    store = await connect();
    source = new S3ObjectSource({ ...store, region });
    await store.put("a/b", bytes);
  });
  afterAll(async () => {
    source.close();
    await store.stop();
  });

  async function etagOf(key: string): Promise<string> {
    const opened = await source.open(key, undefined, signal);
    opened.body.destroy();
    return opened.etag!;
  }

  it("gives the whole object with its size and a strong ETag", async () => {
    const opened = await source.open("a/b", undefined, signal);
    expect(opened).toMatchObject({
      from: 0,
      total: bytes.length,
      etag: expect.stringMatching(/^"[^"]+"$/),
    });
    expect((await buffer(opened.body)).equals(bytes)).toBe(true);
  });

  it("gives the rest of the object with this ETag", async () => {
    const etag = await etagOf("a/b");
    const opened = await source.open("a/b", { from: 99_000, etag }, signal);
    expect(opened).toMatchObject({ from: 99_000, total: bytes.length, etag });
    expect((await buffer(opened.body)).equals(bytes.subarray(99_000))).toBe(true);
  });

  it.each<[string, string, number]>([
    ["the object has another ETag", '"0123456789abcdef0123456789abcdef"', 10],
    ["the object ends before", "", 100_000],
  ])("fails as changed when %s", async (_what, other, from) => {
    const etag = other || (await etagOf("a/b"));
    await expect(source.open("a/b", { from, etag }, signal)).rejects.toMatchObject({
      fault: "changed",
    });
  });

  it("fails as missing when there is no such object", async () => {
    await expect(source.open("a/c", undefined, signal)).rejects.toMatchObject({ fault: "missing" });
  });

  it("goes on with a version that it began, and starts over when it was changed", async () => {
    const weights = (seed: number) =>
      onnxFile({ tensors: [{ name: "weights", bytes: noise(2_000_000, seed) }] });
    const model = smallModel({ "model.onnx": weights(1) });
    const key = modelKey(model.pin, "model.onnx");
    for (const file of [manifestFile, ...modelFiles] as const)
      await store.put(modelKey(model.pin, file), model.files[file]);
    const cacheDir = newFolder();
    const fetchUntil = async (share: number) => {
      const [ending, events] = [new AbortController(), [] as FetchEvent[]];
      const registry = new S3ModelRegistry({
        ...store,
        cacheDir,
        region,
        clock: systemClock,
        patience: { stalledAfterMs: 10_000, tries: 3, delayMs: { first: 1, most: 1 } },
        onFetchEvent: (event) => {
          if (event.file !== "model.onnx") return;
          events.push(event);
          if (event.bytes / event.total! >= share) ending.abort(new Error("enough"));
        },
      });
      const outcome = await registry.fetch(model.pin, ending.signal).then(
        () => "fetched",
        (error: Error) => error.message,
      );
      return { outcome, events };
    };
    const begun = await fetchUntil(0.2);
    expect(begun.outcome).toContain("could not be fetched: enough");

    await store.put(key, weights(2));
    const changed = await fetchUntil(2);
    expect(changed.events).toContainEqual(
      expect.objectContaining({ kind: "retry", reason: expect.stringContaining("412") }),
    );
    expect(changed.outcome).toMatch(/model\.onnx has sha256 [0-9a-f]{64}, expected/);

    await store.put(key, weights(1));
    const again = await fetchUntil(0.2);
    const resumed = await fetchUntil(2);
    expect([again.outcome, resumed.outcome]).toEqual([
      expect.stringContaining("enough"),
      "fetched",
    ]);
    expect(resumed.events[0]).toMatchObject({ kind: "progress" });
    expect(resumed.events[0]!.bytes).toBeGreaterThanOrEqual(0.2 * resumed.events[0]!.total!);
    expect(resumed.events.filter(({ kind }) => kind === "retry")).toEqual([]);
  });
}

describe("S3ObjectSource with the fake of S3", () => contract(fakeStore));

/** Without a server this is named as skipped. */
(server === undefined ? describe.skip : describe)(
  "S3ObjectSource with a server (BERTH_TEST_S3_ENDPOINT)",
  () => contract(serverStore),
);
