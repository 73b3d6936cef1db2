import { parseSettings, settings } from "@berth/contract";
import type { SettingName, SettingsEnv } from "@berth/contract";
import type { EnvVar } from "cdk8s-plus-27/lib/imports/k8s";

/**
 * A container's env out of the service's settings, in the contract's order. The service's own parser reads it
 * here first, so that a value which the service would refuse at start already fails synth.
 *
 * @throws {SettingsError} naming every setting that is wrong, its value and what is allowed
 * @throws {Error} if a secret setting is given as text, since manifests are committed
 */
export function settingsEnv(env: SettingsEnv): EnvVar[] {
  parseSettings(env);
  const names = Object.keys(settings) as SettingName[];
  const given = names.filter((name) => env[name] !== undefined);
  const secrets = given.filter((name) => "secret" in settings[name]);
  if (secrets.length > 0)
    throw new Error(
      `${secrets.join(", ")} would be committed with the manifests: take it from a Secret instead`,
    );
  return given.map((name) => ({ name, value: env[name] }));
}
