import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { manifestFile, modelFiles, modelKey, modelPrefix, servedModel } from "@berth/contract";
import { S3ModelRegistry } from "../src/adapters/s3-model-registry";
import { ModelRefusedError, ModelUnavailableError } from "../src/ports/model-registry";
import { FakeS3 } from "./support/fake-s3";
import { temporaryFolders } from "./support/temporary-folder";

// The SDK's retries wait in real time.
jest.setTimeout(60_000);

const newFolder = temporaryFolders();
const bundled = join(__dirname, "..", "model");
const bucket = "berth-test-models";
const region = "eu-central-1";
const signal = new AbortController().signal;
const files = [manifestFile, ...modelFiles] as const;
const bytesOf = (file: (typeof files)[number]) =>
  readFileSync(join(bundled, modelKey(servedModel, file)));

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";

let s3: FakeS3;
let endpoint: string;

beforeEach(async () => {
  s3 = new FakeS3();
  for (const file of files) s3.objects.set(modelKey(servedModel, file), bytesOf(file));
  endpoint = await s3.start();
});
afterEach(() => s3.stop());

const registry = (cacheDir: string) => new S3ModelRegistry({ bucket, cacheDir, region, endpoint });
const cached = (folder: string) => readdirSync(join(folder, modelPrefix(servedModel))).sort();

describe("S3ModelRegistry", () => {
  it("fetches a version, verifies it, and leaves nothing else in its cache", async () => {
    const folder = newFolder();
    const model = await registry(folder).fetch(servedModel, signal);
    expect(model.folder).toBe(join(folder, modelPrefix(servedModel)));
    expect(model.manifest.labels).toEqual([...servedModel.labels]);
    expect(cached(folder)).toEqual([...files].sort());
  });

  it("needs no S3 for a version that is in its cache", async () => {
    const folder = newFolder();
    await registry(folder).fetch(servedModel, signal);
    await s3.stop();
    await expect(registry(folder).fetch(servedModel, signal)).resolves.toMatchObject({
      manifestSha256: servedModel.manifestSha256,
    });
  });

  it("fetches only the file that is missing", async () => {
    const folder = newFolder();
    s3.objects.delete(modelKey(servedModel, "config.json"));
    await expect(registry(folder).fetch(servedModel, signal)).rejects.toThrow(ModelRefusedError);
    s3.objects.set(modelKey(servedModel, "config.json"), bytesOf("config.json"));
    s3.requests.length = 0;
    await registry(folder).fetch(servedModel, signal);
    expect(s3.requests).toEqual([
      modelKey(servedModel, manifestFile),
      modelKey(servedModel, "config.json"),
    ]);
  });

  it("lets two that share a cache fetch at once", async () => {
    const folder = newFolder();
    await Promise.all([1, 2].map(() => registry(folder).fetch(servedModel, signal)));
    expect(cached(folder)).toEqual([...files].sort());
  });

  it("fails on an object with other bytes, naming both digests, and keeps none of it", async () => {
    const folder = newFolder();
    const bytes = bytesOf("tokenizer.json");
    bytes[1000]! ^= 1;
    s3.objects.set(modelKey(servedModel, "tokenizer.json"), bytes);
    await expect(registry(folder).fetch(servedModel, signal)).rejects.toThrow(
      /tokenizer\.json has sha256 [0-9a-f]{64}, expected [0-9a-f]{64}/,
    );
    expect(cached(folder)).toEqual(["model.onnx"]);
  });

  it("fails on a manifest that is not the pinned one, before it fetches anything else", async () => {
    s3.objects.set(modelKey(servedModel, manifestFile), Buffer.from("{}"));
    await expect(registry(newFolder()).fetch(servedModel, signal)).rejects.toThrow(
      /manifest\.json .* expected/,
    );
    expect(s3.requests).toEqual([modelKey(servedModel, manifestFile)]);
  });

  it("fails with where to publish when a version does not exist", async () => {
    s3.objects.clear();
    await expect(registry(newFolder()).fetch(servedModel, signal)).rejects.toThrow(
      `s3://${bucket}/${modelKey(servedModel, manifestFile)} does not exist: publish it first`,
    );
  });

  it("fails when the connection is cut, and leaves no half file", async () => {
    const folder = newFolder();
    s3.cutAfter = 100_000;
    await expect(registry(folder).fetch(servedModel, signal)).rejects.toThrow(
      ModelUnavailableError,
    );
    expect(cached(folder)).toEqual([]);
  });

  it.each([0, 1000])("fails when S3 falls silent after %d bytes", async (stallAfter) => {
    const folder = newFolder();
    s3.stallAfter = stallAfter;
    const patient = { bucket, cacheDir: folder, region, endpoint, stalledAfterMs: 200 };
    await expect(new S3ModelRegistry(patient).fetch(servedModel, signal)).rejects.toThrow(
      ModelUnavailableError,
    );
    expect(cached(folder)).toEqual([]);
  });

  it.each([403, 500])("fails with the status when S3 answers %d", async (status) => {
    s3.status = status;
    await expect(registry(newFolder()).fetch(servedModel, signal)).rejects.toThrow(
      new RegExp(`could not be fetched \\(.*, ${status}\\)`),
    );
  });

  it("fails with the address when S3 is away", async () => {
    await s3.stop();
    await expect(registry(newFolder()).fetch(servedModel, signal)).rejects.toThrow(
      /s3:\/\/berth-test-models\/models\/.* could not be fetched/,
    );
  });
});

