import { apiPrefix, componentName, environments, ports } from "@berth/contract";
import { connectionFaults } from "./connection-faults";
import { environmentOf, mutated, named, objectsOf, ofKind } from "./objects";

const workloads = /^[^/]+\/[^/]+$/;

describe.each(environments)("the objects of $name", (environment) => {
  const objects = objectsOf(environment, workloads);

  test("refer only to what exists", () => {
    expect(connectionFaults(objects)).toEqual([]);
  });

  test("are named once each", () => {
    const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(names).toEqual([...new Set(names)]);
  });

  test("send the API's prefix to the service and everything else to the page", () => {
    const [ingress, ...others] = ofKind(objects, "Ingress");
    expect(others).toEqual([]);
    const routes = ingress!.spec.rules.flatMap((rule) =>
      rule.http.paths.map(({ path, pathType, backend: { service } }) => ({
        path,
        pathType,
        to: `${service.name}:${service.port.number}`,
      })),
    );
    expect(routes).toHaveLength(2);
    expect(routes).toContainEqual({
      path: apiPrefix,
      pathType: "Prefix",
      to: `${componentName("service")}:${ports.service}`,
    });
    expect(routes).toContainEqual({
      path: "/",
      pathType: "Prefix",
      to: `${componentName("web")}:${ports.web}`,
    });
  });

  test("ask nothing of a particular Ingress controller", () => {
    expect(ofKind(objects, "Ingress")[0]!.metadata.annotations).toBeUndefined();
  });

  test("answer one hostname only where a domain is set", () => {
    const hosts = ofKind(
      objectsOf({ ...environment, domain: "news.example.org" }, workloads),
      "Ingress",
    ).flatMap((ingress) => ingress.spec.rules.map((rule) => rule.host));
    expect(hosts).toEqual(["news.example.org"]);
    const { host } = ofKind(objects, "Ingress")[0]!.spec.rules[0]!;
    expect(host).toBe(environment.domain);
  });
});

describe("fails where a reference leads nowhere:", () => {
  const objects = objectsOf(environmentOf("local"), workloads);
  const service = componentName("service");

  test.each<[change: string, fault: string, from: string, to: string]>([
    [
      "a pod's label is renamed",
      "does not select its own pods",
      `"template":{"metadata":{"labels":{"app.kubernetes.io/component"`,
      `"template":{"metadata":{"labels":{"component"`,
    ],
    [
      "a Service's selector changes",
      "selects the pods of 0 Deployments",
      `"selector":{"app.kubernetes.io/component":"web"`,
      `"selector":{"app.kubernetes.io/component":"page"`,
    ],
    [
      "a container's port changes",
      `sends to port ${ports.service}, which no container opens`,
      `"containerPort":${ports.service}`,
      `"containerPort":8001`,
    ],
    [
      "a Service's port changes",
      `sends / to ${componentName("web")}:${ports.web}`,
      `"port":${ports.web},`,
      `"port":81,`,
    ],
    ["a probe's port is renamed", "probes port http,", `"port":"http-web"`, `"port":"http"`],
    [
      "a ServiceAccount is missing",
      `runs as ${service}`,
      `"kind":"ServiceAccount"`,
      `"kind":"Other"`,
    ],
    [
      "a claim is renamed",
      "mounts claim model",
      `"claimName":"${service}-model"`,
      `"claimName":"model"`,
    ],
    [
      "a volume is renamed",
      "mounts tmp, which it lacks",
      `{"emptyDir":{"sizeLimit":"64Mi"},"name":"tmp"}`,
      `{"emptyDir":{},"name":"temp"}`,
    ],
    [
      "the autoscaler's target is renamed",
      "scales x, which does not exist",
      `"kind":"Deployment","name":"${service}"`,
      `"kind":"Deployment","name":"x"`,
    ],
    [
      "an autoscaled Deployment has replicas",
      "has both replicas and an autoscaler",
      `"spec":{"selector":{"matchLabels"`,
      `"spec":{"replicas":1,"selector":{"matchLabels"`,
    ],
    ["the namespace is missing", "which is not made", `"kind":"Namespace"`, `"kind":"Other"`],
    [
      "a cluster-scoped object has a namespace",
      `PersistentVolume/${service}-model has a namespace`,
      `"kind":"PersistentVolume","metadata":{`,
      `"kind":"PersistentVolume","metadata":{"namespace":"x",`,
    ],
  ])("%s", (_, fault, from, to) => {
    expect(connectionFaults(mutated(objects, (json) => json.replace(from, to)))).toContainEqual(
      expect.stringContaining(fault),
    );
  });

  test("an Ingress names a Service that is not there", () => {
    const ingress = named(objects, "Ingress", "berth");
    const broken = mutated([ingress], (json) =>
      json.replace(`"name":"${service}"`, `"name":"api"`),
    );
    const others = objects.filter((object) => object !== ingress);
    expect(connectionFaults([...others, ...broken])).toEqual([
      expect.stringContaining(`${apiPrefix} to api:${ports.service}`),
    ]);
  });
});
