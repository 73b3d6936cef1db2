import { awsNamePrefix, manifestFile, modelFiles, modelKey, servedModel } from "@berth/contract";
import type { AwsEnvironment, AwsNamePart } from "@berth/contract";
import { forbiddenToAll, roleTables } from "./iam/role-table";
import type { RoleTable, TableEnvironment } from "./iam/role-table";
import { rolesOf } from "./iam/roles";
import { everyOption } from "./support/every-option";
import { decide } from "./support/policy";
import { synthesize } from "./support/synthesize";

const stacks = synthesize({ environments: everyOption });
const roles = rolesOf(stacks);
const onAws = everyOption.filter((one): one is AwsEnvironment => one.kind !== "local");

/** Environments in which every option is on, so that each role is there. */
const full = onAws.filter(({ backups, github, replication }) => backups && github && replication);

function described(environment: AwsEnvironment): TableEnvironment {
  const { backups, github } = environment;
  return {
    ...environment,
    backupBucket: backups?.bucket ?? "",
    branch: github?.branch ?? "",
    approval: github?.environment ?? environment.name,
  };
}

/** What the roles of an environment are named after, with the names. */
function partsOf(environment: AwsEnvironment): [AwsNamePart, string][] {
  const others = onAws.filter(
    ({ name }) => name !== environment.name && name.startsWith(`${environment.name}-`),
  );
  const prefix = awsNamePrefix(environment);
  return [...roles.keys()]
    .filter((role) => role.startsWith(prefix))
    .filter((role) => !others.some((other) => role.startsWith(awsNamePrefix(other))))
    .map((role) => [role.slice(prefix.length) as AwsNamePart, role]);
}

const rows = full.flatMap((environment) => {
  const tables = roleTables(described(environment));
  return partsOf(environment).map(
    ([part, role]) => [role, tables[part], forbiddenToAll(described(environment))] as const,
  );
});

it.each(onAws)("every role of $name has a table here", (environment) => {
  const tables = roleTables(described(environment));
  expect(partsOf(environment).filter(([part]) => tables[part] === undefined)).toEqual([]);
  expect(partsOf(environment).length).toBeGreaterThan(0);
});

it("every table here is of a role that there is", () => {
  const parts = new Set(full.flatMap(partsOf).map(([part]) => part));
  const [environment] = full;
  if (!environment) throw new Error("no environment has every option");
  expect(Object.keys(roleTables(described(environment))).sort()).toEqual([...parts].sort());
});

describe.each(rows)("the role %s", (name, table, forbidden) => {
  const role = roles.get(name);
  if (!role || !table) throw new Error(`no table of ${name}`);
  const { mayBeTakenBy, mayNotBeTakenBy, may, mayNot, managed = [] }: RoleTable = table;

  for (const [who, call] of mayBeTakenBy)
    it(`may be taken by ${who}`, () => expect(decide(role.trust, call)).toBe("allowed"));
  for (const [who, call] of mayNotBeTakenBy)
    it(`may not be taken by ${who}`, () => expect(decide(role.trust, call)).not.toBe("allowed"));
  for (const [what, call] of may)
    it(`may ${what} (${call.action})`, () => {
      expect(decide(role.permissions, call)).toBe("allowed");
    });
  for (const [what, call] of [...mayNot, ...forbidden])
    it(`may not ${what} (${call.action})`, () => {
      expect(decide(role.permissions, call)).not.toBe("allowed");
    });
  it(`has of AWS' own policies ${managed.join(", ") || "none"}`, () => {
    expect(role.managed).toEqual(managed);
  });
});

describe("the model that is served", () => {
  const readers = onAws.flatMap((environment) =>
    partsOf(environment)
      .filter(([part]) => part === "node" || part === "service")
      .map(([, role]) => [role, environment.modelBucket] as const),
  );

  it("has a reader in every environment", () => {
    expect(readers).toHaveLength(onAws.length);
  });

  it.each(readers)(
    "is what %s may read of %s: the contract's keys, and no other prefix",
    (name, bucket) => {
      const permissions = roles.get(name)?.permissions ?? [];
      const read = (key: string) =>
        decide(permissions, { action: "s3:GetObject", resource: `arn:aws:s3:::${bucket}/${key}` });
      const keys = ([...modelFiles, manifestFile] as const).map((file) =>
        modelKey(servedModel, file),
      );
      expect(keys.map(read)).toEqual(keys.map(() => "allowed"));
      expect(keys.map((key) => read(`other/${key}`))).toEqual(keys.map(() => "refused"));
      expect(keys.map((key) => read(key.replace("/", "")))).toEqual(keys.map(() => "refused"));
    },
  );
});
