import { constants, openSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { execFileSync } from "node:child_process";
import { endpoints, paths } from "@berth/contract";
import type { SettingsEnv } from "@berth/contract";
import { openLog } from "../src/compose/logging";
import { appForEachTest } from "./support/app-for-each-test";
import type { AppUnderTest } from "./support/app-under-test";
import { RunningService } from "./support/running-service";
import { temporaryFolders } from "./support/temporary-folder";

jest.setTimeout(60_000);

const newFolder = temporaryFolders();
const json = { "Content-Type": "application/json" };

describe("a request's line in the log", () => {
  let app: AppUnderTest;
  appForEachTest((started) => ({ app } = started));

  const lines = () => app.logged.map((line) => JSON.parse(line) as Record<string, unknown>);
  /** The one line of a request, once it is written. */
  async function lineOf(ask: () => Promise<unknown>): Promise<Record<string, unknown>> {
    const before = app.logged.length;
    await ask().catch(() => {});
    while (app.logged.length === before) await nextTurn();
    // Another request's line comes after all that this one causes.
    await (await fetch(app.url + paths.healthz)).text();
    while (!lines().some((line, i) => i > before && line.path === paths.healthz)) await nextTurn();
    const own = lines()
      .slice(before)
      .filter(({ path }) => path !== paths.healthz);
    expect(own).toHaveLength(1);
    return own[0]!;
  }
  const analyze = (body: string, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    fetch(app.url + paths.analyze, {
      method: "POST",
      headers: { ...json, ...headers },
      body,
      signal: signal ?? null,
    });

  it("has its outcome, and nothing else", async () => {
    const line = await lineOf(() => analyze('{"text": "a"}', { "X-Request-Id": "mine" }));
    expect(line).toEqual({
      level: 30,
      time: expect.any(Number),
      pid: process.pid,
      hostname: expect.any(String),
      reqId: "mine",
      method: "POST",
      path: paths.analyze,
      status: 200,
      durationMs: expect.any(Number),
      msg: "answered",
    });
    expect(line.durationMs).toBeGreaterThan(0);
  });

  it("has the error's code, and no query, which is the user's", async () => {
    const line = await lineOf(() => fetch(`${app.url}/api/nothing?text=my+private+sentence`));
    expect(line).toMatchObject({ path: "/api/nothing", status: 404, errorCode: "not_found" });
    expect(JSON.stringify(line)).not.toContain("private");
  });

  it("has no more of a path than fits", async () => {
    const line = await lineOf(() => fetch(`${app.url}/${"x".repeat(8_000)}`));
    expect((line.path as string).length).toBe(256);
  });

  it("has the cause of the service's own faults, at a level of its own", async () => {
    app.runtime.error = new TypeError("secret inside");
    const line = await lineOf(() => analyze('{"text": "a"}'));
    expect(line).toMatchObject({
      level: 50,
      status: 500,
      errorCode: "internal",
      err: { type: "TypeError", message: "secret inside", stack: expect.stringContaining("at ") },
    });
    app.ready = false;
    expect(await lineOf(() => analyze('{"text": "a"}'))).toMatchObject({
      level: 40,
      status: 503,
      errorCode: "not_ready",
    });
  });

  it("says that the client left, without a status, once", async () => {
    app.runtime.hold = true;
    const client = new AbortController();
    const line = await lineOf(async () => {
      const asked = analyze('{"text": "a"}', {}, client.signal);
      while (app.runtime.running.length === 0) await nextTurn();
      client.abort();
      await asked;
    });
    expect(line).toMatchObject({ level: 30, path: paths.analyze, msg: "the client left" });
    expect(line).not.toHaveProperty("status");
    app.runtime.finish();
    await (await fetch(app.url + paths.healthz)).text();
    expect(lines().filter(({ path }) => path === paths.analyze)).toHaveLength(1);
  });

  it("is of the debug level for probes and scrapes", async () => {
    for (const path of [paths.healthz, paths.readyz, paths.metrics])
      await (await fetch(app.url + path)).text();
    while (app.logged.length < 3) await nextTurn();
    expect(lines().map(({ level }) => level)).toEqual([20, 20, 20]);
  });

  it("comes for every endpoint", async () => {
    for (const { path, method } of Object.values(endpoints)) {
      const before = app.logged.length;
      const address = path.replace("{id}", "01a2098a-b232-7264-aa2a-f1a35aa672de");
      await (await fetch(app.url + address, { method: method.toUpperCase() })).text();
      while (app.logged.length === before) await nextTurn();
      expect(lines().slice(before)).toMatchObject([
        { path: address, method: method.toUpperCase() },
      ]);
    }
  });
});

describe("the service's log", () => {
  const running: RunningService[] = [];
  function start(env: SettingsEnv = {}): RunningService {
    const service = RunningService.start({ DATA_DIR: newFolder(), ...env });
    running.push(service);
    return service;
  }
  afterEach(async () => {
    await Promise.all(running.splice(0).map((service) => service.stop("SIGKILL")));
  });

  const text = "My private sentence about a football match.";
  const everything = (service: RunningService) => JSON.stringify(service.log) + service.errorOutput;

  it("holds no text unless asked for, and then no more than its first 500 characters", async () => {
    const silent = start();
    await silent.ready();
    await silent.label(text);
    await silent.analyze(text.repeat(1_000));
    expect(await silent.stop()).toBe(0);
    expect(everything(silent)).not.toContain("private");

    const asked = start({ LOG_TEXTS: "true" });
    await asked.ready();
    const answer = await asked.label(text + "x".repeat(1_000));
    expect(await asked.stop()).toBe(0);
    const lines = asked.log.filter(({ msg }) => msg === "text");
    expect(lines).toMatchObject([
      { entry: answer.id, label: answer.label, text: (text + "x".repeat(1_000)).slice(0, 500) },
    ]);
  });

  it("is whole after an end that was asked for, and after an error that nobody caught", async () => {
    const preload = join(newFolder(), "preload.cjs");
    writeFileSync(
      preload,
      'process.once("SIGUSR2", () => { throw new Error("thrown on purpose"); });',
    );
    for (const [signal, status] of [
      ["SIGTERM", 0],
      ["SIGUSR2", 1],
    ] as const) {
      const service = start({ NODE_OPTIONS: `--require ${preload}` } as SettingsEnv);
      await service.ready();
      const url = await service.url();
      await Promise.all(
        Array.from({ length: 100 }, async (_, i) =>
          (await fetch(url + paths.model, { headers: { "X-Request-Id": `n${i}` } })).text(),
        ),
      );
      expect(await service.stop(signal)).toBe(status);
      const logged = service.log
        .filter(({ path }) => path === paths.model)
        .map(({ reqId }) => reqId);
      expect(logged.sort()).toEqual(Array.from({ length: 100 }, (_, i) => `n${i}`).sort());
      expect(service.errorOutput.includes("thrown on purpose")).toBe(signal === "SIGUSR2");
    }
  });

  it("is written while the service runs, so that a kill -9 loses the last moment at most", async () => {
    const service = start();
    await service.ready();
    const url = await service.url();
    await (await fetch(url + paths.model, { headers: { "X-Request-Id": "before" } })).text();
    await service.logged(({ reqId }) => reqId === "before");
    expect(await service.stop("SIGKILL")).toBe("SIGKILL");
  });
});

describe("a log whose reader does not keep up", () => {
  it("is cut and the lines that are lost are counted, while nothing waits", async () => {
    const pipe = join(newFolder(), "pipe");
    execFileSync("mkfifo", [pipe]);
    const reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    let dropped = 0;
    const { logger, flush } = openLog({ LOG_LEVEL: "info" }, () => dropped++, pipe);
    const write = () => logger.info({ filling: "x".repeat(10_000) }, "line");
    for (let i = 0; i < 100; i++) write();
    expect(dropped).toBe(0);
    for (let i = 100; i < 1_000; i++) write();
    const kept = 1_000 - dropped;

    // Once it is read again, what was kept comes whole.
    const chunk = Buffer.alloc(1 << 16);
    let received = "";
    for (let lines = 0; lines < kept; lines = received.split("\n").length - 1) {
      await nextTurn();
      received += readNow(reader, chunk);
    }
    expect(dropped).toBeGreaterThan(400);
    expect(kept).toBeGreaterThan(300);
    await flush();
    const parsed = received
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { msg: string });
    expect(parsed).toHaveLength(kept);
  });
});

/** What lies in a pipe now. */
function readNow(descriptor: number, into: Buffer): string {
  try {
    return into.toString("latin1", 0, readSync(descriptor, into));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return "";
    throw error;
  }
}
