import { App } from "cdktf";
import { addEnvironments } from "../stacks/add-environments";
import { eks, local, node } from "./support/fixtures";
import { resolveReferences } from "./support/resolve-references";
import { theResource } from "./support/stack-json";
import { stackOf, synthesize } from "./support/synthesize";
import { withTemporaryFolder } from "./support/temporary-folder";

const stacks = synthesize();
const ids = Object.keys(stacks);

describe("the stacks", () => {
  it("are those of the environments on AWS; a local one has none", () => {
    expect(ids).toEqual([
      "berth-eks-cluster",
      "berth-eks-identity",
      "berth-eks-network",
      "berth-eks-state",
      "berth-eks-storage",
      "berth-node-backup",
      "berth-node-identity",
      "berth-node-network",
      "berth-node-node",
      "berth-node-state",
      "berth-node-storage",
    ]);
    withTemporaryFolder((outdir) => {
      const app = new App({ outdir });
      expect(addEnvironments(app, { environments: [local] })).toEqual([]);
    });
  });

  it.each(ids)("%s stays as it was reviewed", (id) => {
    expect(stackOf(stacks, id)).toMatchSnapshot();
  });

  it.each(ids)("%s tags everything with project, environment, owner and cost centre", (id) => {
    const environment = [node, eks].find((one) => id.startsWith(`berth-${one.name}-`));
    expect(stackOf(stacks, id).provider).toEqual({
      aws: [
        {
          region: "eu-central-1",
          default_tags: [
            {
              tags: {
                project: "berth",
                environment: environment?.name,
                owner: "platform",
                "cost-centre": "ml",
              },
            },
          ],
        },
      ],
    });
  });

  it.each(ids)(
    "%s has an encrypted and locked state of its own, in its environment's bucket",
    (id) => {
      expect(stackOf(stacks, id).terraform.backend).toEqual({
        s3: {
          bucket: `berth-example-${id.split("-")[1]}-state`,
          key: `${id}/terraform.tfstate`,
          region: "eu-central-1",
          encrypt: true,
          dynamodb_table: `berth-${id.split("-")[1]}-state-lock`,
          use_lockfile: true,
        },
      });
    },
  );

  it("keep no key to AWS anywhere", () => {
    expect(JSON.stringify(stacks)).not.toMatch(/access_key|secret_key|aws_iam_user/);
  });
});

describe("a reference across stacks", () => {
  it("leads from the node's identity to the bucket in the storage stack", () => {
    const statement = Object.entries(
      stackOf(stacks, "berth-node-identity").data?.["aws_iam_policy_document"] ?? {},
    )
      .filter(([name]) => name.startsWith("node_permissions"))
      .flatMap(([, document]) => document["statement"] as { sid: string; resources: string[] }[])
      .find(({ sid }) => sid === "ListModels");
    const [resource = ""] = statement?.resources ?? [];
    expect(resource).toMatch(/^\$\{data\.terraform_remote_state\./);
    expect(resolveReferences(stacks, "berth-node-identity", resource)).toBe(
      "arn:aws:s3:::berth-example-node-models",
    );
  });

  it("makes a stack depend on those that it reads from", () => {
    withTemporaryFolder((outdir) => {
      const added = addEnvironments(new App({ outdir }), { environments: [node] });
      for (const stack of added) stack.prepareStack();
      const dependencies = Object.fromEntries(
        added.map((stack) => [stack.node.id, stack.dependencies.map((one) => one.node.id).sort()]),
      );
      expect(dependencies).toEqual({
        "berth-node-state": [],
        "berth-node-network": [],
        "berth-node-storage": [],
        "berth-node-identity": ["berth-node-storage"],
        "berth-node-node": ["berth-node-identity", "berth-node-network", "berth-node-storage"],
        "berth-node-backup": [],
      });
    });
  });

  it("takes the machine's subnet, group and profile from the other layers", () => {
    const node = stackOf(stacks, "berth-node-node");
    const from = (layer: string) =>
      expect.stringContaining(`cross-stack-reference-input-berth-node-${layer}.outputs.`) as string;
    expect(theResource(node, "aws_instance")).toMatchObject({
      subnet_id: from("network"),
      iam_instance_profile: from("identity"),
    });
    expect(theResource(node, "aws_security_group")["vpc_id"]).toEqual(from("network"));
    expect(theResource(node, "aws_instance")["subnet_id"]).toContain("public-eu-central-1a");
  });

  it("fails to resolve when the producing stack's state is elsewhere", () => {
    const broken = { ...stacks };
    delete (broken as Record<string, unknown>)["berth-node-storage"];
    const [statement] = Object.values(
      stackOf(stacks, "berth-node-identity").data?.["aws_iam_policy_document"] ?? {},
    )
      .flatMap((document) => document["statement"] as { resources?: string[] }[])
      .filter(({ resources }) => resources?.[0]?.includes("terraform_remote_state"));
    expect(() =>
      resolveReferences(broken, "berth-node-identity", statement?.resources?.[0] ?? ""),
    ).toThrow("cannot resolve");
  });
});

describe("bootstrapping", () => {
  it("keeps the state of the named environment's state stack in a file, and of no other stack", () => {
    const bootstrapped = synthesize({ bootstrap: "node" });
    const local = Object.keys(bootstrapped).filter(
      (id) => "local" in stackOf(bootstrapped, id).terraform.backend,
    );
    expect(local).toEqual(["berth-node-state"]);
  });

  it("fails on an environment that is not on AWS, with those that are", () => {
    expect(() => synthesize({ bootstrap: "local" })).toThrow(
      'bootstrap is "local": name one of node, eks',
    );
  });
});
