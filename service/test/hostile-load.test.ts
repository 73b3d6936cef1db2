import { readFileSync } from "node:fs";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { maxBodyBytes, paths } from "@berth/contract";
import { RunningService } from "./support/running-service";
import { temporaryFolders } from "./support/temporary-folder";

// Thousands of requests against the built service.
jest.setTimeout(120_000);

const newFolder = temporaryFolders();

/** Memory is read from /proc, which Linux alone has. */
const onLinux = process.platform === "linux" ? it : it.skip;

/** Growth that counts as flat, once everything was sent a first time. */
const flatMiB = 30;

const residentMiB = (pid: number) =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;

const blanks = Buffer.alloc(20_000_000, 0x20);
const bodies: readonly (readonly [body: string | Buffer, encoding?: string])[] = [
  [gzipSync(blanks), "gzip"],
  [deflateSync(blanks), "deflate"],
  [brotliCompressSync(blanks), "br"],
  ["[".repeat(60_000) + "]".repeat(60_000)],
  ['{"text":'.repeat(12_000) + "0" + "}".repeat(12_000)],
  [`{${Array.from({ length: 14_000 }, (_, i) => `"${i.toString(36)}":0`).join()}}`],
  [`{"text": ${"9".repeat(100_000)}}`],
  [`{"text": "${"\\u0000".repeat(20_000)}"}`],
  [`{"text": "${"<".repeat(20_000)}"}`.padEnd(maxBodyBytes, " ")],
  [" ".repeat(maxBodyBytes + 1)],
  ['{"__proto__": {"text": "a"}}'],
  ['{"text": {"$gt": ""}}'],
];

describe("hostile bodies, again and again", () => {
  let service: RunningService | undefined;
  afterEach(async () => {
    await service?.stop("SIGKILL");
    service = undefined;
  });

  onLinux("leave memory flat, are all refused, and others are served meanwhile", async () => {
    service = RunningService.start({ DATA_DIR: newFolder(), INFERENCE_PROCESSES: "1" });
    const url = await service.url();
    await service.ready();
    const statuses = new Set<number>();
    const round = async (times: number) => {
      for (let i = 0; i < times; i++) {
        const answers = bodies.map(async ([body, encoding]) => {
          const response = await fetch(url + paths.analyze, {
            method: "POST",
            headers: {
              "Content-Type": "application/json",
              ...(encoding !== undefined && { "Content-Encoding": encoding }),
            },
            body: body as never,
          });
          await response.arrayBuffer();
          statuses.add(response.status);
        });
        const other = await fetch(url + paths.healthz);
        expect([other.status, await other.text()]).toEqual([200, '{"status":"ok"}']);
        await Promise.all(answers);
      }
    };
    /** The least of some samples: what lies between is garbage that was not collected yet. */
    const settled = async () => {
      const samples: number[] = [];
      for (let i = 0; i < 3; i++) {
        await round(6);
        samples.push(residentMiB(service!.child.pid!));
      }
      return Math.min(...samples);
    };
    await round(20);
    const before = await settled();
    expect((await settled()) - before).toBeLessThan(flatMiB);
    // 200 is the text of "<" alone, which is text.
    expect([...statuses].sort()).toEqual([200, 400, 413, 422]);
    expect(await service.metric('requests_refused_total{code="internal"}')).toBe(0);
    expect(await service.stop()).toBe(0);
  });

  onLinux("would be noticed if they were kept: memory that is held counts", () => {
    const before = residentMiB(process.pid);
    const held = Buffer.alloc(2 * flatMiB * 1024 * 1024, 1);
    expect(residentMiB(process.pid) - before).toBeGreaterThan(flatMiB);
    expect(held.length).toBeGreaterThan(0);
  });
});
