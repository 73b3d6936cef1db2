import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environments } from "@berth/contract";
import { buildSync } from "esbuild";
import { priceTable } from "../../cost/price-table";

// Every run is a process of its own, on a machine that may be busy.
jest.setTimeout(60_000);

const root = join(__dirname, "../../..");
const onAws = environments.filter((environment) => environment.kind !== "local");
const [first] = onAws;
const known = onAws.map(({ name }) => name).join(", ");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-programs-"));
  buildSync({
    absWorkingDir: root,
    entryPoints: ["infra-stacks/main.ts", "infra-stacks/operations/*-program.ts"],
    outdir: folder,
    bundle: true,
    platform: "node",
    packages: "external",
    logLevel: "silent",
  });
  mkdirSync(join(folder, "empty"));
  run("main", []);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a built program in a folder of its own, where no terraform is on the PATH and no credentials are found. */
function run(program: string, args: readonly string[]) {
  const file = program === "main" ? "main.js" : `operations/${program}-program.js`;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, file), ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: join(folder, "empty"), NODE_PATH: join(root, "node_modules") },
  });
  return { status, stdout, stderr };
}

describe.each(["deploy", "destroy"])("npm run %s", (program) => {
  it("explains itself", () => {
    expect(run(program, ["--help"])).toEqual({
      status: 0,
      stdout: expect.stringContaining(`usage: npm run ${program} -- ENVIRONMENT`) as string,
      stderr: "",
    });
  });

  it("fails without an environment, with those there are", () => {
    expect(run(program, [])).toMatchObject({
      status: 1,
      stderr: `\nName an environment: ${known}\n`,
    });
  });

  it("fails on an environment that does not exist, or does not stand on AWS", () => {
    expect(run(program, ["nowhere"]).stderr).toContain(
      `There is no environment "nowhere". Name one of: ${known}.`,
    );
    expect(run(program, ["local"]).stderr).toContain("local does not stand on AWS");
  });

  it("fails on an option or an argument that it does not know, with its usage", () => {
    for (const args of [["--fast"], [first?.name ?? "", "now"]]) {
      const { status, stderr } = run(program, args);
      expect(status).toBe(2);
      expect(stderr).toContain(`usage: npm run ${program}`);
    }
  });

  it("fails without terraform, with where it is", () => {
    const { status, stderr } = run(program, [first?.name ?? ""]);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /\nThere is no terraform on the PATH\. Install Terraform 1\.11\.0 or later/,
    );
  });
});

it("npm run deploy fails on a time to wait that is none", () => {
  expect(run("deploy", [first?.name ?? "", "--wait-minutes", "soon"]).stderr).toContain(
    '--wait-minutes is "soon": give minutes',
  );
});

it("npm run cost prints every environment on AWS, with the date of its prices", () => {
  const { status, stdout } = run("cost", []);
  expect(status).toBe(0);
  for (const { name, region } of onAws)
    expect(stdout).toContain(`${name} in ${region}, USD a month`);
  expect(stdout).toContain(`Prices of ${priceTable.date}`);
});
