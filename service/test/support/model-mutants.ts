import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { manifestFile, modelFiles, modelPrefix } from "@berth/contract";
import type { ModelPin } from "../../src/ports/model-registry";
import { noise, smallModel, writeModel } from "./model-folder";
import type { SmallModel } from "./model-folder";
import { classifier, onnxFile } from "./onnx-file";
import type { OnnxOptions, TensorPlace } from "./onnx-file";

const files = [manifestFile, ...modelFiles] as const;
const elementType = { float64: 11, float16: 10, float32: 1, int32: 6 } as const;

/** What is wrong with a mutant; each kind is what one check, or a few, are there for. */
export type MutantKind =
  | "truncated"
  | "flipped bit"
  | "hole"
  | "extra bytes"
  | "swapped"
  | "missing"
  | "no plain file"
  | "linked file"
  | "linked folder"
  | "external data"
  | "other graph"
  | "no ONNX"
  | "wrong manifest"
  | "other pin";

/** A model folder with one thing wrong. */
export interface Mutant {
  readonly kind: MutantKind;
  readonly what: string;
  /** File whose digest differs. */
  readonly changed?: (typeof files)[number];
  /** Makes it below an empty folder. @returns what it is to be held against */
  readonly make: (root: string) => ModelPin;
}

const original = smallModel();

/** Writes the original, and damages it. */
function damaged(damage: (folder: string, root: string) => unknown): Mutant["make"] {
  return (root) => {
    damage(writeModel(root, original), root);
    return original.pin;
  };
}

/** Another model, with a manifest and a pin that fit it. */
const consistent = (model: SmallModel): Mutant["make"] => {
  return (root) => {
    writeModel(root, model);
    return model.pin;
  };
};

const onnx = (options: OnnxOptions) => consistent(smallModel({ "model.onnx": onnxFile(options) }));
const manifest = (change: Parameters<typeof smallModel>[1]) => consistent(smallModel({}, change));

/** Whole numbers below a bound, without a pattern, the same in every run. */
function places(count: number, below: number, seed: number): number[] {
  const bytes = noise(count * 4, seed);
  return [...new Set(Array.from({ length: count }, (_, i) => bytes.readUInt32LE(i * 4) % below))];
}

function rewrite(path: string, change: (bytes: Buffer) => Buffer): void {
  writeFileSync(path, change(readFileSync(path)));
}

function* truncated(): Generator<Mutant> {
  for (const [i, file] of files.entries()) {
    const { length } = original.files[file];
    const lengths = [0, 1, length >> 1, length - 1, ...places(i === 1 ? 16 : 5, length, i)];
    for (const cut of new Set(lengths))
      yield {
        kind: "truncated",
        what: `${file} to ${cut} bytes`,
        changed: file,
        make: damaged((folder) => truncateSync(join(folder, file), cut)),
      };
  }
}

function* flipped(): Generator<Mutant> {
  for (const [i, file] of files.entries())
    for (const bit of places(i === 1 ? 30 : 8, original.files[file].length * 8, 10 + i))
      yield {
        kind: "flipped bit",
        what: `bit ${bit} of ${file}`,
        changed: file,
        make: damaged((folder) =>
          rewrite(join(folder, file), (bytes) => {
            bytes[bit >> 3]! ^= 1 << (bit & 7);
            return bytes;
          }),
        ),
      };
}

function* holes(): Generator<Mutant> {
  for (const [i, file] of files.entries())
    for (const from of places(i === 1 ? 12 : 3, original.files[file].length - 1, 20 + i))
      yield {
        kind: "hole",
        what: `in ${file} from ${from}`,
        changed: file,
        make: damaged((folder) =>
          rewrite(join(folder, file), (bytes) =>
            bytes.fill(0, from, Math.min(from + 512, bytes.length)),
          ),
        ),
      };
}

function* extra(): Generator<Mutant> {
  for (const file of files)
    for (const more of ["\n", "\0".repeat(4096)])
      yield {
        kind: "extra bytes",
        what: `${more.length} after ${file}`,
        changed: file,
        make: damaged((folder) => appendFileSync(join(folder, file), more)),
      };
}

function* swapped(): Generator<Mutant> {
  for (const [one, other] of [
    ["model.onnx", "tokenizer.json"],
    ["tokenizer.json", "config.json"],
    ["config.json", manifestFile],
    [manifestFile, "model.onnx"],
  ] as const)
    yield {
      kind: "swapped",
      what: `${one} and ${other}`,
      changed: one === "config.json" ? other : one,
      make: damaged((folder) => {
        renameSync(join(folder, one), join(folder, "x"));
        renameSync(join(folder, other), join(folder, one));
        renameSync(join(folder, "x"), join(folder, other));
      }),
    };
}

function* missing(): Generator<Mutant> {
  for (const file of files)
    yield {
      kind: "missing",
      what: file,
      make: damaged((folder) => rmSync(join(folder, file))),
    };
  yield {
    kind: "missing",
    what: "the folder",
    make: damaged((folder) => rmSync(folder, { recursive: true })),
  };
}

