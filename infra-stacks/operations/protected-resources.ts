import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CloudAccount } from "./cloud-account";
import type { Block, SynthesizedStack } from "./synthesized-environment";

/** Resources that hold what nothing can make anew. */
const dataTypes: readonly string[] = ["aws_s3_bucket", "aws_ebs_volume"];

/** The argument by which AWS refuses a deletion, such as that of a DynamoDB table. */
const deletionProtection = "deletion_protection_enabled";

const overrideFile = "unprotected_override.tf.json";

/** Something that is destroyed only when it is named. */
export interface ProtectedResource {
  /** What a person calls it: a bucket's name, the `Name` tag, or its address. */
  readonly name: string;
  readonly type: string;
  readonly id: string;
  /** Whether something would be lost: an empty bucket holds nothing. */
  readonly holdsData: boolean;
  /** Whether AWS itself refuses to delete it, until a setting of it is changed. */
  readonly deletionProtected: boolean;
}

/** Of what stands in a stack: what holds data, and what its stack forbids to destroy. */
export async function protectedResources(
  account: CloudAccount,
  { json }: SynthesizedStack,
  addresses: readonly string[],
): Promise<ProtectedResource[]> {
  const found = Object.entries(json.resource ?? {}).flatMap(([type, resources]) =>
    Object.entries(resources)
      .filter(([id]) => addresses.includes(`${type}.${id}`))
      .filter(([, block]) => dataTypes.includes(type) || preventsDestroy(block))
      .map(([id, block]) => ({
        type,
        id,
        name: nameOf(block) ?? `${type}.${id}`,
        deletionProtected: block[deletionProtection] === true,
      })),
  );
  return Promise.all(
    found.map(async ({ type, id, name, deletionProtected }) => {
      const isShared = found.filter((one) => one.name === name).length > 1;
      return {
        type,
        id,
        name: isShared ? `${type}.${id}` : name,
        holdsData: type !== "aws_s3_bucket" || (await account.bucket(name)) !== "empty",
        deletionProtected,
      };
    }),
  );
}

/**
 * Lets Terraform destroy these while `use` runs: an override file lifts `prevent_destroy`, which no flag can, and AWS' own
 * protection, which has to be applied before anything is destroyed.
 */
export async function withoutProtection(
  { folder }: SynthesizedStack,
  unprotected: readonly ProtectedResource[],
  use: () => Promise<void>,
): Promise<void> {
  // Terraform takes no override file without a resource.
  if (unprotected.length === 0) return use();
  const resource: Record<string, Record<string, unknown>> = {};
  for (const { type, id, deletionProtected } of unprotected)
    (resource[type] ??= {})[id] = {
      lifecycle: { prevent_destroy: false },
      ...(deletionProtected && { [deletionProtection]: false }),
    };
  const override = join(folder, overrideFile);
  writeFileSync(override, JSON.stringify({ resource }));
  try {
    await use();
  } finally {
    rmSync(override);
  }
}

function preventsDestroy(block: Block): boolean {
  const lifecycle = block["lifecycle"] as { prevent_destroy?: boolean } | undefined;
  return lifecycle?.prevent_destroy === true;
}

function nameOf(block: Block): string | undefined {
  const tags = block["tags"] as { Name?: string } | undefined;
  const bucket = block["bucket"];
  return typeof bucket === "string" ? bucket : tags?.Name;
}
