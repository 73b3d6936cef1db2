import { paths, settings } from "@berth/contract";
import type { SettingName } from "@berth/contract";
import { RunningService } from "./support/running-service";
import { temporaryFolders } from "./support/temporary-folder";

jest.setTimeout(60_000);

const newFolder = temporaryFolders();
const secret = "correct-horse-battery-staple";

/** A value of each secret setting that holds the secret. */
const samples: Partial<Record<SettingName, string>> = {
  API_KEY: secret,
  MONGODB_URI: `mongodb://user:${secret}@127.0.0.1:9/berth`,
};

let service: RunningService | undefined;
afterEach(async () => {
  await service?.stop("SIGKILL");
  service = undefined;
});

const written = ({ log, errorOutput }: RunningService) => JSON.stringify(log) + errorOutput;

describe("a secret setting", () => {
  it("has a sample here", () => {
    const secrets = Object.entries(settings).filter(([, setting]) => "secret" in setting);
    expect(secrets.map(([name]) => name).sort()).toEqual(Object.keys(samples).sort());
  });

  it("never reaches the log, whatever goes wrong with what it opens, and whoever sends it", async () => {
    service = RunningService.start({ DATA_DIR: newFolder(), LOG_LEVEL: "trace", ...samples });
    const url = await service.url();
    for (const authorization of [`Bearer ${secret}`, `Bearer ${secret}-guess`, secret])
      await fetch(url + paths.analyze, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: authorization },
        body: '{"text": "one two"}',
      });
    expect((await fetch(url + paths.history)).status).toBe(503);
    await service.stop();
    expect(service.log.filter(({ msg }) => msg === "answered")).toHaveLength(4);
    expect(written(service)).not.toContain(secret);
  });

  it("never reaches the log when it is wrong", async () => {
    service = RunningService.start({
      DATA_DIR: newFolder(),
      API_KEY: `${secret} with a space`,
      MONGODB_URI: `http://user:${secret}@127.0.0.1/`,
    });
    expect(await service.exited).toBe(1);
    expect(service.errorOutput.match(/\(hidden\)/g)).toHaveLength(2);
    expect(written(service)).not.toContain(secret);
  });

  it("is told from others, which do show: the test would see it", async () => {
    service = RunningService.start({ DATA_DIR: newFolder(), LOG_LEVEL: secret });
    await service.exited;
    expect(written(service)).toContain(secret);
  });
});