function* noPlainFiles(): Generator<Mutant> {
  for (const file of files) {
    yield {
      kind: "no plain file",
      what: `a folder as ${file}`,
      make: damaged((folder) => {
        rmSync(join(folder, file));
        mkdirSync(join(folder, file));
      }),
    };
    if (process.platform !== "win32")
      yield {
        kind: "no plain file",
        what: `a pipe as ${file}`,
        make: damaged((folder) => {
          rmSync(join(folder, file));
          const { status } = spawnSync("mkfifo", [join(folder, file)]);
          if (status !== 0) throw new Error("mkfifo failed");
        }),
      };
  }
}

function* linkedFiles(): Generator<Mutant> {
  for (const file of files) {
    yield {
      kind: "linked file",
      what: `${file} to its own bytes beside it`,
      make: damaged((folder) => {
        renameSync(join(folder, file), join(folder, "x"));
        symlinkSync("x", join(folder, file));
      }),
    };
    yield {
      kind: "linked file",
      what: `${file} to its own bytes in another folder`,
      make: damaged((folder, root) => {
        renameSync(join(folder, file), join(root, "x"));
        symlinkSync(join(root, "x"), join(folder, file));
      }),
    };
  }
}

function* linkedFolders(): Generator<Mutant> {
  const levels = { version: 0, name: 1, "models/": 2 };
  for (const [what, above] of Object.entries(levels))
    yield {
      kind: "linked folder",
      what,
      make: damaged((folder, root) => {
        let linked = folder.replace(/\/$/, "");
        for (let i = 0; i < above; i++) linked = dirname(linked);
        renameSync(linked, join(root, "x"));
        symlinkSync(join(root, "x"), linked);
      }),
    };
}

function* externalData(): Generator<Mutant> {
  const everywhere: TensorPlace[] = [
    "initializer",
    "attribute",
    "attribute list",
    "subgraph",
    "function",
    "sparse",
    "training",
  ];
  for (const place of everywhere)
    for (const location of ["../../etc/x", "/etc/passwd", "weights.bin"])
      yield {
        kind: "external data",
        what: `in ${location}, of a tensor in: ${place}`,
        make: onnx({ place, tensors: [{ name: "weights", location }] }),
      };
}

function* otherGraphs(): Generator<Mutant> {
  const { inputs, outputs } = classifier;
  const [ids, mask, types] = inputs;
  const [logits] = outputs;
  const graphs: Record<string, OnnxOptions> = {
    "no inputs": { inputs: [] },
    "an input too few": { inputs: [ids!, mask!] },
    "an input too many": { inputs: [...inputs, { name: "position_ids", shape: ids!.shape }] },
    "another input": { inputs: [ids!, mask!, { ...types!, name: "segment_ids" }] },
    "inputs of another type": {
      inputs: [{ ...ids!, elementType: elementType.int32 }, mask!, types!],
    },
    "inputs that are numbers": {
      inputs: [ids!, { ...mask!, elementType: elementType.float32 }, types!],
    },
    "inputs of one dimension": { inputs: [{ ...ids!, shape: [undefined] }, mask!, types!] },
    "inputs of three dimensions": {
      inputs: [{ ...ids!, shape: [undefined, undefined, undefined] }, mask!, types!],
    },
    "inputs of one text": { inputs: [{ ...ids!, shape: [1, undefined] }, mask!, types!] },
    "inputs of 128 tokens": { inputs: [{ ...ids!, shape: [undefined, 128] }, mask!, types!] },
    "no outputs": { outputs: [] },
    "another output": { outputs: [{ ...logits!, name: "last_hidden_state" }] },
    "outputs of float16": { outputs: [{ ...logits!, elementType: elementType.float16 }] },
    "outputs of float64": { outputs: [{ ...logits!, elementType: elementType.float64 }] },
    "a label too few": { outputs: [{ ...logits!, shape: [undefined, 3] }] },
    "a label too many": { outputs: [{ ...logits!, shape: [undefined, 5] }] },
    "a logit a token": { outputs: [{ ...logits!, shape: [undefined, undefined, 4] }] },
    "outputs of one text": { outputs: [{ ...logits!, shape: [1, 4] }] },
    "one number": { outputs: [{ ...logits!, shape: [] }] },
  };
  for (const [what, options] of Object.entries(graphs))
    yield { kind: "other graph", what, make: onnx(options) };
}

