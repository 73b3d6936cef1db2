import { latencyBudget } from "@berth/contract";
import { InferenceQueue } from "../src/inference/inference-queue";
import type { BatchReport } from "../src/inference/inference-queue";
import { InferenceProcessError } from "../src/ports/inference-runtime";
import { FakeClock, settleMicrotasks } from "./support/fake-clock";
import { FakeInferenceRuntime } from "./support/fake-inference-runtime";

const never = Number.MAX_SAFE_INTEGER;
const text = (tokens: number) => new Int32Array(tokens).fill(7);

function setUp({ processes = 1, limit = 10 } = {}) {
  const clock = new FakeClock();
  const runtime = new FakeInferenceRuntime(processes);
  const reports: BatchReport[] = [];
  const queue = new InferenceQueue({
    runtime,
    clock,
    limit,
    maxTokens: 1024,
    maxTexts: 8,
    onBatch: (report) => reports.push(report),
  });
  return { clock, runtime, queue, reports };
}

describe("InferenceQueue", () => {
  it("runs a text at once while a process is free", async () => {
    const { clock, runtime, queue } = setUp();
    const answer = queue.infer(text(5), never);
    expect(runtime.batches).toEqual([[5]]);
    await clock.advance(12);
    runtime.finish();
    expect(await answer).toEqual({ logits: new Float32Array(5).fill(7), queueMs: 0, inferMs: 12 });
  });

  it("batches what gathered while the process was busy, and times the wait apart", async () => {
    const { clock, runtime, queue, reports } = setUp();
    const first = queue.infer(text(50), never);
    const rest = [queue.infer(text(20), never), queue.infer(text(19), never)];
    await clock.advance(30);
    runtime.finish();
    await first;
    expect(runtime.batches).toEqual([[50], [20, 19]]);
    await clock.advance(8);
    runtime.finish();
    expect((await Promise.all(rest)).map(({ queueMs, inferMs }) => [queueMs, inferMs])).toEqual([
      [30, 8],
      [30, 8],
    ]);
    expect(reports).toEqual([
      { texts: 1, paddingShare: 0 },
      { texts: 2, paddingShare: expect.closeTo(1 / 40) },
    ]);
  });

  it("fails with queue_full beyond its bound, before any work", async () => {
    const { runtime, queue } = setUp({ limit: 2 });
    const running = queue.infer(text(5), never);
    const waiting = [queue.infer(text(5), never), queue.infer(text(5), never)];
    expect(() => queue.reserve()).toThrow(expect.objectContaining({ code: "queue_full" }));
    expect(queue.depth).toBe(2);
    runtime.finish();
    await running;
    runtime.finish();
    await Promise.all(waiting);
    expect(() => queue.reserve()).not.toThrow();
  });

  it("counts what is being prepared, until its place is given back", () => {
    const { queue } = setUp({ limit: 2 });
    const release = queue.reserve();
    queue.reserve();
    expect(() => queue.reserve()).toThrow(expect.objectContaining({ code: "queue_full" }));
    release();
    release();
    expect(() => queue.reserve()).not.toThrow();
    expect(() => queue.reserve()).toThrow(expect.objectContaining({ code: "queue_full" }));
  });

  it("never runs a text whose client had left before it came", async () => {
    const { runtime, queue } = setUp();
    const left = AbortSignal.abort(new Error("left"));
    await expect(queue.infer(text(5), never, left)).rejects.toThrow("left");
    expect(runtime.batches).toEqual([]);
  });

  it("fails with deadline_exceeded while no process comes free, and never runs the text", async () => {
    const { clock, runtime, queue } = setUp();
    void queue.infer(text(5), never);
    const late = expect(queue.infer(text(5), never)).rejects.toMatchObject({
      code: "deadline_exceeded",
    });
    await clock.advance(latencyBudget.queueLimitMs);
    await late;
    runtime.finish();
    await settleMicrotasks();
    expect(runtime.batches).toHaveLength(1);
  });

  it("keeps a deadline that comes before the queue's own limit", async () => {
    const { clock, queue } = setUp();
    void queue.infer(text(5), never);
    void queue.infer(text(6), never).catch(() => {});
    const soon = expect(queue.infer(text(5), 50)).rejects.toMatchObject({
      code: "deadline_exceeded",
    });
    await clock.advance(60);
    await soon;
    expect(queue.depth).toBe(1);
  });

  it("drops a text whose client left before it ran", async () => {
    const { runtime, queue } = setUp();
    const left = new AbortController();
    const first = queue.infer(text(5), never);
    const gone = expect(queue.infer(text(5), never, left.signal)).rejects.toThrow("left");
    left.abort(new Error("left"));
    await gone;
    runtime.finish();
    await first;
    expect(runtime.batches).toHaveLength(1);
  });

  it("fails only the texts of a batch whose process died", async () => {
    const { runtime, queue } = setUp();
    const lost = expect(queue.infer(text(5), never)).rejects.toThrow("died");
    const next = queue.infer(text(6), never);
    runtime.finish(new InferenceProcessError("died"));
    await lost;
    runtime.finish();
    expect((await next).logits).toHaveLength(6);
  });
});
