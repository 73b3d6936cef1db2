import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { manifestFile, modelFiles, modelKey, modelPrefix } from "@berth/contract";
import { FakeS3 } from "./support/fake-s3";
import { FetchProgram } from "./support/fetch-program";
import { noise, smallModel } from "./support/model-folder";
import { onnxFile } from "./support/onnx-file";
import { temporaryFolders } from "./support/temporary-folder";

// Two pods that share a cache folder, which here are two processes.

jest.setTimeout(120_000);

const newFolder = temporaryFolders();
const model = smallModel({
  "model.onnx": onnxFile({ tensors: [{ name: "weights", bytes: noise(1_000_000) }] }),
});
const files = [manifestFile, ...modelFiles] as const;
const weightsKey = modelKey(model.pin, "model.onnx");

let s3: FakeS3;
let env: Parameters<typeof FetchProgram.start>[0];

beforeAll(async () => {
  s3 = new FakeS3();
  for (const file of files) s3.objects.set(modelKey(model.pin, file), model.files[file]);
  // A megabyte in a third of a second: long enough for both to be at it at once.
  s3.fault = ({ key }) =>
    key === weightsKey ? { kind: "slow", bytes: 30_000, everyMs: 10 } : undefined;
  env = {
    MODEL_BUCKET: "berth-test-models",
    AWS_REGION: "eu-central-1",
    AWS_ENDPOINT_URL_S3: await s3.start(),
    MODEL_NAME: model.pin.name,
    MODEL_VERSION: model.pin.version,
    MODEL_SHA256: model.pin.manifestSha256,
  };
});
afterAll(() => s3.stop());

/** What a folder holds that is not the model, and what of the model is wrong. */
function faults(folder: string): string[] {
  const version = join(folder, modelPrefix(model.pin));
  const there = readdirSync(version);
  return [
    ...there.filter((name) => !(files as readonly string[]).includes(name)),
    ...files.filter(
      (file) =>
        !there.includes(file) || !readFileSync(join(version, file)).equals(model.files[file]),
    ),
  ];
}

const start = (folder: string) => FetchProgram.start({ ...env, MODEL_DIR: folder });

/** Fetches, and is killed when a share is there. Started again, it fetches to the end. @returns whether it was killed */
async function fetchWithKill(folder: string, share: number): Promise<boolean> {
  const first = start(folder);
  // The other process may have brought everything before: then this one has ended well.
  await first.reached(share).catch(async (error: Error) => {
    if ((await first.exited) !== 0) throw error;
  });
  const status = await first.stop("SIGKILL");
  const second = start(folder);
  expect([await second.exited, second.output]).toEqual([0, expect.stringContaining("verified")]);
  return status === "SIGKILL";
}

describe("processes that fetch into one folder at once", () => {
  it("all end with the right files and leave nothing else, 10 times, with kills in between", async () => {
    let kills = 0;
    for (let round = 1; round <= 10; round++) {
      const folder = newFolder();
      const undisturbed = start(folder);
      // At the beginning, in the middle or near the end.
      if (await fetchWithKill(folder, round / 11)) kills++;
      expect([await undisturbed.exited, undisturbed.output]).toEqual([
        0,
        expect.stringContaining("verified"),
      ]);
      expect(faults(folder)).toEqual([]);
    }
    // Near the end a kill may come too late.
    expect(kills).toBeGreaterThanOrEqual(5);
  });

  it("all end with the right files when both were killed", async () => {
    const folder = newFolder();
    await Promise.all([fetchWithKill(folder, 0.3), fetchWithKill(folder, 0.6)]);
    expect(faults(folder)).toEqual([]);
  });

  it("fails that check for a folder in which something is left, missing or wrong", async () => {
    const folder = newFolder();
    const killed = start(folder);
    await killed.reached(0.5);
    await killed.stop("SIGKILL");
    expect(faults(folder)).toEqual([expect.stringMatching(/\.partial$/), ...files]);
  });
});
