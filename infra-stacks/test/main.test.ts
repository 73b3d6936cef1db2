import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { environments } from "@berth/contract";
import { stackId } from "../stacks/stack-id";
import { changedPlaces } from "./support/changed-places";
import type { StackJson } from "./support/stack-json";
import { synthesize } from "./support/synthesize";
import { withTemporaryFolder } from "./support/temporary-folder";

// Every run is a process of its own, on a machine that may be busy.
jest.setTimeout(60_000);

const root = join(__dirname, "../..");
const onAws = environments.filter((environment) => environment.kind !== "local");
const bundle = join(root, "infra-stacks/dist/main.js");

/** Runs the built app in a folder of its own, where it finds its packages but nothing to write over. */
function run(cwd: string, env: Record<string, string> = {}): void {
  execFileSync(process.execPath, [bundle], { cwd, env: { PATH: "", ...env }, stdio: "pipe" });
}

function read(outdir: string): Record<string, string> {
  const stacks = readdirSync(join(outdir, "stacks")).sort();
  const files = ["manifest.json", ...stacks.map((id) => `stacks/${id}/cdk.tf.json`)];
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(outdir, file), "utf8")]));
}

beforeAll(() => {
  execFileSync("npm", ["run", "--silent", "build", "-w", "infra-stacks"], { cwd: root });
});

describe("the built app", () => {
  it("holds the contract, leaves packages outside, and loads the AWS provider service by service", () => {
    const required = [...readFileSync(bundle, "utf8").matchAll(/require\("([^"]+)"\)/g)].map(
      ([, name]) => name,
    );
    expect(required).toContain("cdktf");
    expect(required).toContain("@cdktf/provider-aws/lib/vpc");
    expect(required).not.toContain("@cdktf/provider-aws");
    expect(required.filter((name) => name?.startsWith("@berth/"))).toEqual([]);
  });

  it("writes cdktf.out in the current folder: the stacks of the contract's environments, and the manifest of cdktf", () => {
    withTemporaryFolder((cwd) => {
      run(cwd);
      const { "manifest.json": manifest = "", ...files } = read(join(cwd, "cdktf.out"));
      const stacks = synthesize({ environments });
      expect(Object.keys(files)).toEqual(
        Object.keys(stacks).map((id) => `stacks/${id}/cdk.tf.json`),
      );
      for (const [id, stack] of Object.entries(stacks)) {
        const { "//": _, ...written } = JSON.parse(
          files[`stacks/${id}/cdk.tf.json`] ?? "",
          (key, value: unknown) => (key === "//" ? undefined : value),
        ) as StackJson & { "//"?: unknown };
        expect(changedPlaces(stack, written)).toEqual([]);
      }
      const { stacks: listed } = JSON.parse(manifest) as {
        stacks: Record<string, { dependencies: string[] }>;
      };
      expect(Object.keys(listed).sort()).toEqual(Object.keys(stacks));
      for (const environment of onAws)
        expect(listed[stackId(environment, "identity")]?.dependencies).toEqual([
          stackId(environment, "storage"),
        ]);
    });
  });

  it("writes the same bytes again, in another folder, and over what was there", () => {
    withTemporaryFolder((cwd) => {
      const [one, two] = [join(cwd, "one"), join(cwd, "deep/two")];
      run(cwd, { CDKTF_OUTDIR: one });
      const first = read(one);
      run(cwd, { CDKTF_OUTDIR: two });
      run(cwd, { CDKTF_OUTDIR: one });
      expect(read(one)).toEqual(first);
      expect(read(two)).toEqual(first);
      expect(JSON.stringify(first)).not.toContain(cwd);
      expect(existsSync(join(cwd, "cdktf.out"))).toBe(false);
    });
  });

  it("removes the stacks that it no longer has, and nothing else", () => {
    withTemporaryFolder((cwd) => {
      const stacks = join(cwd, "cdktf.out/stacks");
      for (const name of ["berth-gone-network", "notes"])
        mkdirSync(join(stacks, name), { recursive: true });
      writeFileSync(join(stacks, "berth-gone-network/cdk.tf.json"), "{}");
      writeFileSync(join(stacks, "notes/mine.txt"), "");
      run(cwd);
      expect(readdirSync(stacks)).not.toContain("berth-gone-network");
      expect(readdirSync(stacks)).toEqual(
        expect.arrayContaining([
          "notes",
          ...onAws.map((environment) => stackId(environment, "network")),
        ]),
      );
    });
  });

  it.each(onAws)(
    "keeps the state of $name's state stack in a file when it is bootstrapped",
    (environment) => {
      withTemporaryFolder((cwd) => {
        run(cwd, { BERTH_BOOTSTRAP: environment.name });
        const written = read(join(cwd, "cdktf.out"))[
          `stacks/${stackId(environment, "state")}/cdk.tf.json`
        ];
        const { terraform } = JSON.parse(written ?? "") as StackJson;
        expect(Object.keys(terraform.backend)).toEqual(["local"]);
      });
    },
  );

  it.each(onAws)(
    "names $name's stacks after their layers when it is the only one, with the states that they have otherwise",
    (environment) => {
      withTemporaryFolder((cwd) => {
        run(cwd, { BERTH_ENVIRONMENT: environment.name });
        const { "manifest.json": manifest = "", ...files } = read(join(cwd, "cdktf.out"));
        const all = synthesize({ environments });
        const own = Object.keys(all).filter((id) => id.startsWith(`berth-${environment.name}-`));
        const layers = own.map((id) => id.replace(`berth-${environment.name}-`, ""));
        expect(Object.keys(files)).toEqual(layers.map((layer) => `stacks/${layer}/cdk.tf.json`));
        const { stacks } = JSON.parse(manifest) as {
          stacks: Record<string, { dependencies: string[] }>;
        };
        expect(stacks["identity"]?.dependencies).toEqual(["storage"]);
        for (const [i, layer] of layers.entries()) {
          const { terraform } = JSON.parse(files[`stacks/${layer}/cdk.tf.json`] ?? "") as StackJson;
          expect(terraform.backend).toEqual(all[own[i] ?? ""]?.terraform.backend);
        }
      });
    },
  );

  it("fails on an only environment that does not exist", () => {
    withTemporaryFolder((cwd) => {
      expect(() => run(cwd, { BERTH_ENVIRONMENT: "nowhere" })).toThrow(
        'There is no environment "nowhere"',
      );
    });
  });

  it("fails on an environment to bootstrap that does not exist", () => {
    withTemporaryFolder((cwd) => {
      expect(() => run(cwd, { BERTH_BOOTSTRAP: "nowhere" })).toThrow(
        'bootstrap is "nowhere": name one of',
      );
    });
  });
});
