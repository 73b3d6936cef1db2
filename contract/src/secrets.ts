import { project } from "./names";

/**
 * What the names of an environment's secrets in AWS Secrets Manager begin with: those that its cluster may read.
 *
 * @example `berth/eks/`
 */
export function secretsPrefix(environment: { readonly name: string }): string {
  return `${project}/${environment.name}/`;
}
