import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deployOrder } from "../lib/every-option";
import { addPlaceholders } from "../lib/placeholders";
import { withoutProvider } from "../lib/without-provider";

/** A stack in which an address refers to a machine. */
const stack = (reference: string, machine: object = {}) => ({
  resource: { aws_instance: { machine }, aws_eip: { address: { instance: reference } } },
});

/** What stands for the machine, once it may be applied. */
function standIn(reference: string, machine?: object) {
  const { resource } = addPlaceholders(withoutProvider(stack(reference, machine)));
  return resource.terraform_data["resource__aws_instance__machine"].input;
}

describe("the placeholders for what AWS would answer", () => {
  it("are put where something refers to them", () => {
    expect(standIn("${aws_instance.machine.id}")).toEqual({
      id: "resource__aws_instance__machine.id",
    });
  });

  it("are put at any depth, and in texts with more than one reference", () => {
    const text = '${aws_instance.machine.disk[0].tags["Name"]}-${aws_instance.machine.arn}';
    expect(standIn(text)).toEqual({
      disk: [{ tags: { Name: 'resource__aws_instance__machine.disk[0].tags["Name"]' } }],
      arn: "resource__aws_instance__machine.arn",
    });
  });

  it("leave what the stack says itself, and make a list of a block that is referred to as one", () => {
    const machine = { id: "i-1", disk: { size: 8 } };
    expect(
      standIn("${aws_instance.machine.id} ${aws_instance.machine.disk[0].id}", machine),
    ).toEqual({ id: "i-1", disk: [{ size: 8, id: "resource__aws_instance__machine.disk[0].id" }] });
  });
});

describe("a stack without its provider", () => {
  it("keeps its own built-in resources beside the stand-ins", () => {
    const own = { resource: { terraform_data: { clock: { input: "now" } }, aws_eip: { a: {} } } };
    expect(Object.keys(withoutProvider(own).resource.terraform_data)).toEqual([
      "clock",
      "resource__aws_eip__a",
    ]);
  });
});

describe("the order of the stacks", () => {
  it("has the buckets of states first, and each stack after those that it reads from", () => {
    const outdir = mkdtempSync(join(tmpdir(), "berth-order-"));
    const stacks = {
      "berth-a-identity": { dependencies: ["berth-a-storage"] },
      "berth-a-network": { dependencies: [] },
      "berth-a-node": { dependencies: ["berth-a-network", "berth-a-identity"] },
      "berth-a-state": { dependencies: [] },
      "berth-a-storage": { dependencies: [] },
    };
    try {
      writeFileSync(join(outdir, "manifest.json"), JSON.stringify({ stacks }));
      expect(deployOrder(outdir)).toEqual([
        "berth-a-state",
        "berth-a-storage",
        "berth-a-identity",
        "berth-a-network",
        "berth-a-node",
      ]);
    } finally {
      rmSync(outdir, { recursive: true });
    }
  });
});
