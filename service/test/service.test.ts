import { readFileSync } from "node:fs";
import { cp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import {
  historyResponse,
  manifestFile,
  metrics,
  modelKey,
  modelPrefix,
  paths,
  servedModel,
} from "@berth/contract";
import { RunningService } from "./support/running-service";
import { temporaryFolders } from "./support/temporary-folder";

// Each test starts processes that load the model; how long that takes is the machine's affair.
jest.setTimeout(60_000);

const newFolder = temporaryFolders();
const bundled = join(__dirname, "..", "model");

/** Headlines of our own, one a label. */
const headlines = {
  World:
    "Ministers from nine countries met in Geneva to negotiate a ceasefire after weeks of border fighting.",
  Sports:
    "The goalkeeper saved two penalties as the home side reached the cup final for the first time.",
  Business:
    "Shares of the retailer fell 8 percent after it cut its profit forecast for the third quarter.",
  "Sci/Tech":
    "Researchers unveiled a processor that trains neural networks with a tenth of the electricity.",
};

const running: RunningService[] = [];
function start(env: Parameters<typeof RunningService.start>[0]): RunningService {
  const service = RunningService.start(env);
  running.push(service);
  return service;
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop("SIGKILL")));
});

const inferencePids = (service: RunningService): number[] =>
  readFileSync(`/proc/${service.child.pid}/task/${service.child.pid}/children`, "utf8")
    .trim()
    .split(/\s+/)
    .map(Number);

/** Processes are found through /proc, which Linux alone has. */
const onLinux = process.platform === "linux" ? it : it.skip;

describe("the service as a process", () => {
  it("classifies headlines with the bundled model", async () => {
    const service = start({ DATA_DIR: newFolder() });
    await service.ready();
    for (const [label, headline] of Object.entries(headlines))
      expect(await service.label(headline)).toMatchObject({ label, truncated: false });
    expect(await service.stop()).toBe(0);
  });

  it("has after kill -9 what it answered a second before", async () => {
    const folder = newFolder();
    const before = start({ DATA_DIR: folder });
    await before.ready();
    const answers = await Promise.all(Object.values(headlines).map((text) => before.label(text)));
    const answeredAt = performance.now();
    while (
      (await before.metric(metrics.journalDepth.name)) > 0 &&
      performance.now() - answeredAt < 1_000
    );
    expect(await before.stop("SIGKILL")).toBe("SIGKILL");

    const after = start({ DATA_DIR: folder });
    const page = historyResponse.parse(
      await (await fetch((await after.url()) + paths.history)).json(),
    );
    expect(page.entries.map(({ id }) => id).sort()).toEqual(answers.map(({ id }) => id).sort());
  });

  onLinux("outlives an inference process that is killed, and replaces it", async () => {
    const service = start({ DATA_DIR: newFolder(), INFERENCE_PROCESSES: "1" });
    await service.ready();
    for (let round = 1; round <= 3; round++) {
      const [pid] = inferencePids(service);
      process.kill(pid!, "SIGKILL");
      await service.logged(
        (line) =>
          line.cause === "exited" && service.log.filter((one) => one.cause).length === round,
      );
      const answer = await service.label(headlines.Sports);
      expect(answer.label).toBe("Sports");
      expect(inferencePids(service)[0]).not.toBe(pid);
    }
    expect(await service.metric(`${metrics.inferenceRestarts.name}{cause="exited"}`)).toBe(3);
  });

  onLinux(
    "gives up an inference process that hangs, with 503 for what it ran, and replaces it",
    async () => {
      const service = start({ DATA_DIR: newFolder(), INFERENCE_PROCESSES: "1" });
      await service.ready();
      process.kill(inferencePids(service)[0]!, "SIGSTOP");
      const lost = await service.analyze(headlines.World);
      expect([lost.status, lost.headers.has("Retry-After")]).toEqual([503, true]);
      expect((await service.label(headlines.World)).label).toBe("World");
      expect(await service.metric(`${metrics.inferenceRestarts.name}{cause="hung"}`)).toBe(1);
    },
  );

  it("answers what is in flight when it is told to end, and ends with 0", async () => {
    const service = start({ DATA_DIR: newFolder() });
    await service.ready();
    const answers = Array.from({ length: 10 }, () =>
      service.analyze(headlines.Business.repeat(10)),
    );
    await Promise.race(answers);
    expect(await service.stop()).toBe(0);
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses).toEqual(Array(10).fill(200));
    expect(service.log.at(-1)!.msg).toBe("stopped");
  });

  it("ends without waiting for a connection that carries no request", async () => {
    const service = start({ DATA_DIR: newFolder() });
    const socket = connect(Number(new URL(await service.url()).port), "127.0.0.1");
    await once(socket, "connect");
    const closed = once(socket, "close");
    expect(await service.stop()).toBe(0);
    await closed;
    expect(service.log.map(({ msg }) => msg)).not.toContainEqual(
      expect.stringContaining("cut off"),
    );
  });

  it("fails to start on wrong settings, naming all of them", async () => {
    const service = start({
      DATA_DIR: newFolder(),
      PORT: "99999",
      MONGODB_URI: "http://user:hunter2@x",
    });
    expect(await service.exited).toBe(1);
    expect(service.errorOutput).toMatch(/PORT is "99999"/);
    expect(service.errorOutput).toMatch(/MONGODB_URI is \(hidden\)/);
    expect(service.errorOutput).not.toContain("hunter2");
  });

  it("fails to start on a port that is taken, with the remedy", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const service = start({ DATA_DIR: newFolder(), PORT: String(port) });
    expect(await service.exited).toBe(1);
    expect(service.errorOutput).toContain(`port ${port} is taken`);
    other.close();
  });

  it("fails to start on a history that another service uses, with the remedy", async () => {
    const folder = newFolder();
    await start({ DATA_DIR: folder }).url();
    const second = start({ DATA_DIR: folder });
    expect(await second.exited).toBe(1);
    expect(second.errorOutput).toMatch(/in use by another process: stop it, or set DATA_DIR/);
  });
});

