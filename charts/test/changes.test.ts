import { servedModel } from "@berth/contract";
import type { Environment } from "@berth/contract";
import type { ServedModel } from "../constructs/bert-service";
import { imageReference } from "../constructs/image-reference";
import { synthesize } from "../synthesize";
import { environmentOf } from "./objects";

const eks = environmentOf("eks");
const local = environmentOf("local");

describe("one change in the contract makes exactly this difference:", () => {
  test("another model version", () => {
    const model: ServedModel = {
      ...servedModel,
      version: "9.8.7",
      manifestSha256: "ab".repeat(32),
    };
    const before = servedModel.version;
    const lines = [
      `- service.yaml: value: ${before}`,
      `+ service.yaml: value: 9.8.7`,
      `- service.yaml: value: ${yamlText(servedModel.manifestSha256)}`,
      `+ service.yaml: value: ${"ab".repeat(32)}`,
    ];
    expect(differences(eks, eks, model)).toEqual([...lines, ...lines].sort());
    expect(differences(local, local, model)).toEqual(lines.sort());
  });

  test("another release of the service's image", () => {
    const image = { ...eks.images.service, version: { digest: `sha256:${"cd".repeat(32)}` } };
    const changed = { ...eks, images: { ...eks.images, service: image } };
    const { repository } = image;
    const lines = [
      `- service.yaml: image: ${imageReference(eks.images.service)}`,
      `+ service.yaml: image: ${repository}@sha256:${"cd".repeat(32)}`,
    ];
    expect(differences(eks, changed)).toEqual([...lines, ...lines].sort());
  });

  test.each<[string, Environment, string[]]>([
    [
      "more pods at most",
      { ...eks, serviceReplicas: { ...eks.serviceReplicas, max: 40 } },
      [
        `- service.yaml: maxReplicas: ${eks.serviceReplicas.max}`,
        `+ service.yaml: maxReplicas: 40`,
      ],
    ],
    [
      "more pods of the page",
      { ...eks, webReplicas: 7 },
      [`- web.yaml: replicas: ${eks.webReplicas}`, `+ web.yaml: replicas: 7`],
    ],
    [
      "a domain",
      { ...eks, domain: "news.example.org" },
      [
        `+ routing.yaml: - host: news.example.org`,
        `+ routing.yaml: http:`,
        `- routing.yaml: - http:`,
      ],
    ],
    [
      "another bucket",
      { ...eks, modelBucket: "other-models" },
      [`- service.yaml: value: ${eks.modelBucket}`, `+ service.yaml: value: other-models`],
    ],
    [
      "another branch",
      { ...eks, git: { ...eks.git, revision: "release" } },
      [
        `- argocd/berth.yaml: targetRevision: ${eks.git.revision}`,
        `+ argocd/berth.yaml: targetRevision: release`,
      ],
    ],
  ])("%s", (_, changed, lines) => {
    expect(differences(eks, changed)).toEqual(lines.sort());
  });
});

/** Lines that one synthesis has and the other lacks, without their indentation, sorted. */
function differences(
  before: Environment,
  after: Environment,
  model: ServedModel = servedModel,
): string[] {
  const removed = lineCounts(before, servedModel);
  const added = lineCounts(after, model);
  const found: string[] = [];
  for (const line of new Set([...removed.keys(), ...added.keys()])) {
    const change = (added.get(line) ?? 0) - (removed.get(line) ?? 0);
    for (let i = 0; i < Math.abs(change); i++) found.push(`${change > 0 ? "+" : "-"} ${line}`);
  }
  return found.sort();
}

function lineCounts(environment: Environment, model: ServedModel): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [path, text] of synthesize([environment], model))
    for (const line of text.split("\n")) {
      const key = `${path.slice(environment.name.length + 1)}: ${line.trim()}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  return counts;
}

/** YAML quotes a text that would read as a number. */
function yamlText(text: string): string {
  return /^\d+$/.test(text) ? `"${text}"` : text;
}
