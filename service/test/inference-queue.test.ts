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
    const answer = queue.infer(text(5), { deadline: never });
    expect(runtime.batches).toEqual([[5]]);
    await clock.advance(12);
    runtime.finish();
    expect(await answer).toEqual({
      logits: new Float32Array(5).fill(7),
      queueMs: 0,
      inferMs: 12,
      batch: { number: 1, texts: 1, tokens: 5, paddingShare: 0 },
    });
  });

  it("batches what gathered while the process was busy, and times the wait apart", async () => {
    const { clock, runtime, queue, reports } = setUp();
    const first = queue.infer(text(50), { deadline: never });
    const rest = [
      queue.infer(text(20), { deadline: never }),
      queue.infer(text(19), { deadline: never }),
    ];
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
      { number: 1, texts: 1, tokens: 50, paddingShare: 0 },
      { number: 2, texts: 2, tokens: 39, paddingShare: expect.closeTo(1 / 40) },
    ]);
  });

  it("fails with queue_full beyond its bound, before any work", async () => {
    const { runtime, queue } = setUp({ limit: 2 });
    const running = queue.infer(text(5), { deadline: never });
    const waiting = [
      queue.infer(text(5), { deadline: never }),
      queue.infer(text(5), { deadline: never }),
    ];
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
    await expect(queue.infer(text(5), { deadline: never, signal: left })).rejects.toThrow("left");
    expect(runtime.batches).toEqual([]);
  });

  it("fails with deadline_exceeded while no process comes free, and never runs the text", async () => {
    const { clock, runtime, queue } = setUp();
    void queue.infer(text(5), { deadline: never });
    const late = expect(queue.infer(text(5), { deadline: never })).rejects.toMatchObject({
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
    void queue.infer(text(5), { deadline: never });
    void queue.infer(text(6), { deadline: never }).catch(() => {});
    const soon = expect(queue.infer(text(5), { deadline: 50 })).rejects.toMatchObject({
      code: "deadline_exceeded",
    });
    await clock.advance(60);
    await soon;
    expect(queue.depth).toBe(1);
  });

  it("drops a text whose client left before it ran", async () => {
    const { runtime, queue } = setUp();
    const left = new AbortController();
    const first = queue.infer(text(5), { deadline: never });
    const gone = expect(
      queue.infer(text(5), { deadline: never, signal: left.signal }),
    ).rejects.toThrow("left");
    left.abort(new Error("left"));
    await gone;
    runtime.finish();
    await first;
    expect(runtime.batches).toHaveLength(1);
  });

  it("fails only the texts of a batch whose process died", async () => {
    const { runtime, queue } = setUp();
    const lost = expect(queue.infer(text(5), { deadline: never })).rejects.toThrow("died");
    const next = queue.infer(text(6), { deadline: never });
    runtime.finish(new InferenceProcessError("died"));
    await lost;
    runtime.finish();
    expect((await next).logits).toHaveLength(6);
  });

  it("refuses at once what cannot be answered by its deadline, and takes what can", async () => {
    const { clock, runtime, queue } = setUp();
    const first = queue.infer(text(10), { deadline: never });
    await clock.advance(100);
    runtime.finish();
    await first;
    // Ten milliseconds a token from here on.
    void queue.infer(text(10), { deadline: never });
    void queue.infer(text(10), { deadline: never });
    const now = clock.now();
    await expect(queue.infer(text(5), { deadline: now + 149 })).rejects.toMatchObject({
      code: "deadline_exceeded",
    });
    expect(queue.depth).toBe(1);
    void queue.infer(text(5), { deadline: now + 151 }).catch(() => {});
    expect(queue.depth).toBe(2);
  });

  it("runs what comes while a process is free, however slow the last batch was", async () => {
    const { clock, runtime, queue } = setUp();
    const stalled = queue.infer(text(1), { deadline: never });
    await clock.advance(60_000);
    runtime.finish();
    await stalled;
    const next = queue.infer(text(100), { deadline: clock.now() + 1_000 });
    runtime.finish();
    expect((await next).logits).toHaveLength(100);
  });

  it("lets no listener stay on a signal that outlives its texts", async () => {
    const { runtime, queue } = setUp();
    const stream = new AbortController();
    const added = jest.spyOn(stream.signal, "addEventListener");
    const removed = jest.spyOn(stream.signal, "removeEventListener");
    for (let i = 0; i < 3; i++) {
      const answer = queue.infer(text(5), { deadline: never, signal: stream.signal });
      runtime.finish();
      await answer;
    }
    expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([3, 3]);
  });
});

describe("the bulk lane", () => {
  const bulk = { deadline: Infinity, lane: "bulk" } as const;

  it("runs only when no single request waits", async () => {
    const { runtime, queue } = setUp();
    void queue.infer(text(5), bulk);
    void queue.infer(text(6), bulk);
    void queue.infer(text(7), { deadline: never });
    runtime.finish();
    await settleMicrotasks();
    runtime.finish();
    await settleMicrotasks();
    expect(runtime.batches).toEqual([[5], [7], [6]]);
  });

  it("still gets on while single requests never end", async () => {
    const { runtime, queue } = setUp();
    void queue.infer(text(100), { deadline: never });
    void queue.infer(text(5), bulk);
    for (let i = 0; i < 20; i++) {
      void queue.infer(text(50), { deadline: never });
      runtime.finish();
      await settleMicrotasks();
    }
    expect(runtime.batches.findIndex(([tokens]) => tokens === 5)).toBe(9);
  });

  it("takes no place of a single request, and outlasts the wait that those have at most", async () => {
    const { clock, runtime, queue } = setUp({ limit: 2 });
    void queue.infer(text(5), { deadline: never });
    const waits = [1, 2, 3].map(() => queue.infer(text(5), bulk));
    expect([queue.depth, queue.bulkDepth]).toEqual([0, 3]);
    expect(() => queue.reserve()).not.toThrow();
    await clock.advance(latencyBudget.queueLimitMs * 2);
    runtime.finish();
    await settleMicrotasks();
    runtime.finish();
    expect(await Promise.all(waits)).toHaveLength(3);
  });

  it("has a bounded number of places, given out in order", async () => {
    const { queue } = setUp({ limit: 2 });
    const [first] = [await queue.place(), await queue.place()];
    const order: string[] = [];
    const third = queue.place().then((release) => (order.push("third"), release));
    const left = new AbortController();
    const gone = queue.place(left.signal);
    void queue.place().then(() => order.push("fifth"));
    left.abort(new Error("left"));
    await expect(gone).rejects.toThrow("left");
    expect(order).toEqual([]);
    first();
    first();
    await settleMicrotasks();
    expect(order).toEqual(["third"]);
    (await third)();
    await settleMicrotasks();
    expect(order).toEqual(["third", "fifth"]);
    await expect(queue.place(left.signal)).rejects.toThrow("left");
  });
});
