import { readSync } from "node:fs";

/** An input or output of a graph. */
export interface GraphValue {
  readonly name: string;
  /** ONNX's number of the element type; `undefined` for what is no tensor. @see elementTypes */
  readonly elementType: number | undefined;
  /** Size of each dimension, `undefined` where it is free; `undefined` as a whole where the graph gives no shape. */
  readonly shape: readonly (number | undefined)[] | undefined;
}

/** What a model file says about itself, without its weights. */
export interface OnnxGraph {
  /** Inputs that a caller must feed: those without an initializer. */
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** Tensors whose data lies outside the file, by name, each with the location that it gives. */
  readonly external: readonly { readonly name: string; readonly location: string }[];
}

/** Numbers of the element types that a classifier takes and gives. @see onnx.proto, TensorProto.DataType */
export const elementTypes = { float32: 1, int64: 7 } as const;

/** Subgraphs in subgraphs; exported classifiers have none. */
const maxDepth = 32;

/** Names and locations are short; a longer one is cut, since it is only shown. */
const maxTextBytes = 4096;

const windowBytes = 64 * 1024;

/**
 * Field numbers of the messages that can hold a tensor. All else is skipped.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
const fields = {
  model: { graph: 7, trainingInfo: 20, functions: 25 },
  trainingInfo: { initialization: 1, algorithm: 2 },
  graph: { node: 1, initializer: 5, input: 11, output: 12, sparseInitializer: 15 },
  function: { node: 7, attribute: 11 },
  node: { attribute: 5 },
  attribute: { t: 5, g: 6, tensors: 10, graphs: 11, sparseTensor: 22, sparseTensors: 23 },
  sparseTensor: { values: 1, indices: 2 },
  tensor: { name: 8, externalData: 13, dataLocation: 14 },
  keyValue: { key: 1, value: 2 },
  valueInfo: { name: 1, type: 2 },
  type: { tensorType: 1 },
  tensorType: { elementType: 1, shape: 2 },
  shape: { dim: 1 },
  dim: { value: 1 },
} as const;

/** A length-delimited field, or a number. */
type Field =
  | { readonly number: number; readonly kind: "bytes"; readonly from: number; readonly to: number }
  | { readonly number: number; readonly kind: "varint"; readonly value: number };

/** A file, seen through a window, so that 400 MB of weights are skipped and not read. */
class FileWindow {
  private window: Buffer = Buffer.alloc(0);
  private start = 0;

  constructor(private readonly fd: number) {}

  byte(at: number): number {
    if (at < this.start || at >= this.start + this.window.length) {
      this.window = this.read(at, windowBytes);
      this.start = at;
      if (this.window.length === 0) throw new Error(`it ends at byte ${at}`);
    }
    return this.window[at - this.start]!;
  }

  text(from: number, to: number): string {
    return this.read(from, Math.min(to - from, maxTextBytes)).toString("utf8");
  }

  private read(at: number, length: number): Buffer {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(this.fd, buffer, 0, length, at));
  }
}

/** Walks the messages of one model file. */
class Reader {
  readonly inputs: GraphValue[] = [];
  readonly outputs: GraphValue[] = [];
  readonly initialized = new Set<string>();
  readonly external: { name: string; location: string }[] = [];

  constructor(private readonly file: FileWindow) {}

  model(from: number, to: number): void {
    for (const field of this.messages(from, to)) {
      const { model, trainingInfo } = fields;
      if (field.number === model.graph) this.graph(field.from, field.to, 0);
      else if (field.number === model.functions) this.function(field.from, field.to);
      else if (field.number === model.trainingInfo)
        for (const part of this.messages(field.from, field.to))
          if (part.number === trainingInfo.initialization || part.number === trainingInfo.algorithm)
            this.graph(part.from, part.to, 1);
    }
  }

  private graph(from: number, to: number, depth: number): void {
    if (depth > maxDepth) throw new Error(`its graphs are nested more than ${maxDepth} deep`);
    const { graph } = fields;
    for (const field of this.messages(from, to))
      if (field.number === graph.node) this.node(field.from, field.to, depth);
      else if (field.number === graph.initializer) {
        const name = this.tensor(field.from, field.to);
        if (depth === 0) this.initialized.add(name);
      } else if (field.number === graph.sparseInitializer)
        this.initialized.add(this.sparseTensor(field.from, field.to));
      else if (depth === 0 && field.number === graph.input)
        this.inputs.push(this.value(field.from, field.to));
      else if (depth === 0 && field.number === graph.output)
        this.outputs.push(this.value(field.from, field.to));
  }

  private function(from: number, to: number): void {
    for (const field of this.messages(from, to))
      if (field.number === fields.function.node) this.node(field.from, field.to, 1);
      else if (field.number === fields.function.attribute) this.attribute(field.from, field.to, 1);
  }

  private node(from: number, to: number, depth: number): void {
    for (const field of this.messages(from, to))
      if (field.number === fields.node.attribute) this.attribute(field.from, field.to, depth);
  }

