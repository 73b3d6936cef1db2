import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { manifestFile, modelKey, modelPrefix, paths, servedModel } from "@berth/contract";
import type { SettingsEnv } from "@berth/contract";
import { HuggingFaceTokenizer } from "../src/adapters/huggingface-tokenizer";
import { ProcessInferenceRuntime } from "../src/adapters/process-inference-runtime";
import { inferenceSetup } from "../src/model/load-model";
import { fileFault, verifyFolder } from "../src/model/verify-model";
import type { ModelPin } from "../src/ports/model-registry";
import { checkerWithout } from "./support/checker-without";
import type { Removal } from "./support/checker-without";
import { sha256Of } from "./support/model-folder";
import { folderOf, intact, mutants } from "./support/model-mutants";
import type { Mutant, MutantKind } from "./support/model-mutants";
import { onnxFile } from "./support/onnx-file";
import { RunningService } from "./support/running-service";
import { temporaryFolders } from "./support/temporary-folder";

jest.setTimeout(120_000);

const newFolder = temporaryFolders();
const bundled = join(__dirname, "..", "model");
const kinds = [...new Set(mutants.map(({ kind }) => kind))];

/** What a checker says of a mutant: why it is refused, or that it is accepted. */
async function verdict(
  mutant: Pick<Mutant, "make">,
  check: typeof verifyFolder = verifyFolder,
): Promise<{ accepted: boolean; reason: string; folder: string; pin: ModelPin }> {
  const root = newFolder();
  const pin = mutant.make(root);
  const folder = folderOf(root, pin);
  try {
    await check(folder, pin);
    return { accepted: true, reason: "", folder, pin };
  } catch (error) {
    const { name, message } = error as Error;
    if (name !== "ModelRefusedError") throw error;
    return { accepted: false, reason: message, folder, pin };
  }
}

describe("a model folder", () => {
  it("is accepted as it was published", async () => {
    expect(await verdict({ make: intact })).toMatchObject({ accepted: true });
    await expect(
      verifyFolder(join(bundled, modelPrefix(servedModel)), servedModel),
    ).resolves.toMatchObject({ manifestSha256: servedModel.manifestSha256 });
  });

  it("is accepted below a root that is a link", async () => {
    const link = join(newFolder(), "link");
    symlinkSync(bundled, link);
    await verifyFolder(join(link, modelPrefix(servedModel)), servedModel);
  });

  it("has at least 200 mutants, of every kind", () => {
    expect(mutants.length).toBeGreaterThanOrEqual(200);
    expect(new Set(mutants.map(({ kind, what }) => `${kind} ${what}`)).size).toBe(mutants.length);
  });

  it.each(kinds)("fails with every mutant of the kind: %s", async (kind) => {
    const accepted: string[] = [];
    for (const mutant of mutants.filter((one) => one.kind === kind)) {
      const { accepted: passed, reason, folder, pin } = await verdict(mutant);
      if (passed) accepted.push(mutant.what);
      if (mutant.changed === undefined) continue;
      const actual = sha256Of(readFileSync(join(folder, mutant.changed)));
      expect([mutant.what, reason]).toEqual([mutant.what, expect.stringContaining(actual)]);
      expect(reason).toMatch(/expected [0-9a-f]{64}/);
      if (mutant.changed === manifestFile) expect(reason).toContain(pin.manifestSha256);
    }
    expect(accepted).toEqual([]);
  });

  it("fails with a device in place of a file", async () => {
    expect(await fileFault("/dev/null", { sha256: "0".repeat(64), bytes: 0 })).toMatch(
      /^is not a plain file/,
    );
  });

  it("fails with a file that is far too large, without reading it", async () => {
    const file = join(newFolder(), "model.onnx");
    writeFileSync(file, "");
    truncateSync(file, 2 ** 40);
    expect(await fileFault(file, { sha256: "0".repeat(64), bytes: 1_000 })).toBe(
      `has ${2 ** 40} bytes, expected 1000; has sha256 (not taken), expected ${"0".repeat(64)}`,
    );
  });
});

