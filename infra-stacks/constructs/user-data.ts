import type { MachineImage } from "@berth/contract";

export interface UserDataOptions {
  readonly hostname: string;
  readonly region: string;
  readonly image: MachineImage;
}

/**
 * What a machine does at its first start (cloud-init): it takes its name. What it needs is in its image; only Debian's lacks the
 * agent of Session Manager, without which nobody could reach it.
 */
export function userData({ hostname, region, image }: UserDataOptions): string {
  const lines = ["#cloud-config", `hostname: ${hostname}`];
  if (image === "debian") {
    const agent = `https://s3.${region}.amazonaws.com/amazon-ssm-${region}/latest/debian_amd64/amazon-ssm-agent.deb`;
    lines.push(
      "packages: [curl]",
      "runcmd:",
      `  - curl --fail --silent --show-error --retry 5 --output /tmp/agent.deb ${agent}`,
      "  - dpkg --install /tmp/agent.deb",
    );
  }
  return `${lines.join("\n")}\n`;
}
