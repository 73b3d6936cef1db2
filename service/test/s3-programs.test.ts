import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import {
  manifestFile,
  modelFiles,
  modelKey,
  modelPrefix,
  paths,
  servedModel,
} from "@berth/contract";
import { FakeS3 } from "./support/fake-s3";
import { FetchProgram } from "./support/fetch-program";
import { noise, sha256Of, smallModel } from "./support/model-folder";
import { onnxFile } from "./support/onnx-file";
import { RunningService } from "./support/running-service";
import { temporaryFolders } from "./support/temporary-folder";

// The programs that fetch, as processes: the init container's, and the service.

jest.setTimeout(120_000);

const newFolder = temporaryFolders();
const bundled = join(__dirname, "..", "model");
const files = [manifestFile, ...modelFiles] as const;
const credentials = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };

const model = smallModel({
  "model.onnx": onnxFile({ tensors: [{ name: "weights", bytes: noise(300_000) }] }),
});
const weights = model.files["model.onnx"];
const weightsKey = modelKey(model.pin, "model.onnx");
const cached = (folder: string) => readdirSync(join(folder, modelPrefix(model.pin))).sort();
const whole = [...files].sort();
const partOfWeights = `model.onnx.${FakeS3.etag(weights).slice(1, -1)}.partial`;

/** So fast must they end, says the issue; here they take a tenth of it. */
const endLimitMs = 2_000;

/** 300 KB in 10 s. */
const slowly = { kind: "slow", bytes: 3_000, everyMs: 100 } as const;

let s3: FakeS3;
let env: {
  MODEL_BUCKET: string;
  AWS_REGION: string;
  AWS_ENDPOINT_URL_S3: string;
};
const smallEnv = () => ({
  ...env,
  MODEL_NAME: model.pin.name,
  MODEL_VERSION: model.pin.version,
  MODEL_SHA256: model.pin.manifestSha256,
});
const running: RunningService[] = [];
function start(settings: Parameters<typeof RunningService.start>[0]): RunningService {
  const service = RunningService.start({ ...credentials, ...settings });
  running.push(service);
  return service;
}

beforeEach(async () => {
  s3 = new FakeS3();
  for (const file of files) {
    s3.objects.set(modelKey(model.pin, file), model.files[file]);
    const key = modelKey(servedModel, file);
    s3.objects.set(key, readFileSync(join(bundled, key)));
  }
  env = {
    MODEL_BUCKET: "berth-test-models",
    AWS_REGION: "eu-central-1",
    AWS_ENDPOINT_URL_S3: await s3.start(),
  };
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop("SIGKILL")));
  await s3.stop();
});

async function endsWithin(limitMs: number, end: () => Promise<unknown>): Promise<boolean> {
  const startedAt = performance.now();
  await end();
  return performance.now() - startedAt < limitMs;
}

