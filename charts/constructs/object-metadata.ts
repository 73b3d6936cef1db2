import { componentName, namespace, selectorLabels } from "@berth/contract";
import type { Component } from "@berth/contract";
import type { ApiObjectMetadata } from "cdk8s";

/**
 * Metadata of a component's object. Charts have no namespace of their own, since cdk8s would put it on
 * cluster-scoped objects too: every namespaced object says its namespace itself.
 */
export function objectMetadata(
  component: Component,
  name: string = componentName(component),
): ApiObjectMetadata {
  return { name, namespace, labels: selectorLabels(component) };
}
