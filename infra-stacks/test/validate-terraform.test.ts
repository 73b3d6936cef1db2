import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { synthesize } from "./support/synthesize";
import type { Synthesized } from "./support/synthesize";
import { withTemporaryFolder } from "./support/temporary-folder";

// Every run is a process of its own, on a machine that may be busy.
jest.setTimeout(60_000);

const script = join(__dirname, "../../scripts/validate-terraform");
const stacks = synthesize();

/** Runs the check over stacks, one of which `change` may have broken (in its JSON text). */
function validate(
  change: (json: string) => string = (json) => json,
  path = process.env["PATH"],
  changed = "berth-node-storage",
) {
  return withTemporaryFolder((folder) => {
    write(stacks, folder, changed, change);
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, folder], {
      encoding: "utf8",
      env: { ...process.env, PATH: path },
    });
    return { status, stdout, stderr };
  });
}

function write(
  synthesized: Synthesized,
  folder: string,
  changed: string,
  change: (json: string) => string,
): void {
  for (const [id, stack] of Object.entries(synthesized)) {
    mkdirSync(join(folder, id));
    const json = JSON.stringify(stack);
    writeFileSync(join(folder, id, "cdk.tf.json"), id === changed ? change(json) : json);
  }
}

/** Replaces, and fails when there was nothing to replace. */
function replace(pattern: RegExp, replacement: string): (json: string) => string {
  return (json) => {
    expect(json).toMatch(pattern);
    return json.replace(pattern, () => replacement);
  };
}

const hasTerraform = spawnSync("terraform", ["version"]).error === undefined;
const withTerraform = hasTerraform ? describe : describe.skip;
if (!hasTerraform)
  console.warn("Skipped, since terraform is not on the PATH: what terraform validate finds");

withTerraform("scripts/validate-terraform", () => {
  it("finds no fault in any stack", () => {
    expect(validate()).toEqual({
      status: 0,
      stdout: `terraform validate: ${Object.keys(stacks).length} stacks, 0 faults\n`,
      stderr: "",
    });
  });

  const faults: readonly [string, RegExp, string, string][] = [
    [
      "a reference to a resource that does not exist",
      /\$\{aws_s3_bucket\.\w+\.id\}/,
      "${aws_s3_bucket.missing.id}",
      "A managed resource aws_s3_bucket.missing has not been declared",
    ],
    [
      "a reference to a data source that does not exist",
      /\$\{data\.aws_iam_policy_document\.[\w-]+\.json\}/,
      "${data.aws_iam_policy_document.missing.json}",
      "data.aws_iam_policy_document.missing has not been declared",
    ],
    [
      "a dependency on a resource that does not exist",
      /"aws_s3_bucket_public_access_block\.[\w-]+"/,
      '"aws_s3_bucket_public_access_block.missing"',
      "aws_s3_bucket_public_access_block.missing has not been declared",
    ],
    [
      "a function that does not exist",
      /\$\{aws_s3_bucket\.\w+\.id\}/,
      "${upperr(1)}",
      'There is no function named "upperr"',
    ],
    [
      "an expression that does not parse",
      /\$\{aws_s3_bucket\.\w+\.id\}/,
      "${1 + }",
      "Invalid expression",
    ],
    [
      "an output of nothing",
      /"value":"\$\{[^}]*\}"/,
      '"value":"${aws_s3_bucket.missing.arn}"',
      "aws_s3_bucket.missing has not been declared",
    ],
    [
      "a provider that refers to nothing",
      /"region":"eu-central-1"(?=,"default_tags"|\}\])/,
      '"region":"${var.region}"',
      'An input variable with the name "region" has not been declared',
    ],
  ];
  it.each(faults)("fails on %s", (_, pattern, replacement, message) => {
    const { status, stdout } = validate(replace(pattern, replacement));
    expect(stdout).toContain("berth-node-storage: ");
    expect(stdout).toContain(message);
    expect(status).toBe(1);
  });

  it("fails on a replacement triggered by an expression, which is what CDKTF writes for a resource", () => {
    const { status, stdout } = validate(
      replace(/"terraform_data\.[\w-]+"/, '"${terraform_data.missing}"'),
      undefined,
      "berth-node-node",
    );
    expect(stdout).toContain("berth-node-node: Invalid");
    expect(status).toBe(1);
  });
});

describe("scripts/validate-terraform, before it comes to Terraform", () => {
  it("says that it skipped where terraform is not on the PATH", () => {
    withTemporaryFolder((empty) => {
      expect(validate(undefined, empty)).toMatchObject({
        status: 0,
        stdout: "terraform validate: SKIPPED, since terraform is not on the PATH\n",
      });
    });
  });

  it("fails where nothing was synthesized, with the command that does", () => {
    withTemporaryFolder((empty) => {
      const { status, stderr } = spawnSync(process.execPath, [script, empty], { encoding: "utf8" });
      expect(stderr).toContain("npm run synth -w infra-stacks");
      expect(status).toBe(2);
    });
  });
});
