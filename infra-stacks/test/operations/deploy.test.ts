import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { deploy } from "../../operations/deploy";
import type { DeployOptions } from "../../operations/deployment-steps";
import { get } from "../../operations/real-world";
import { eks, node } from "../support/fixtures";
import { Operation, answering } from "./support/operation";
import type { OperationOptions } from "./support/operation";

// Every call of terraform is a process of its own, on a machine that may be busy.
jest.setTimeout(60_000);

const minute = 60_000;
const state = "berth-node-state";
const address = { "berth-node-node": { address: "192.0.2.7" } };

let operation: Operation;
afterEach(() => operation.stop());

/** A world in which the state bucket of both environments exists. */
async function start(options: Partial<OperationOptions> = {}): Promise<Operation> {
  operation = await new Operation().start({
    environment: node,
    ...options,
    terraform: { outputs: address, ...options.terraform },
  });
  for (const { stateBucket } of [node, eks])
    operation.aws.contents.buckets[stateBucket] = ["berth-node-state/terraform.tfstate@1"];
  return operation;
}

function run(options: Partial<DeployOptions> = {}): Promise<string | undefined> {
  const { world, synthesized } = operation;
  return deploy(world, synthesized, {
    yes: true,
    bootstrap: false,
    waitMs: 20 * minute,
    ...options,
  });
}

/** Every stack of the environment, and that each comes after those it reads from. */
function expectOrder(applied: readonly string[]): void {
  const stacks = operation.synthesized.layers.map(({ id }) => `apply ${id}`);
  expect(applied).toEqual([`apply ${operation.synthesized.state.id}`, ...stacks]);
  const before = (one: string, other: string) =>
    expect(applied.indexOf(`apply berth-node-${one}`)).toBeLessThan(
      applied.indexOf(`apply berth-node-${other}`),
    );
  before("state", "network");
  before("storage", "identity");
  before("identity", "node");
  before("network", "node");
}

describe("deploy", () => {
  it("applies each stack after those that it reads from, and prints the page's address", async () => {
    await start();
    await expect(run()).resolves.toBe("http://192.0.2.7/");
    expectOrder(operation.terraform.commands("apply"));
    expect(operation.asked).toEqual(["http://192.0.2.7/", "http://192.0.2.7/api/model"]);
    expect(operation.lines[0]).toBe("node: account 123456789012, region eu-central-1");
    expect(operation.lines.at(-1)).toBe("\nhttp://192.0.2.7/");
  });

  it("keeps no plan, which holds what the state holds", async () => {
    await start();
    await run();
    for (const { folder } of operation.synthesized.layers)
      expect(existsSync(join(folder, "berth.tfplan"))).toBe(false);
  });

  it("leaves a stack alone whose plan is empty", async () => {
    await start({ terraform: { unchanged: [state, "berth-node-network"] } });
    await run();
    expect(operation.terraform.commands("apply")).not.toContain("apply berth-node-network");
    expect(operation.log).toContain("berth-node-network stands, unchanged");
  });

  it("names what a plan replaces and destroys before it asks", async () => {
    const changes = [
      { address: "aws_instance.machine", actions: ["delete", "create"] },
      { address: "aws_eip.address", actions: ["delete"] },
      { address: "aws_route.one", actions: ["update"] },
    ];
    await start({ answer: "yes", terraform: { changes: { "berth-node-node": changes } } });
    await run({ yes: false });
    expect(operation.log).toContain(
      "  replaces aws_instance.machine\n  destroys aws_eip.address\n",
    );
    expect(operation.questions).toContain('Apply this to berth-node-node? Only "yes" does: ');
  });

  it("waits until the page and the API answer, at the domain where there is one", async () => {
    const environment = { ...node, domain: "news.example" };
    await start({ environment, get: answering(502, 200, 404, 200, 200) });
    await expect(run()).resolves.toBe("http://news.example/");
    expect(operation.asked).toEqual([
      "http://192.0.2.7/ as news.example",
      "http://192.0.2.7/ as news.example",
      "http://192.0.2.7/api/model as news.example",
      "http://192.0.2.7/ as news.example",
      "http://192.0.2.7/api/model as news.example",
    ]);
    expect(operation.log).toContain("news.example's A record has to point to 192.0.2.7.");
  });

  it("says where the address comes from when no stack gives one", async () => {
    await start({ environment: eks });
    await expect(run()).resolves.toBeUndefined();
    expect(operation.log).toContain("kubectl get ingress");
    expect(operation.asked).toEqual([]);
  });

  it("does not wait when told so", async () => {
    await start({ get: answering(500) });
    await expect(run({ waitMs: 0 })).resolves.toBe("http://192.0.2.7/");
    expect(operation.asked).toEqual([]);
  });
});

