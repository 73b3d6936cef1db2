import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { paths } from "@berth/contract";
import { KeepAliveClient, encodePost } from "./support/keep-alive-client";
import { Nginx } from "./support/nginx";
import { closedLoop, openLoop, statusCounts } from "./support/open-loop";
import type { Sample } from "./support/open-loop";
import { RunningService } from "./support/running-service";
import { temporaryFolders } from "./support/temporary-folder";

// Two replicas behind nginx, restarted in turn while requests come at a fixed rate. Nothing gives nginx or a replica
// warning before SIGTERM: nginx finds out by a connection that is refused, or an answer that says `Connection: close`.

jest.setTimeout(600_000);

const program = process.env.BERTH_TEST_NGINX;
const newFolder = temporaryFolders();
const text = "Researchers unveiled a processor that trains neural networks with less electricity";

const restarts = 20;
const requests = 10_000;

/** Requests in flight that make a replica compute without a break. */
const saturating = 16;
const calibrationMs = 4_000;

/** Above, the clients' own work and the start of a replica, on the same CPUs, would be what is measured. */
const mostPerSecond = 50;

/** One of the two that nginx sends to. */
class Replica {
  private readonly folder = newFolder();
  private service: RunningService;

  private constructor(readonly port: number) {
    this.service = this.launch();
  }

  static async start(): Promise<Replica> {
    const replica = new Replica(await freePort());
    await replica.service.ready();
    return replica;
  }

  /** @returns exit code, or the signal that ended it */
  stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    return this.service.stop(signal);
  }

  async startAgain(): Promise<void> {
    this.service = this.launch();
    await this.service.ready();
  }

  private launch(): RunningService {
    return RunningService.start({
      DATA_DIR: this.folder,
      PORT: String(this.port),
      INFERENCE_PROCESSES: "1",
      LOG_LEVEL: "info",
    });
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Two replicas behind nginx, and a client. */
class Site {
  private constructor(
    readonly replicas: readonly Replica[],
    readonly nginx: Nginx,
    private readonly client: KeepAliveClient,
  ) {}

  static async start(): Promise<Site> {
    const replicas = [await Replica.start(), await Replica.start()];
    const port = await freePort();
    const nginx = await Nginx.start(
      { program: program!, folder: newFolder(), port },
      replicas.map((replica) => replica.port),
    );
    return new Site(replicas, nginx, new KeepAliveClient({ port }));
  }

  /** A connection of its own for each request: nginx closes those of clients when it is told of other replicas. */
  readonly send = (index: number) =>
    this.client.send(
      encodePost(paths.analyze, { text: `${text} ${index}` }, { Connection: "close" }),
    );

  /** Ends a replica, starts it again on its port, and has nginx send to it once it is ready. */
  async restart(replica: Replica, signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    const status = await replica.stop(signal);
    const others = this.replicas.filter((other) => other !== replica);
    await this.nginx.use(others.map(({ port }) => port));
    await replica.startAgain();
    await this.nginx.use(this.replicas.map(({ port }) => port));
    return status;
  }

  async close(): Promise<void> {
    this.client.close();
    await this.nginx.stop();
    await Promise.all(this.replicas.map((replica) => replica.stop("SIGKILL")));
  }
}

let site: Site | undefined;
afterEach(async () => {
  await site?.close();
  site = undefined;
});

/** Half of what one replica serves: while the other is restarted, it serves all. */
async function halfLoad({ send, nginx, replicas }: Site): Promise<number> {
  await nginx.use([replicas[0]!.port]);
  await closedLoop({ width: saturating, durationMs: calibrationMs / 2, send });
  const samples = await closedLoop({ width: saturating, durationMs: calibrationMs, send });
  expect(statusCounts(samples)).toEqual({ 200: samples.length });
  await nginx.use(replicas.map(({ port }) => port));
  return Math.min(mostPerSecond, samples.length / (calibrationMs / 1000) / 2);
}

/** Requests that failed, by what became of them. */
const failuresOf = (samples: readonly Sample[]) =>
  samples.filter(({ status }) => status !== 200).map(({ status, code }) => `${status} ${code}`);

/** Without nginx these are named as skipped; ./scripts/verify installs it. */
const withNginx = program === undefined ? it.skip : it;

describe("two replicas behind nginx", () => {
  withNginx(
    "are restarted 20 times at half load, and none of 10,000 requests fails (BERTH_TEST_NGINX)",
    async () => {
      site = await Site.start();
      const ratePerSecond = await halfLoad(site);
      const durationMs = (requests / ratePerSecond) * 1000;
      const startedAt = performance.now();
      const load = openLoop({ ratePerSecond, durationMs, arrivals: "poisson", send: site.send });
      const statuses: (number | NodeJS.Signals)[] = [];
      for (let round = 0; round < restarts; round++) {
        // Spread over the load.
        const dueMs = (durationMs * (round + 0.5)) / restarts - (performance.now() - startedAt);
        if (dueMs > 0) await pause(dueMs);
        statuses.push(await site.restart(site.replicas[round % 2]!, "SIGTERM"));
      }
      const restartedMs = performance.now() - startedAt;
      const samples = await load;
      expect(statuses).toEqual(Array(restarts).fill(0));
      const failures = failuresOf(samples);
      const complaints = failures.length > 0 ? site.nginx.complaints() : [];
      expect({ failures, complaints }).toEqual({ failures: [], complaints: [] });
      expect(samples.length).toBeGreaterThan(requests * 0.95);
      expect(restartedMs).toBeLessThan(durationMs);
    },
  );

  withNginx(
    "fail requests if they are killed instead, and the test above sees it (BERTH_TEST_NGINX)",
    async () => {
      site = await Site.start();
      const ratePerSecond = await halfLoad(site);
      const over = new AbortController();
      const load = openLoop({
        ratePerSecond,
        durationMs: Infinity,
        signal: over.signal,
        send: site.send,
      });
      for (const replica of site.replicas) await site.restart(replica, "SIGKILL");
      over.abort();
      expect(failuresOf(await load)).toContainEqual(expect.stringMatching(/^502 /));
    },
  );
});
