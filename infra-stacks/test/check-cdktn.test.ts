import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withTemporaryFolder } from "./support/temporary-folder";

// Every run is a process of its own, on a machine that may be busy.
jest.setTimeout(60_000);

const script = join(__dirname, "../../scripts/check-cdktn");

const stack = (instanceType: string, providerVersion: string) => ({
  "//": { metadata: { version: providerVersion } },
  resource: { aws_instance: { machine: { instance_type: instanceType, tags: {} } } },
  terraform: { required_providers: { aws: { version: providerVersion } } },
});

/** Compares two outputs with one stack each, the second after `change`. */
function compare(second: object, change: (stacks: string) => void = () => undefined) {
  return withTemporaryFolder((folder) => {
    const outputs = [stack("t3.medium", "6.25.0"), second].map((json, i) => {
      mkdirSync(join(folder, `${i}/stacks/a`), { recursive: true });
      writeFileSync(join(folder, `${i}/stacks/a/cdk.tf.json`), JSON.stringify(json));
      return join(folder, String(i));
    });
    change(join(folder, "1/stacks"));
    const { status, stdout } = spawnSync(process.execPath, [script, ...outputs], {
      encoding: "utf8",
    });
    return { status, lines: stdout.trim().split("\n") };
  });
}

describe("scripts/check-cdktn", () => {
  it("finds no difference where there is none", () => {
    expect(compare(stack("t3.medium", "6.25.0"))).toEqual({
      status: 0,
      lines: ["cdktn: 1 stacks, 0 differences"],
    });
  });

  it("accepts another version of generator and provider, and says why", () => {
    expect(compare(stack("t3.medium", "6.66.0"))).toEqual({
      status: 0,
      lines: [
        "explained, 1 places: notes about the generator, its version among them; Terraform reads none",
        "explained, 1 places: each generator pins the provider release that its bindings were made from, and spells its source",
        "cdktn: 1 stacks, 0 differences",
      ],
    });
  });

  it("fails on an argument that differs, with both values", () => {
    expect(compare(stack("t3.large", "6.25.0"))).toEqual({
      status: 1,
      lines: [
        "a: resource.aws_instance.machine.instance_type is t3.medium under cdktf and t3.large under cdktn",
        "cdktn: 1 stacks, 1 differences",
      ],
    });
  });

  it("fails on a block that is missing", () => {
    const { status, lines } = compare({ ...stack("t3.medium", "6.25.0"), resource: {} });
    expect(status).toBe(1);
    expect(lines).toContainEqual(
      expect.stringContaining("a: resource.aws_instance.machine.instance_type is t3.medium"),
    );
  });

  it("fails on a stack that is missing", () => {
    const { status, lines } = compare(stack("t3.medium", "6.25.0"), (stacks) => {
      rmSync(join(stacks, "a"), { recursive: true });
    });
    expect(status).toBe(1);
    expect(lines).toContain("a: only under cdktf");
  });
});