describe("the request for the page", () => {
  it("sends the domain as the host, and takes the answer as it comes", async () => {
    await start();
    const hosts: (string | undefined)[] = [];
    const page = createServer((request, response) => {
      hosts.push(request.headers.host);
      response.writeHead(308, { location: "https://news.example/" }).end();
    });
    await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(page.address() as AddressInfo).port}/`;
    await expect(get(url, "news.example")).resolves.toEqual({ status: 308 });
    expect(hosts).toEqual(["news.example"]);
    page.closeAllConnections();
    await new Promise((resolve) => page.close(resolve));
    await expect(get(url)).rejects.toThrow();
  });
});

describe("bootstrapping", () => {
  it("makes the state bucket with a state in a file, and then moves that into the bucket", async () => {
    await start();
    delete operation.aws.contents.buckets[node.stateBucket];
    await run({ bootstrap: true });

    const file = join(operation.folder, `terraform.${state}.tfstate`);
    const local = {
      "local_state_override.tf.json": { terraform: { backend: { local: { path: file } } } },
    };
    const calls = operation.terraform
      .calls()
      .filter(({ stack, command }) => stack === state && command !== "show");
    expect(calls.map(({ line, overrides }) => [line, overrides])).toEqual([
      ["init -input=false -reconfigure", local],
      ["plan -input=false -detailed-exitcode -out=berth.tfplan", local],
      ["apply -input=false berth.tfplan", local],
      ["init -input=false -migrate-state -force-copy", {}],
      ["init -input=false -reconfigure", {}],
      ["plan -input=false -detailed-exitcode -out=berth.tfplan", {}],
      ["apply -input=false berth.tfplan", {}],
    ]);
    expect(existsSync(file)).toBe(false);
  });

  it("goes on where it was interrupted: the bucket exists, and the state is still in the file", async () => {
    await start();
    writeFileSync(join(operation.folder, `terraform.${state}.tfstate`), "{}");
    await run();
    expect(operation.terraform.calls().map(({ line }) => line)).toContain(
      "init -input=false -migrate-state -force-copy",
    );
    expect(existsSync(join(operation.folder, `terraform.${state}.tfstate`))).toBe(false);
  });

  it("asks first, where somebody is there", async () => {
    await start({ answer: "yes" });
    delete operation.aws.contents.buckets[node.stateBucket];
    await run({ yes: false });
    expect(operation.questions[0]).toContain("Make it now, once for this environment?");
    expectOrder(operation.terraform.commands("apply").slice(1));
  });

  it("fails when the bucket does not exist and nobody is there, with the option to add", async () => {
    await start();
    delete operation.aws.contents.buckets[node.stateBucket];
    await expect(run()).rejects.toThrow(
      "The state bucket berth-example-node-state does not exist: add --bootstrap",
    );
    expect(operation.terraform.commands("init", "plan", "apply")).toEqual([]);
  });

  it("fails when the bucket is somebody else's", async () => {
    await start();
    operation.aws.contents.foreign.push(node.stateBucket);
    await expect(run({ bootstrap: true })).rejects.toThrow(
      "berth-example-node-state is not yours, or the credentials may not see it",
    );
  });

  it("keeps the state's file when the move fails", async () => {
    await start({ terraform: { failing: { [`apply ${state}`]: "Error: no" } } });
    writeFileSync(join(operation.folder, `terraform.${state}.tfstate`), "{}");
    await expect(run()).rejects.toThrow("terraform apply failed");
    expect(existsSync(join(operation.folder, `terraform.${state}.tfstate`))).toBe(true);
    expect(
      existsSync(join(operation.synthesized.state.folder, "local_state_override.tf.json")),
    ).toBe(false);
  });
});

describe("deploy, when something is wrong", () => {
  it("fails at the first stack that fails, and touches none after it", async () => {
    await start({
      terraform: {
        outputs: address,
        failing: { "apply berth-node-identity": "Error: creating IAM Role: AccessDenied" },
      },
    });
    await expect(run()).rejects.toThrow(
      /^berth-node-identity failed; no stack after it was touched\. .*terraform apply failed\..*use the role that deploys/s,
    );
    expect(operation.terraform.commands("apply")).toContain("apply berth-node-storage");
    expect(operation.terraform.commands("init")).not.toContain("init berth-node-node");
  });

  it.each([
    ["Error acquiring the state lock", "Somebody else applies this stack right now"],
    ["ExpiredToken: the security token expired", "aws sso login"],
    ['Error: Failed to get existing workspaces: S3 bucket "x" does not exist.', "--bootstrap"],
    ["Error: Failed to query available provider packages", "TF_CLI_CONFIG_FILE"],
    ["Error: Instance cannot be destroyed", "--delete-data"],
  ])("fails with the remedy for %s", async (printed, remedy) => {
    await start({ terraform: { failing: { "init berth-node-network": printed } } });
    await expect(run()).rejects.toThrow(remedy);
    expect(operation.terraform.commands("init").at(-1)).toBe("init berth-node-network");
  });

  it("fails when the page never answers, after the time that was given, with what came last", async () => {
    await start({ get: answering(503) });
    await expect(run()).rejects.toThrow(
      /The page does not answer after 20\.0 minutes: http:\/\/192\.0\.2\.7\/ answers 503\.\nThe machine may still be starting/,
    );
    expect(operation.nowMs).toBe(20 * minute);
  });

  it("fails when the page's port is closed", async () => {
    await start({ get: () => Promise.reject(new Error("connect ECONNREFUSED")) });
    await expect(run({ waitMs: minute })).rejects.toThrow("connect ECONNREFUSED");
  });

  it("fails unless somebody approves, and keeps no plan", async () => {
    await start({ answer: "no" });
    await expect(run({ yes: false })).rejects.toThrow("Not approved: nothing more was done.");
    expect(operation.terraform.commands("apply")).toEqual([]);
    expect(existsSync(join(operation.synthesized.state.folder, "berth.tfplan"))).toBe(false);
  });

  it("fails when nobody is there to approve", async () => {
    await start();
    await expect(run({ yes: false })).rejects.toThrow("add --yes to go on without asking");
  });

  it("fails on a Terraform that is too old", async () => {
    await start({ terraform: { version: "1.9.8" } });
    await expect(run()).rejects.toThrow(
      "This is Terraform 1.9.8; the lock file of the state needs 1.11.0",
    );
  });

  it("fails on another account than the environment's", async () => {
    await start({ environment: { ...node, account: "210987654321" } });
    await expect(run()).rejects.toThrow(
      "node belongs to account 210987654321, but the credentials are of 123456789012",
    );
    expect(operation.terraform.commands("init", "plan", "apply")).toEqual([]);
  });
});