describe("a checker that lacks a check", () => {
  const noDigest: Removal = {
    file: "verify-model.ts",
    text: "bytes === expected.bytes && sha256 === expected.sha256",
    instead: "true",
  };
  const noGraph: Removal = {
    file: "verify-model.ts",
    text: "return await look?.(handle, bytes)",
    instead: "return undefined",
  };
  const noManifestDigest: Removal = {
    file: "verify-model.ts",
    text: "sha256 !== pin.manifestSha256",
    instead: "false",
  };
  const unread: Removal = {
    file: "verify-model.ts",
    text: "mayBeHashed ? await handleSha256(handle) : undefined",
    instead: "mayBeHashed ? '' : ''",
  };
  const noKind: Removal = { file: "plain-file.ts", text: ".isFile()", instead: ".isFIFO" };
  const follows: Removal = {
    file: "plain-file.ts",
    text: "import { lstat,",
    instead: "import { stat as lstat,",
  };
  const opensLinks: Removal = { file: "plain-file.ts", text: "| O_NOFOLLOW", instead: "" };
  const noSchema: Removal = {
    file: "verify-model.ts",
    text: "if (result.success) return result.data;",
    instead: "return value as ModelManifest;",
  };
  const noExternal: Removal = {
    file: "graph-faults.ts",
    text: "external !== undefined",
    instead: "false",
  };
  const noInputs: Removal = {
    file: "graph-faults.ts",
    text: "given.length !== wanted.length",
    instead: "false",
  };

  it.each<[MutantKind, string, Removal[]]>([
    ["truncated", "digests", [noDigest, noGraph]],
    ["flipped bit", "digests", [noDigest, noGraph]],
    ["hole", "digests", [noDigest, noGraph]],
    ["extra bytes", "digests", [noDigest, noGraph]],
    ["swapped", "digests", [noDigest, noGraph]],
    ["no plain file", "digests and what a plain file is", [noDigest, noGraph, unread, noKind]],
    ["linked file", "links of files", [follows, opensLinks]],
    ["linked folder", "links of folders", [follows, opensLinks]],
    ["external data", "external data", [noExternal]],
    ["other graph", "the graph's inputs", [noInputs]],
    ["no ONNX", "the graph", [noGraph]],
    ["wrong manifest", "the manifest's schema", [noSchema]],
    ["other pin", "the manifest's digest", [noManifestDigest]],
  ])(
    "fails to refuse mutants of the kind %s, without the check of %s",
    async (kind, _what, checks) => {
      const check = checkerWithout(checks);
      expect(await verdict({ make: intact }, check)).toMatchObject({ accepted: true });
      let accepted = 0;
      for (const mutant of mutants.filter((one) => one.kind === kind)) {
        const outcome = await verdict(mutant, check).catch(() => ({ accepted: false }));
        if (outcome.accepted) accepted++;
      }
      expect(accepted).toBeGreaterThan(0);
    },
  );

  it("refuses pipes and folders by what they are, also where no digest is compared", async () => {
    const check = checkerWithout([noDigest, noGraph]);
    for (const mutant of mutants.filter(({ kind }) => kind === "no plain file"))
      expect(await verdict(mutant, check)).toMatchObject({
        accepted: false,
        reason: expect.stringContaining("is not a plain file"),
      });
  });
});

const key = (file: Parameters<typeof modelKey>[1]) => modelKey(servedModel, file);

function copyOfBundled(): string {
  const root = newFolder();
  const prefix = modelPrefix(servedModel);
  cpSync(join(bundled, prefix), join(root, prefix), { recursive: true });
  return root;
}

function flipByte(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
}

describe("a model that changes between check and load", () => {
  const verified = (root: string) =>
    verifyFolder(join(root, modelPrefix(servedModel)), servedModel);

  it("fails in the inference process, which checks the bytes that it loads", async () => {
    const root = copyOfBundled();
    const model = await verified(root);
    flipByte(join(root, key("model.onnx")), 5_000_000);
    const runtime = new ProcessInferenceRuntime({
      entryFile: join(__dirname, "..", "dist", "inference-process.js"),
      processes: 1,
      setup: inferenceSetup(model, 1),
    });
    await expect(runtime.start()).rejects.toThrow(
      /model\.onnx has sha256 [0-9a-f]{64}, expected [0-9a-f]{64}/,
    );
    await runtime.close();
  });

  it("fails in the tokenizer, which checks the bytes that it loads", async () => {
    const root = copyOfBundled();
    const { folder, manifest } = await verified(root);
    await HuggingFaceTokenizer.load(folder, manifest);
    flipByte(join(root, key("tokenizer.json")), 1_000);
    await expect(HuggingFaceTokenizer.load(folder, manifest)).rejects.toThrow(
      /tokenizer\.json changed after it was verified: it has sha256 [0-9a-f]{64}, expected [0-9a-f]{64}/,
    );
  });
});

