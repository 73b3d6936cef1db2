import type { AwsEnvironment } from "@berth/contract";
import { Fault } from "./fault";
import type { World } from "./world";

/**
 * Says which account is about to be changed.
 *
 * @throws {Fault} when there are no credentials, or they belong to another account than the environment's
 */
export async function requireAccount(
  { account, log }: Pick<World, "account" | "log">,
  { name, region, account: wanted }: AwsEnvironment,
): Promise<void> {
  const number = await account.number();
  if (wanted !== undefined && wanted !== number)
    throw new Fault(
      `${name} belongs to account ${wanted}, but the credentials are of ${number}: take those of ${wanted}, or change ` +
        "account in contract/src/deployments.ts.",
    );
  log(`${name}: account ${number}, region ${region}`);
}