describe("the fetch program of the init container", () => {
  const fetchModel = (env: Record<string, string>) =>
    new Promise<{ status: number | null; output: string }>((resolve) => {
      // Not spawnSync: the fake S3 answers in this process.
      const child = spawn(process.execPath, [join(__dirname, "..", "dist", "fetch-model.js")], {
        env: {
          ...process.env,
          MODEL_BUCKET: bucket,
          AWS_REGION: region,
          AWS_ENDPOINT_URL_S3: endpoint,
          ...env,
        },
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk: Buffer) => (output += chunk));
      child.on("close", (status: number | null) => resolve({ status, output }));
    });

  it("fills MODEL_DIR and ends with 0", async () => {
    const folder = newFolder();
    expect(await fetchModel({ MODEL_DIR: folder })).toEqual({
      status: 0,
      output: expect.stringContaining(`${servedModel.name} ${servedModel.version} verified`),
    });
    expect(cached(folder)).toEqual([...files].sort());
  });

  it("fails with the reason when the model is not the pinned one", async () => {
    expect(await fetchModel({ MODEL_DIR: newFolder(), MODEL_SHA256: "2".repeat(64) })).toEqual({
      status: 1,
      output: expect.stringContaining(`expected ${"2".repeat(64)}`),
    });
  });

  it("fails with the setting's name when a setting is missing", async () => {
    const { status, output } = await fetchModel({ MODEL_DIR: newFolder(), AWS_REGION: "" });
    expect([status, output]).toEqual([1, expect.stringContaining("AWS_REGION is not")]);
  });
});

/** Without a server this is named as skipped; ./scripts/verify starts one. */
const server = process.env.BERTH_TEST_S3_ENDPOINT;
(server === undefined ? describe.skip : describe)(
  "S3ModelRegistry against a server (BERTH_TEST_S3_ENDPOINT)",
  () => {
    it("fetches what was published", async () => {
      const client = new S3Client({ region, endpoint: server!, forcePathStyle: true });
      const own = `${bucket}-${process.pid}`;
      await client.send(
        new CreateBucketCommand({
          Bucket: own,
          CreateBucketConfiguration: { LocationConstraint: region },
        }),
      );
      for (const file of files)
        await client.send(
          new PutObjectCommand({
            Bucket: own,
            Key: modelKey(servedModel, file),
            Body: bytesOf(file),
          }),
        );
      const folder = newFolder();
      const fetched = new S3ModelRegistry({
        bucket: own,
        cacheDir: folder,
        region,
        endpoint: server!,
      });
      await fetched.fetch(servedModel, signal);
      expect(cached(folder)).toEqual([...files].sort());
      const other = { ...servedModel, version: "9.9.9" };
      await expect(fetched.fetch(other, signal)).rejects.toThrow(
        /9\.9\.9\/manifest\.json does not exist/,
      );
    });
  },
);
