import type { Environment } from "@berth/contract";

/** An image of an environment. */
export type Image = Environment["images"]["service"];

/** What a container runtime pulls: `repository:tag`, or `repository@sha256:...`. */
export function imageReference(image: Image): string {
  return "digest" in image.version
    ? `${image.repository}@${image.version.digest}`
    : `${image.repository}:${image.version.tag}`;
}
