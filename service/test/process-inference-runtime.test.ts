import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProcessInferenceRuntime } from "../src/adapters/process-inference-runtime";

// Processes are started and ended; how long that takes is the machine's affair.
jest.setTimeout(30_000);

const setup = {
  modelFile: "none",
  modelSha256: "0".repeat(64),
  inputs: [],
  output: "logits",
  padId: 0,
  threads: 1,
};

/** A process that speaks the protocol and computes nothing. */
function processFile(onRun: string): string {
  const file = join(mkdtempSync(join(tmpdir(), "berth-process-")), "process.js");
  writeFileSync(
    file,
    `process.on("message", (m) => { if (m.kind === "setup") process.send({ kind: "ready" }); else { ${onRun} } });
     process.on("disconnect", () => process.exit());`,
  );
  return file;
}

const echo = `process.send({ kind: "done", id: m.id, logits: m.batch.map((ids) => Float32Array.from(ids)) });`;

describe("ProcessInferenceRuntime", () => {
  let runtime: ProcessInferenceRuntime;
  afterEach(() => runtime.close());

  it("runs a batch in a process, and is idle again", async () => {
    runtime = new ProcessInferenceRuntime({ entryFile: processFile(echo), processes: 2, setup });
    await runtime.start();
    const logits = runtime.run([Int32Array.of(1, 2), Int32Array.of(3)]);
    expect(runtime.idle()).toBe(1);
    expect(await logits).toEqual([Float32Array.of(1, 2), Float32Array.of(3)]);
    expect(runtime.idle()).toBe(2);
  });

  it("fails the batch of a process that dies, and serves the next from another", async () => {
    const causes: string[] = [];
    const dying = `if (m.batch[0][0] === 9) process.exit(3); ${echo}`;
    runtime = new ProcessInferenceRuntime({
      entryFile: processFile(dying),
      processes: 1,
      setup,
      onRestart: (cause) => causes.push(cause),
    });
    await runtime.start();
    const back = new Promise<void>((resolve) => runtime.onIdle(resolve));
    await expect(runtime.run([Int32Array.of(9)])).rejects.toThrow("ended with code 3");
    await back;
    expect(await runtime.run([Int32Array.of(1)])).toEqual([Float32Array.of(1)]);
    expect(causes).toEqual(["exited"]);
  });

  it("fails the batch of a process that gives no answer, and serves the next from another", async () => {
    const silent = `if (m.batch[0][0] !== 9) { ${echo} }`;
    runtime = new ProcessInferenceRuntime({
      entryFile: processFile(silent),
      processes: 1,
      setup,
      hungAfterMs: 100,
    });
    await runtime.start();
    const back = new Promise<void>((resolve) => runtime.onIdle(resolve));
    await expect(runtime.run([Int32Array.of(9)])).rejects.toThrow("no answer within 100 ms");
    await back;
    expect(await runtime.run([Int32Array.of(1)])).toEqual([Float32Array.of(1)]);
  });

  it("fails a short batch that hangs long before the limit of long ones", async () => {
    const silent = `if (m.batch[0][0] !== 9) { ${echo} }`;
    runtime = new ProcessInferenceRuntime({
      entryFile: processFile(silent),
      processes: 1,
      setup,
      hungAfterMs: 3_600_000,
    });
    await runtime.start();
    for (let i = 0; i < 20; i++) await runtime.run([new Int32Array(100)]);
    await expect(runtime.run([Int32Array.of(9)])).rejects.toThrow(/no answer within 1\d{3} ms/);
  });

  it("fails to start at once where no process can be made, and leaves none behind", async () => {
    runtime = new ProcessInferenceRuntime({
      entryFile: processFile(echo),
      execPath: "/no/such/node",
      processes: 2,
      setup,
    });
    await expect(runtime.start()).rejects.toThrow(/ENOENT/);
    expect([runtime.ready(), runtime.pids]).toEqual([0, []]);
  });

  it("fails to start with the reason when a process cannot load the model", async () => {
    const entryFile = join(__dirname, "..", "dist", "inference-process.js");
    runtime = new ProcessInferenceRuntime({ entryFile, processes: 1, setup });
    await expect(runtime.start()).rejects.toThrow(/ENOENT.*none/);
  });
});