function* noOnnx(): Generator<Mutant> {
  const model = original.files["model.onnx"];
  const contents: Record<string, Buffer> = {
    "an error page": Buffer.from("<html><body>502 Bad Gateway</body></html>"),
    "a Git LFS pointer": Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
    "zipped bytes": gzipSync(model),
    noise: noise(10_000),
    zeros: Buffer.alloc(10_000),
    "the beginning of a model": model.subarray(0, model.length >> 1),
    "a model and more": Buffer.concat([model, Buffer.from([0xff, 0xff])]),
    "ONNX Runtime's own format": Buffer.concat([
      Buffer.from([32, 0, 0, 0]),
      Buffer.from("ORTM"),
      model,
    ]),
    "a length without end": Buffer.concat([Buffer.from([0x3a]), Buffer.alloc(20, 0xff)]),
  };
  for (const [what, bytes] of Object.entries(contents))
    yield { kind: "no ONNX", what, make: consistent(smallModel({ "model.onnx": bytes })) };
}

function* wrongManifests(): Generator<Mutant> {
  const wrong = (what: string, make: Mutant["make"]): Mutant => ({
    kind: "wrong manifest",
    what,
    make,
  });
  const optional = ["quantization"];
  const fields = Object.keys(JSON.parse(original.files[manifestFile].toString()) as object);
  for (const field of fields.filter((one) => !optional.includes(one)))
    yield wrong(
      `without ${field}`,
      manifest((one) => void delete one[field]),
    );
  const setFile = (value: object) =>
    manifest((one) => {
      const all = one.files as Record<string, object>;
      all["model.onnx"] = { ...all["model.onnx"], ...value };
    });
  for (const bytes of [0, -1, 1.5, 1e15, 2 ** 53, 1e308, null, "24190299", [24190299], true])
    yield wrong(`model.onnx of ${JSON.stringify(bytes)} bytes`, setFile({ bytes }));
  for (const sha256 of ["", "0".repeat(63), "0".repeat(64), "A".repeat(64), null])
    yield wrong(`model.onnx with sha256 ${sha256}`, setFile({ sha256 }));
  const other: Record<string, Record<string, unknown>> = {
    "another schema": { schemaVersion: 2 },
    "another task": { task: "fill-mask" },
    "a name with a path": { name: "../small" },
    "a version with a path": { version: "../1.0.0" },
    "one label": { labels: ["World"] },
    "a label twice": { labels: ["World", "World", "Business", "Sci/Tech"] },
    "other labels": { labels: ["A", "B", "C", "D"] },
    "no tokens": { maxTokens: 0 },
    "a billion tokens": { maxTokens: 1e9 },
    "an unknown input": { inputs: ["input_ids", "pixels"] },
    "a negative padding": { tokens: { cls: 101, sep: 102, pad: -1, unk: 100 } },
    "another cleaning": { cleaningVersion: "0" },
    "no temperature": { temperature: 0 },
    "a negative temperature": { temperature: -1 },
    "no golden inputs": { golden: [] },
    "a tolerance of everything": { goldenTolerance: 1 },
    "an unsure below of 2": { unsureBelow: 2 },
    "no date": { createdAt: "yesterday" },
  };
  for (const [what, values] of Object.entries(other))
    yield wrong(
      `with ${what}`,
      manifest((one) => ({ ...one, ...values })),
    );
  const text = (what: string, change: (json: string) => string) =>
    wrong(
      what,
      manifest((one) => change(JSON.stringify(one))),
    );
  yield text("with NaN", (json) => json.replace(/"temperature":[\d.]+/, '"temperature":NaN'));
  yield text("with Infinity", (json) =>
    json.replace(/"temperature":[\d.]+/, '"temperature":1e999'),
  );
  yield text("that is cut", (json) => json.slice(0, -1));
  yield text("that is a list", (json) => `[${json}]`);
  yield text("that is null", () => "null");
  yield text("that is empty", () => "");
  yield text("that is 100,000 deep", () => "[".repeat(100_000));
  yield text("of 2 MB", (json) => json + " ".repeat(2 * 2 ** 20));
  yield wrong(
    "with a file more",
    manifest((one) => {
      const all = one.files as Record<string, object>;
      all["../../etc/x"] = all["config.json"]!;
    }),
  );
}

function* otherPins(): Generator<Mutant> {
  const pinned = (change: Partial<ModelPin>) => (root: string) => {
    const pin = { ...original.pin, ...change };
    writeModel(root, { ...original, pin });
    return pin;
  };
  const kind = "other pin";
  const manifestSha256 = "1".repeat(64);
  yield { kind, what: "digest", changed: manifestFile, make: pinned({ manifestSha256 }) };
  yield { kind, what: "name", make: pinned({ name: "large" }) };
  yield { kind, what: "version", make: pinned({ version: "2.0.0" }) };
}

/** Every mutant, made from one small model. */
export const mutants: readonly Mutant[] = [
  truncated,
  flipped,
  holes,
  extra,
  swapped,
  missing,
  noPlainFiles,
  linkedFiles,
  linkedFolders,
  externalData,
  otherGraphs,
  noOnnx,
  wrongManifests,
  otherPins,
].flatMap((kind) => [...kind()]);

/** The model that they are made from. */
export const intact = consistent(original);

/** Where the version's folder is. */
export const folderOf = (root: string, pin: ModelPin) => join(root, modelPrefix(pin));