describe("the fetch program of the init container", () => {
  const fetching = (folder: string, launcher?: readonly string[]) =>
    FetchProgram.start({ ...smallEnv(), MODEL_DIR: folder }, launcher);

  it("fills MODEL_DIR, says how far it is, and ends with 0", async () => {
    const folder = newFolder();
    const program = fetching(folder);
    expect(await program.exited).toBe(0);
    expect(program.output).toContain(
      `model.onnx: ${weights.length} of ${weights.length} bytes (100 %)`,
    );
    expect(program.output).toContain(`small ${model.pin.version} verified in`);
    expect(cached(folder)).toEqual(whole);
  });

  it("fails with the reason when the model is not the pinned one", async () => {
    const program = FetchProgram.start({
      ...env,
      MODEL_DIR: newFolder(),
      MODEL_SHA256: "2".repeat(64),
    });
    expect(await program.exited).toBe(1);
    expect(program.output).toContain(`expected ${"2".repeat(64)}`);
  });

  it("fails with the setting's name when a setting is missing", async () => {
    const program = FetchProgram.start({ ...env, MODEL_DIR: newFolder(), AWS_REGION: "" });
    expect([await program.exited, program.output]).toEqual([
      1,
      expect.stringContaining("AWS_REGION is not"),
    ]);
  });

  it("fails with each try and its end when S3 goes on failing", async () => {
    s3.fault = ({ key }) => (key === weightsKey ? { kind: "status", status: 403 } : undefined);
    const program = fetching(newFolder());
    expect(await program.exited).toBe(1);
    expect(program.output).toMatch(/fetch-model: s3:.* S3 answered 403/);
  });

  it("tries again and says so", async () => {
    s3.fault = ({ key, from }) =>
      key === weightsKey && from === 0 ? { kind: "cut", after: 100_000 } : undefined;
    const program = fetching(newFolder());
    expect(await program.exited).toBe(0);
    expect(program.output).toMatch(
      /model\.onnx: 100000 of 300180 bytes \(33 %\); try 1 of 8 failed, the next in \d+ ms: the connection was cut/,
    );
  });

  it("ends within 2 s of SIGTERM while it fetches, without a partial file under its final name", async () => {
    const folder = newFolder();
    s3.fault = ({ key }) => (key === weightsKey ? slowly : undefined);
    const program = fetching(folder);
    await program.reached(0.1);
    expect(
      await endsWithin(endLimitMs, async () => expect(await program.stop("SIGTERM")).toBe(143)),
    ).toBe(true);
    expect(program.output).toMatch(/could not be fetched: ended by SIGTERM \(\d+ of 300180 bytes/);
    expect(cached(folder)).toEqual([partOfWeights]);
  });

  it("fails that check for a program that takes longer to end", async () => {
    const late =
      "process.on('SIGTERM', () => setTimeout(() => process.exit(), 2500)); console.log()";
    const child = spawn(process.execPath, ["-e", `${late}; setInterval(() => {}, 1000)`]);
    await once(child.stdout, "data");
    const ended = once(child, "close");
    expect(
      await endsWithin(endLimitMs, async () => {
        child.kill("SIGTERM");
        await ended;
      }),
    ).toBe(false);
  });

  it("goes on after kill -9 with what was there", async () => {
    const folder = newFolder();
    s3.fault = ({ key }) => (key === weightsKey ? slowly : undefined);
    const killed = fetching(folder);
    await killed.reached(0.1);
    await killed.stop("SIGKILL");
    expect(cached(folder)).toEqual([partOfWeights]);
    const { length } = readFileSync(join(folder, modelPrefix(model.pin), partOfWeights));
    s3.fault = () => undefined;
    s3.requests.length = 0;
    expect(await fetching(folder).exited).toBe(0);
    expect(s3.requests.find(({ key }) => key === weightsKey)).toMatchObject({
      from: length,
      ifMatch: FakeS3.etag(weights),
    });
    expect(length).toBeGreaterThan(0);
    expect(cached(folder)).toEqual(whole);
  });

  it("fails with the remedy, and keeps nothing, when the disk is full halfway", async () => {
    const folder = newFolder();
    // A limit on the size of a file is what a full disk looks like to a program: its write fails.
    const limited = ["sh", "-c", 'ulimit -f 200 && exec "$@"', "sh"];
    const program = fetching(folder, limited);
    expect(await program.exited).toBe(1);
    expect(program.output).toMatch(
      /has no room for model\.onnx, E\w+: .*: free space there, or set MODEL_DIR to a folder with more/,
    );
    expect(cached(folder)).toEqual([]);
    expect(await fetching(folder, limited.with(2, 'ulimit -f 20000 && exec "$@"')).exited).toBe(0);
  });
});

describe("the service with a bucket", () => {
  it("fetches the model, says how far it is, and serves it", async () => {
    const service = start({ ...env, DATA_DIR: newFolder(), MODEL_DIR: newFolder() });
    await service.ready();
    const progress = service.log.filter(({ file }) => file === "model.onnx");
    expect(progress.length).toBeGreaterThan(5);
    const { length } = s3.objects.get(modelKey(servedModel, "model.onnx"))!;
    expect(progress.at(-1)).toMatchObject({ bytes: length, total: length });
    expect((await service.label("The goalkeeper saved two penalties.")).label).toBe("Sports");
  });

  it("is ready within 5 s from its cache while S3 is away, and asks it for nothing", async () => {
    const folder = newFolder();
    const prefix = modelPrefix(servedModel);
    await cp(join(bundled, prefix), join(folder, prefix), { recursive: true });
    s3.fault = () => ({ kind: "silence" });
    const isReady = async () => {
      await start({ ...env, DATA_DIR: newFolder(), MODEL_DIR: folder }).ready();
    };
    expect(await endsWithin(5_000, isReady)).toBe(true);
    expect(s3.requests).toEqual([]);
  });

  it("is alive but not ready while S3 is away and its cache is empty, and says what fails", async () => {
    await s3.stop();
    const service = start({ ...env, DATA_DIR: newFolder(), MODEL_DIR: newFolder() });
    const { reason } = await service.logged((line) => line.tried === 2);
    expect(reason).toContain("ECONNREFUSED");
    const url = await service.url();
    expect((await fetch(url + paths.healthz)).status).toBe(200);
    expect((await fetch(url + paths.readyz)).status).toBe(503);
    await s3.start();
  });

  it("ends within 2 s of SIGTERM while it fetches, without a partial file under its final name", async () => {
    const folder = newFolder();
    s3.fault = ({ key }) => (key === weightsKey ? slowly : undefined);
    const service = start({ ...smallEnv(), DATA_DIR: newFolder(), MODEL_DIR: folder });
    await service.logged(({ file, bytes }) => file === "model.onnx" && Number(bytes) > 0);
    expect(await endsWithin(endLimitMs, async () => expect(await service.stop()).toBe(0))).toBe(
      true,
    );
    expect(cached(folder)).toEqual([partOfWeights]);
  });
});

describe("the fetched model", () => {
  it("is what was published", async () => {
    const folder = newFolder();
    expect(await FetchProgram.start({ ...env, MODEL_DIR: folder }).exited).toBe(0);
    const key = modelKey(servedModel, "model.onnx");
    expect(sha256Of(readFileSync(join(folder, key)))).toBe(
      sha256Of(readFileSync(join(bundled, key))),
    );
  });
});