  private attribute(from: number, to: number, depth: number): void {
    const { attribute } = fields;
    for (const field of this.messages(from, to))
      if (field.number === attribute.t || field.number === attribute.tensors)
        this.tensor(field.from, field.to);
      else if (field.number === attribute.g || field.number === attribute.graphs)
        this.graph(field.from, field.to, depth + 1);
      else if (field.number === attribute.sparseTensor || field.number === attribute.sparseTensors)
        this.sparseTensor(field.from, field.to);
  }

  private sparseTensor(from: number, to: number): string {
    let name = "";
    for (const field of this.messages(from, to))
      if (field.number === fields.sparseTensor.values) name = this.tensor(field.from, field.to);
      else if (field.number === fields.sparseTensor.indices) this.tensor(field.from, field.to);
    return name;
  }

  private tensor(from: number, to: number): string {
    const { tensor, keyValue } = fields;
    let name = "";
    let location = "";
    let external = false;
    for (const field of this.fields(from, to))
      if (field.kind === "varint")
        external ||= field.number === tensor.dataLocation && field.value !== 0;
      else if (field.number === tensor.name) name = this.file.text(field.from, field.to);
      else if (field.number === tensor.externalData) {
        external = true;
        const entry = { key: "", value: "" };
        for (const part of this.messages(field.from, field.to))
          if (part.number === keyValue.key) entry.key = this.file.text(part.from, part.to);
          else if (part.number === keyValue.value) entry.value = this.file.text(part.from, part.to);
        if (entry.key === "location") location = entry.value;
      }
    if (external) this.external.push({ name, location });
    return name;
  }

  private value(from: number, to: number): GraphValue {
    let name = "";
    let elementType: number | undefined;
    let shape: (number | undefined)[] | undefined;
    for (const field of this.messages(from, to))
      if (field.number === fields.valueInfo.name) name = this.file.text(field.from, field.to);
      else if (field.number === fields.valueInfo.type)
        for (const type of this.messages(field.from, field.to))
          if (type.number === fields.type.tensorType)
            for (const part of this.fields(type.from, type.to))
              if (part.kind === "varint") {
                if (part.number === fields.tensorType.elementType) elementType = part.value;
              } else if (part.number === fields.tensorType.shape)
                shape = this.shape(part.from, part.to);
    return { name, elementType, shape };
  }

  private shape(from: number, to: number): (number | undefined)[] {
    const sizes: (number | undefined)[] = [];
    for (const dim of this.messages(from, to))
      if (dim.number === fields.shape.dim) {
        let size: number | undefined;
        for (const part of this.fields(dim.from, dim.to))
          if (part.kind === "varint" && part.number === fields.dim.value) size = part.value;
        sizes.push(size);
      }
    return sizes;
  }

  private *messages(from: number, to: number): Generator<Extract<Field, { kind: "bytes" }>> {
    for (const field of this.fields(from, to)) if (field.kind === "bytes") yield field;
  }

  /** The fields of one message. @see https://protobuf.dev/programming-guides/encoding/ */
  private *fields(from: number, to: number): Generator<Field> {
    for (let at = from; at < to;) {
      const [tag, afterTag] = this.varint(at, to);
      const number = Math.floor(tag / 8);
      const wireType = tag % 8;
      if (number === 0) throw new Error(`byte ${at} begins no field`);
      if (wireType === 0) {
        const [value, next] = this.varint(afterTag, to);
        yield { number, kind: "varint", value };
        at = next;
        continue;
      }
      let [length, begin] = [wireType === 1 ? 8 : 4, afterTag];
      if (wireType === 2) [length, begin] = this.varint(afterTag, to);
      else if (wireType !== 1 && wireType !== 5)
        throw new Error(`byte ${at} begins a field of unknown kind ${wireType}`);
      if (begin + length > to) throw new Error(`the field at byte ${at} reaches beyond its end`);
      if (wireType === 2) yield { number, kind: "bytes", from: begin, to: begin + length };
      at = begin + length;
    }
  }

  /** @returns the value, inexact from 2^53 on, where only "not zero" and "too large" matter, and what follows it */
  private varint(at: number, to: number): [number, number] {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      if (at + i >= to) throw new Error(`it is cut at byte ${at + i}`);
      const byte = this.file.byte(at + i);
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return [value, at + i + 1];
    }
    throw new Error(`byte ${at} begins no number`);
  }
}

/**
 * Reads what an ONNX file says about itself, and skips its weights.
 *
 * Reads synchronously: of a BERT's file that is a few hundred kilobytes.
 *
 * @param fd of a file that is open for reading
 * @param bytes size of the file
 * @throws {Error} if it is not what ONNX's format allows
 */
export function readOnnxGraph(fd: number, bytes: number): OnnxGraph {
  const reader = new Reader(new FileWindow(fd));
  reader.model(0, bytes);
  const { inputs, outputs, external, initialized } = reader;
  // Until IR version 4, initializers are listed among the inputs.
  return { inputs: inputs.filter(({ name }) => !initialized.has(name)), outputs, external };
}