describe("the service with a mutant of the bundled model", () => {
  const running: RunningService[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((service) => service.stop("SIGKILL")));
  });
  function start(env: SettingsEnv): RunningService {
    const service = RunningService.start({ DATA_DIR: newFolder(), ...env });
    running.push(service);
    return service;
  }

  /** Another graph or manifest, with a manifest and a pin that fit, so that only later checks can refuse it. */
  function republish(root: string, model: Buffer, change: object): SettingsEnv {
    writeFileSync(join(root, key("model.onnx")), model);
    const path = join(root, key(manifestFile));
    const manifest = JSON.parse(readFileSync(path, "utf8")) as { files: object };
    const files = {
      ...manifest.files,
      "model.onnx": { sha256: sha256Of(model), bytes: model.length },
    };
    const bytes = Buffer.from(JSON.stringify({ ...manifest, files, ...change }));
    writeFileSync(path, bytes);
    return { MODEL_SHA256: sha256Of(bytes) };
  }

  const otherDigest = /has sha256 [0-9a-f]{64}, expected [0-9a-f]{64}/;

  it("serves an untouched copy", async () => {
    const service = start({ MODEL_DIR: copyOfBundled() });
    await service.ready();
    expect((await fetch((await service.url()) + paths.readyz)).status).toBe(200);
  });

  it.each<[string, (root: string) => SettingsEnv | void, RegExp]>([
    ["truncated", (root) => truncateSync(join(root, key("model.onnx")), 20_000_000), otherDigest],
    [
      "with a flipped bit",
      (root) => flipByte(join(root, key("model.onnx")), 9_999_999),
      otherDigest,
    ],
    [
      "with a hole",
      (root) => {
        const bytes = readFileSync(join(root, key("model.onnx")));
        writeFileSync(join(root, key("model.onnx")), bytes.fill(0, 12_000_000, 12_004_096));
      },
      otherDigest,
    ],
    [
      "with extra bytes",
      (root) => appendFileSync(join(root, key("tokenizer.json")), "\n"),
      otherDigest,
    ],
    [
      "with swapped files",
      (root) => {
        const [one, other] = [key("tokenizer.json"), key("config.json")].map((k) => join(root, k));
        renameSync(one!, `${one}.x`);
        renameSync(other!, one!);
        renameSync(`${one}.x`, other!);
      },
      otherDigest,
    ],
    ["without a file", (root) => rmSync(join(root, key("config.json"))), /config\.json is missing/],
    [
      "with a pipe as a file",
      (root) => {
        rmSync(join(root, key("model.onnx")));
        spawnSync("mkfifo", [join(root, key("model.onnx"))]);
      },
      /model\.onnx is not a plain file/,
    ],
    [
      "with a link as a file",
      (root) => {
        rmSync(join(root, key("tokenizer.json")));
        symlinkSync(join(bundled, key("tokenizer.json")), join(root, key("tokenizer.json")));
      },
      /tokenizer\.json is not a plain file/,
    ],
    [
      "with a link as its folder",
      (root) => {
        rmSync(join(root, "models"), { recursive: true });
        symlinkSync(join(bundled, "models"), join(root, "models"));
      },
      /models is not a plain folder/,
    ],
    [
      "with external data",
      (root) =>
        republish(root, onnxFile({ tensors: [{ name: "w", location: "../../etc/x" }] }), {}),
      /keeps the data of 1 tensors in other files, the first, "w", in "\.\.\/\.\.\/etc\/x"/,
    ],
    [
      "with another graph",
      (root) => republish(root, onnxFile({ inputs: [] }), {}),
      /takes the inputs \(none\), but the manifest names input_ids/,
    ],
    [
      "that is no ONNX file",
      (root) => republish(root, Buffer.from("<html></html>"), {}),
      /model\.onnx is no ONNX file/,
    ],
    [
      "with a wrong manifest",
      (root) => republish(root, readFileSync(join(bundled, key("model.onnx"))), { golden: [] }),
      /manifest\.json is wrong: golden/,
    ],
    ["with another pin", () => ({ MODEL_SHA256: "1".repeat(64) }), otherDigest],
  ])("fails for one %s: alive, not ready, and the log says why", async (_what, damage, reason) => {
    const root = copyOfBundled();
    const env = damage(root) ?? {};
    const service = start({ MODEL_DIR: root, ...env });
    const { err } = await service.logged((line) => line.msg.startsWith("no model to serve"));
    expect((err as Error).message).toMatch(reason);
    const url = await service.url();
    expect((await fetch(url + paths.healthz)).status).toBe(200);
    expect((await fetch(url + paths.readyz)).status).toBe(503);
    expect(await service.stop()).toBe(0);
  });
});
