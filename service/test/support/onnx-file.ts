import { elementTypes } from "../../src/model/onnx-graph";

// Writes small ONNX files. @see https://protobuf.dev/programming-guides/encoding/

/** A tensor's shape; `undefined` is a size that is free. */
type Shape = readonly (number | undefined)[];

export interface OnnxValue {
  readonly name: string;
  readonly elementType?: number;
  readonly shape?: Shape;
}

export interface OnnxTensor {
  readonly name: string;
  readonly bytes?: Uint8Array;
  /** Puts its data into another file. */
  readonly location?: string;
}

/** Where a tensor stands: ONNX has many places. */
export type TensorPlace =
  "initializer" | "attribute" | "attribute list" | "subgraph" | "function" | "sparse" | "training";

export interface OnnxOptions {
  readonly inputs?: readonly OnnxValue[];
  readonly outputs?: readonly OnnxValue[];
  readonly tensors?: readonly OnnxTensor[];
  readonly place?: TensorPlace;
}

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

const number = (field: number, value: number) => Buffer.concat([varint(field * 8), varint(value)]);

const message = (field: number, ...parts: (Uint8Array | string)[]) => {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
};

function value(field: number, { name, elementType, shape }: OnnxValue): Buffer {
  const dims = (shape ?? []).map((size) =>
    message(1, size === undefined ? message(2, "any") : number(1, size)),
  );
  const type = message(
    1,
    number(1, elementType ?? elementTypes.int64),
    ...(shape === undefined ? [] : [message(2, ...dims)]),
  );
  return message(field, message(1, name), message(2, type));
}

function tensor(field: number, { name, bytes, location }: OnnxTensor): Buffer {
  return message(
    field,
    number(2, elementTypes.float32),
    message(8, name),
    ...(bytes === undefined ? [] : [message(9, bytes)]),
    ...(location === undefined
      ? []
      : [message(13, message(1, "location"), message(2, location)), number(14, 1)]),
  );
}

const node = (...attributes: Buffer[]) => message(1, message(4, "Constant"), ...attributes);

/** `tensor`, at the place in a model where it belongs: in its graph, or beside it. */
function placed(one: OnnxTensor, place: TensorPlace): { inGraph?: Buffer; inModel?: Buffer } {
  switch (place) {
    case "initializer":
      return { inGraph: tensor(5, one) };
    case "attribute":
      return { inGraph: node(message(5, message(1, "value"), tensor(5, one))) };
    case "attribute list":
      return { inGraph: node(message(5, message(1, "values"), tensor(10, one))) };
    case "subgraph":
      return { inGraph: node(message(5, message(1, "body"), message(6, tensor(5, one)))) };
    case "sparse":
      return { inGraph: message(15, tensor(1, one)) };
    case "function": {
      const inner = message(5, message(1, "value"), tensor(5, one));
      return { inModel: message(25, message(1, "f"), message(7, message(4, "Constant"), inner)) };
    }
    case "training":
      return { inModel: message(20, message(1, tensor(5, one))) };
  }
}

const anySize: Shape = [undefined, undefined];

/** What a classifier of four labels takes and gives. */
export const classifier = {
  inputs: ["input_ids", "attention_mask", "token_type_ids"].map((name) => ({
    name,
    shape: anySize,
  })),
  outputs: [{ name: "logits", elementType: elementTypes.float32, shape: [undefined, 4] }],
} satisfies OnnxOptions;

/** An ONNX file; a classifier of four labels unless `options` says otherwise. */
export function onnxFile(options: OnnxOptions = {}): Buffer {
  const { inputs, outputs, tensors = [], place = "initializer" } = { ...classifier, ...options };
  const parts = tensors.map((one) => placed(one, place));
  return Buffer.concat([
    number(1, 8),
    message(
      7,
      ...parts.flatMap(({ inGraph }) => inGraph ?? []),
      message(2, "graph"),
      ...inputs.map((one) => value(11, one)),
      ...outputs.map((one) => value(12, one)),
    ),
    message(8, number(2, 17)),
    ...parts.flatMap(({ inModel }) => inModel ?? []),
  ]);
}
