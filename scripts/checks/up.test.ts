import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { paths, ports, settings } from "@berth/contract";
import { nodeFault } from "../lib/check-node";
import { readPort, requireFreePort } from "../lib/port";
import { Remedy, remedyFor } from "../lib/remedy";
import { step } from "../lib/step";
import { facts } from "../lib/up";

const up = (args: string[], env: Record<string, string> = {}) =>
  spawnSync(process.execPath, [join(__dirname, "..", "up"), ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });

describe("./scripts/up", () => {
  it("knows the contract's port, host and readiness path before the contract can be loaded", () => {
    expect(facts).toEqual({
      port: ports.service,
      host: settings.HOST.default,
      readyz: paths.readyz,
    });
  });

  it("explains itself", () => {
    const { status, stdout } = up(["--help"]);
    expect([status, stdout]).toEqual([
      0,
      expect.stringContaining("usage: [PORT=8000] ./scripts/up"),
    ]);
  });

  it("fails on an argument that it does not know", () => {
    const { status, stderr } = up(["--fast"]);
    expect([status, stderr]).toEqual([2, expect.stringContaining("Unknown: --fast")]);
  });

  it("fails on a port that is none, before it installs anything", () => {
    const { status, stdout, stderr } = up([], { PORT: "eighty" });
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain('PORT is "eighty"; it must be a whole number from 1 to 65535.');
  });
});

describe("the check of Node's version", () => {
  it.each(["v20.19.0", "v20.20.2", "v22.0.0", "v24.1.0"])("takes %s", (version) => {
    expect(nodeFault(version)).toBeNull();
  });

  it.each(["v20.18.3", "v18.20.0", "v8.0.0"])("fails for %s with the remedy", (version) => {
    expect(nodeFault(version)).toContain(`this is ${version}`);
    expect(nodeFault(version)).toContain("Install a newer one");
  });
});

describe("the check of the port", () => {
  it("fails on a port that is taken, and names another", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    await expect(requireFreePort(port, "127.0.0.1")).rejects.toThrow(
      `Port ${port} is taken. End the program that uses it, or take another: PORT=${port + 1} ./scripts/up`,
    );
    await new Promise((resolve) => other.close(resolve));
    await expect(requireFreePort(port, "127.0.0.1")).resolves.toBeUndefined();
  });

  it("takes the fallback when none is asked for", () => {
    expect([readPort(undefined, 8000), readPort("", 8000), readPort("81", 8000)]).toEqual([
      8000, 8000, 81,
    ]);
    expect(() => readPort("0", 8000)).toThrow(Remedy);
  });
});

describe("a step that fails", () => {
  it.each([
    ["npm error code ENOSPC", /The disk is full/],
    ["npm error code ENOTFOUND", /registry cannot be reached/],
    ["npm error code EUSAGE", /package-lock\.json and package\.json differ/],
  ])("ends with the remedy for %s", (output, remedy) => {
    expect(remedyFor(output)).toMatch(remedy);
  });

  it("shows what the command printed", async () => {
    const write = jest.spyOn(process.stdout, "write").mockReturnValue(true);
    const log = jest.spyOn(console, "log").mockReturnValue();
    const script = "console.error('no space left on device'); process.exit(3)";
    await expect(step("trying", process.execPath, ["-e", script])).rejects.toThrow(
      /^no space left on device\n\nThe disk is full/,
    );
    await expect(step("trying", "/no/such/program", [])).rejects.toThrow(/ENOENT/);
    await expect(step("trying", process.execPath, ["-e", "console.log(1)"])).resolves.toBe("1\n");
    write.mockRestore();
    log.mockRestore();
  });
});
