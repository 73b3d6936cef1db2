import { environments, namespace, settings } from "@berth/contract";
import { envOf, environmentOf, objectsOf, ofKind } from "./objects";
import type { PodSpec } from "./objects";
import { restrictedFaults } from "./restricted-faults";

describe.each(environments)("in $name", (environment) => {
  const objects = objectsOf(environment);

  test("the namespace refuses pods that are not restricted", () => {
    const found = objects.find(({ kind }) => kind === "Namespace");
    expect(found?.metadata.name).toBe(namespace);
    expect(found?.metadata.labels).toMatchObject({
      "pod-security.kubernetes.io/enforce": "restricted",
    });
  });

  test("every pod is restricted, cannot write its image, and is not throttled", () => {
    for (const deployment of ofKind(objects, "Deployment"))
      expect(restrictedFaults(deployment.spec.template.spec)).toEqual([]);
  });

  test("no container is given a secret as text", () => {
    const secret = Object.entries(settings).filter(([, setting]) => "secret" in setting);
    expect(secret).not.toEqual([]);
    for (const deployment of ofKind(objects, "Deployment"))
      for (const container of deployment.spec.template.spec.containers)
        for (const [name] of secret) expect(envOf(container)).not.toHaveProperty(name);
  });

  test("only the program that fetches the model may write it", () => {
    const [deployment] = ofKind(objects, "Deployment").filter((d) =>
      d.spec.template.spec.volumes.some((volume) => volume.name === "model"),
    );
    const { containers, initContainers = [] } = deployment!.spec.template.spec;
    const modelMounts = (list: typeof containers) =>
      list.flatMap((c) => c.volumeMounts.filter((mount) => mount.name === "model"));
    expect(modelMounts(containers)).toEqual([expect.objectContaining({ readOnly: true })]);
    expect(modelMounts(initContainers)).toHaveLength(environment.kind === "local" ? 0 : 1);
  });
});

describe("fails for a pod that", () => {
  const [deployment] = ofKind(objectsOf(environmentOf("eks")), "Deployment");
  const pod = deployment!.spec.template.spec;

  test.each<[string, string, string]>([
    [
      "mounts an API token",
      `"automountServiceAccountToken":false`,
      `"automountServiceAccountToken":true`,
    ],
    ["may run as root", `"runAsNonRoot":true,`, ``],
    ["runs as another user", `"runAsUser":10001`, `"runAsUser":0`],
    ["runs as another group", `"runAsGroup":10001`, `"runAsGroup":0`],
    ["has no seccomp profile", `"type":"RuntimeDefault"`, `"type":"Unconfined"`],
    [
      "mounts tmp as hostPath",
      `{"emptyDir":{"sizeLimit":"64Mi"},"name":"tmp"}`,
      `{"hostPath":{"path":"/"},"name":"tmp"}`,
    ],
    ["may gain privileges", `"allowPrivilegeEscalation":false`, `"allowPrivilegeEscalation":true`],
    ["keeps capabilities", `"drop":["ALL"]`, `"drop":["NET_RAW"]`],
    [
      "can write its root filesystem",
      `"readOnlyRootFilesystem":true`,
      `"readOnlyRootFilesystem":false`,
    ],
    ["is throttled", `"limits":{`, `"limits":{"cpu":"1",`],
    ["has no memory limit", `"limits":{"memory":"768Mi"}`, `"limits":{}`],
  ])("%s", (fault, from, to) => {
    const loosened = JSON.parse(JSON.stringify(pod).replace(from, to)) as PodSpec;
    expect(restrictedFaults(pod)).toEqual([]);
    expect(restrictedFaults(loosened)).toEqual([expect.stringContaining(fault)]);
  });
});
