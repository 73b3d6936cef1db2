import type { ModelManifest } from "@berth/contract";
import { elementTypes } from "./onnx-graph";
import type { GraphValue, OnnxGraph } from "./onnx-graph";

/**
 * What keeps a graph from being the classifier that the manifest describes: data outside its file, other inputs or
 * outputs, other types or shapes.
 */
export function graphFaults(graph: OnnxGraph, manifest: ModelManifest): string[] {
  const faults: string[] = [];
  const [external] = graph.external;
  if (external !== undefined)
    faults.push(
      `keeps the data of ${graph.external.length} tensors in other files, the first, ` +
        `${JSON.stringify(external.name)}, in ${JSON.stringify(external.location)}: export it as one file`,
    );
  const given = graph.inputs.map(({ name }) => name);
  const wanted: readonly string[] = manifest.inputs;
  if (given.length !== wanted.length || wanted.some((name) => !given.includes(name)))
    faults.push(`takes the inputs ${list(given)}, but the manifest names ${list(wanted)}`);
  for (const input of graph.inputs) {
    if (input.elementType !== elementTypes.int64)
      faults.push(`takes ${input.name} as element type ${input.elementType}, not int64`);
    const { shape } = input;
    if (shape !== undefined && (shape.length !== 2 || shape.some((size) => size !== undefined)))
      faults.push(
        `takes ${input.name} as ${shown(input)}, not [batch, sequence], both of any size`,
      );
  }
  const output = graph.outputs.find(({ name }) => name === manifest.output);
  const outputs = graph.outputs.map(({ name }) => name);
  if (output === undefined)
    faults.push(`gives the outputs ${list(outputs)}, but the manifest names ${manifest.output}`);
  else {
    if (output.elementType !== elementTypes.float32)
      faults.push(`gives ${output.name} as element type ${output.elementType}, not float32`);
    const labels = manifest.labels.length;
    const { shape = [undefined, labels] } = output;
    const [batch, last = labels] = shape;
    if (shape.length !== 2 || batch !== undefined || last !== labels)
      faults.push(
        `gives ${output.name} as ${shown(output)}, not [batch, labels] for any batch and ${labels} labels`,
      );
  }
  return faults;
}

const list = (names: readonly string[]) => names.join(", ") || "(none)";

const shown = ({ shape }: GraphValue) => `[${shape!.map((size) => size ?? "any").join(", ")}]`;