describe("the service with MongoDB", () => {
  const server = process.env.BERTH_TEST_MONGODB_URI;

  it("answers while MongoDB is away, says 503 for the history, and keeps the answers in its journal", async () => {
    const away = { DATA_DIR: newFolder(), MONGODB_URI: "mongodb://127.0.0.1:9/berth" };
    const service = start(away);
    await service.ready();
    expect((await service.label(headlines.World)).label).toBe("World");
    const history = await fetch((await service.url()) + paths.history);
    expect([history.status, history.headers.has("Retry-After")]).toEqual([503, true]);
    expect(await service.metric(metrics.journalDepth.name)).toBe(1);
    expect(await service.stop()).toBe(0);
    const again = start(away);
    await again.url();
    expect(await again.metric(metrics.journalDepth.name)).toBe(1);
  });

  /** Without a server this is named as skipped; ./scripts/verify starts one. */
  (server === undefined ? it.skip : it)(
    "hands on to MongoDB what another process left in the journal (BERTH_TEST_MONGODB_URI)",
    async () => {
      const folder = newFolder();
      const before = start({ DATA_DIR: folder, MONGODB_URI: "mongodb://127.0.0.1:9/berth" });
      await before.ready();
      const answer = await before.label(headlines.Business);
      // In the journal, not only in memory.
      const stored = `${metrics.historyWrites.name}{outcome="stored"}`;
      while ((await before.metric(stored)) !== 1);
      await before.stop("SIGKILL");

      const uri = new URL(server!);
      uri.pathname = `/berth_service_${process.pid}`;
      const after = start({ DATA_DIR: folder, MONGODB_URI: uri.href });
      const url = await after.url();
      while ((await after.metric(metrics.journalDepth.name)) > 0);
      const page = historyResponse.parse(await (await fetch(url + paths.history)).json());
      expect(page.entries).toEqual([
        { ...answer, text: headlines.Business, createdAt: expect.anything() },
      ]);
    },
  );
});

describe("a model that is not what was asked for", () => {
  const key = (file: Parameters<typeof modelKey>[1]) => modelKey(servedModel, file);

  async function copyOfModel(): Promise<string> {
    const folder = newFolder();
    await cp(join(bundled, modelPrefix(servedModel)), join(folder, modelPrefix(servedModel)), {
      recursive: true,
    });
    return folder;
  }

  async function flipBit(path: string, at: number): Promise<void> {
    const bytes = readFileSync(path);
    bytes[at]! ^= 1;
    await writeFile(path, bytes);
  }

  it("is served when it is an untouched copy", async () => {
    const service = start({ DATA_DIR: newFolder(), MODEL_DIR: await copyOfModel() });
    await service.ready();
  });

  it.each<[string, (folder: string) => Promise<unknown>, RegExp]>([
    [
      "one flipped bit in the weights",
      (f) => flipBit(join(f, key("model.onnx")), 5_000_000),
      /model\.onnx has sha256 [0-9a-f]{64}, expected [0-9a-f]{64}/,
    ],
    [
      "weights that were cut",
      (f) => truncate(join(f, key("model.onnx")), 1_000_000),
      /model\.onnx has 1000000 bytes, expected \d+/,
    ],
    [
      "a tokenizer that is missing",
      (f) => rm(join(f, key("tokenizer.json"))),
      /tokenizer\.json is missing/,
    ],
    [
      "a manifest that was changed",
      (f) => flipBit(join(f, key(manifestFile)), 40),
      /manifest\.json .*has sha256 [0-9a-f]{64}, expected/,
    ],
    [
      "a link in place of a file",
      (f) => linkAway(join(f, key("config.json"))),
      /config\.json is not a plain file/,
    ],
  ])("fails for %s: alive, never ready, and the log says why", async (_what, damage, reason) => {
    const folder = await copyOfModel();
    await damage(folder);
    const service = start({ DATA_DIR: newFolder(), MODEL_DIR: folder });
    const { err } = await service.logged((line) => line.msg.startsWith("no model to serve"));
    expect((err as Error).message).toMatch(reason);
    expect((await fetch((await service.url()) + paths.healthz)).status).toBe(200);
    expect((await fetch((await service.url()) + paths.readyz)).status).toBe(503);
    expect((await service.analyze("a")).status).toBe(503);
    expect(await service.stop()).toBe(0);
  });

  async function linkAway(path: string): Promise<void> {
    await rm(path);
    await symlink(join(bundled, key("config.json")), path);
  }

  it("is served once its file was mended, without a restart", async () => {
    const folder = await copyOfModel();
    const file = join(folder, key("model.onnx"));
    await flipBit(file, 100);
    const service = start({ DATA_DIR: newFolder(), MODEL_DIR: folder });
    await service.logged((line) => line.msg.startsWith("no model to serve"));
    await flipBit(file, 100);
    await service.ready();
    expect((await service.label(headlines.Sports)).label).toBe("Sports");
  });

  it("fails when the settings pin another digest than the manifest's", async () => {
    const service = start({ DATA_DIR: newFolder(), MODEL_SHA256: "1".repeat(64) });
    const { err } = await service.logged((line) => line.msg.startsWith("no model to serve"));
    expect((err as Error).message).toContain(`expected ${"1".repeat(64)}`);
  });
});
