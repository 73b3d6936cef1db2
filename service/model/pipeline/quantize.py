"""Turns the fused fp32 model into int8: weights per column, activations with fixed scales, embeddings per row.

Fixed ("static") activation scales make a text's answer independent of what else is in its batch, and 7-bit weights keep
the integer sums exact on CPUs without VNNI. README.md, "Quantization", has what the alternatives measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from .failure import PipelineError
from .files import final_when_done
from .inference import INPUTS
from .serving_graph import rewrite_for_serving
from .smooth import smooth

QUANTIZED_OPS = ["MatMul", "Attention"]
"""The encoder's products. The pooler and the classifier (Gemm, 0.6 MB) stay fp32."""

CALIBRATION_ROWS = 512
"""Training rows whose activations set factors and ranges."""


SCHEME = "int8: weights per column in 7 bits, smoothed activations per tensor with fixed scales, word embeddings per row"


@dataclass(frozen=True)
class ActivationRange:
    """Range of one activation tensor over the calibration rows, in the tensor's unit."""

    low: float
    high: float


def quantize_products(source: Path, target: Path, reduce_range: bool = True) -> None:
    """Quantizes QUANTIZED_OPS: int8 weights per output column, activations still with a scale per tensor and run.

    `reduce_range` keeps weights in 7 bits: 255 * 64 * 2 fits the int16 that CPUs without VNNI add pairs in.
    """
    # quantize_dynamic turns every Gemm into a MatMul of that name first, and would quantize that.
    heads = [f"{node.name}_MatMul" for node in onnx.load(source).graph.node if node.op_type == "Gemm"]
    with final_when_done(target) as temporary:
        quantize_dynamic(
            source,
            temporary,
            op_types_to_quantize=QUANTIZED_OPS,
            nodes_to_exclude=heads,
            per_channel=True,
            reduce_range=reduce_range,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": onnx.TensorProto.FLOAT},
        )


def dynamic_inputs(model: onnx.ModelProto) -> list[str]:
    """Names of the activations that a DynamicQuantizeLinear quantizes."""
    return sorted({node.input[0] for node in model.graph.node if node.op_type == "DynamicQuantizeLinear"})


def activation_ranges(fused: Path, names: list[str], ids: list[list[int]]) -> dict[str, ActivationRange]:
    """Runs the fp32 model on `ids` one by one and takes each tensor's extremes."""
    model = onnx.load(fused)
    for name in names:
        model.graph.output.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    lows, highs = np.zeros(len(names)), np.zeros(len(names))
    for tokens in ids:
        one = np.array([tokens], dtype=np.int64)
        feeds = dict(zip(INPUTS, (one, np.ones_like(one), np.zeros_like(one))))
        values = session.run(names, feeds)
        lows = np.minimum(lows, [value.min() for value in values])
        highs = np.maximum(highs, [value.max() for value in values])
    return {name: ActivationRange(float(low), float(high)) for name, low, high in zip(names, lows, highs)}


def scale_and_zero_point(found: ActivationRange) -> tuple[np.float32, np.uint8]:
    """uint8 parameters of the range, widened to hold 0: real = (stored - zero point) * scale."""
    low, high = min(found.low, 0.0), max(found.high, 0.0)
    scale = np.float32((high - low) / 255 or 1.0)
    return scale, np.uint8(np.clip(round(-low / scale), 0, 255))


def fix_activation_scales(source: Path, target: Path, ranges: dict[str, ActivationRange]) -> None:
    """Replaces every DynamicQuantizeLinear by a QuantizeLinear with the constants of `ranges`.

    MatMulInteger -> Cast -> Mul becomes one MatMulIntegerToFloat, which ONNX Runtime no longer fuses by itself once the
    activation's scale is a constant.
    """
    model = onnx.load(source)
    graph = model.graph
    made_by = {output: node for node in graph.node for output in node.output}
    used_by: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            used_by.setdefault(name, []).append(node)
    replaced: dict[str, onnx.NodeProto | None] = {}
    for node in graph.node:
        if node.op_type == "DynamicQuantizeLinear":
            activation = node.input[0]
            scale, zero_point = scale_and_zero_point(ranges[activation])
            graph.initializer.append(numpy_helper.from_array(np.array(scale), node.output[1]))
            graph.initializer.append(numpy_helper.from_array(np.array(zero_point), node.output[2]))
            replaced[node.name] = helper.make_node(
                "QuantizeLinear", [activation, *node.output[1:]], [node.output[0]], name=f"{activation}_Quantize"
            )
        elif node.op_type == "MatMulInteger":
            (cast,) = used_by[node.output[0]]
            (scaled,) = used_by[cast.output[0]]
            scales = made_by[scaled.input[1]]
            replaced[cast.name] = replaced[scales.name] = replaced[node.name] = None
            quantized, weight, zero_point, weight_zero_point = node.input
            replaced[scaled.name] = helper.make_node(
                "MatMulIntegerToFloat",
                [quantized, weight, *scales.input, zero_point, weight_zero_point],
                [scaled.output[0]],
                name=f"{node.name}_to_float",
                domain="com.microsoft",
            )
    nodes = [replaced.get(node.name, node) for node in graph.node]
    del graph.node[:]
    graph.node.extend(node for node in nodes if node is not None)
    with final_when_done(target) as temporary:
        onnx.save(model, temporary)


def quantize_embeddings(source: Path, target: Path) -> None:
    """Stores the word embeddings as int8 with one scale per row, looked up and scaled after the Gather."""
    model = onnx.load(source)
    graph = model.graph
    weights = {w.name: w for w in graph.initializer}
    gathers = [n for n in graph.node if n.op_type == "Gather" and n.input[0] in weights and n.input[1] == INPUTS[0]]
    if len(gathers) != 1:
        raise PipelineError(
            f"{source.name} has {len(gathers)} word embedding look-ups of {INPUTS[0]}; one is expected.",
            "use a BERT model, whose embeddings are one table.",
        )
    gather = gathers[0]
    table = numpy_helper.to_array(weights[gather.input[0]])
    scales = (np.abs(table).max(axis=1, keepdims=True) / 127).astype(np.float32)
    scales[scales == 0] = 1.0
    quantized = np.clip(np.rint(table / scales), -127, 127).astype(np.int8)
    prefix = gather.input[0]
    graph.initializer.remove(weights[prefix])
    graph.initializer.append(numpy_helper.from_array(quantized, f"{prefix}_int8"))
    graph.initializer.append(numpy_helper.from_array(scales, f"{prefix}_scales"))
    replacement = [
        helper.make_node("Gather", [f"{prefix}_int8", INPUTS[0]], [f"{prefix}_rows_int8"], name=f"{prefix}_Gather"),
        helper.make_node("Cast", [f"{prefix}_rows_int8"], [f"{prefix}_rows"], name=f"{prefix}_Cast", to=onnx.TensorProto.FLOAT),
        helper.make_node("Gather", [f"{prefix}_scales", INPUTS[0]], [f"{prefix}_row_scales"], name=f"{prefix}_GatherScales"),
        helper.make_node("Mul", [f"{prefix}_rows", f"{prefix}_row_scales"], [gather.output[0]], name=f"{prefix}_Scale"),
    ]
    at = list(graph.node).index(gather)
    nodes = list(graph.node)
    nodes[at : at + 1] = replacement
    del graph.node[:]
    graph.node.extend(nodes)
    with final_when_done(target) as temporary:
        onnx.save(model, temporary)


def quantize(fused: Path, target: Path, calibration_ids: list[list[int]], work: Path) -> None:
    """The whole of it: smoothing, products, fixed activation scales, embeddings, and a graph that does less work."""
    ids = calibration_ids[:CALIBRATION_ROWS]
    smoothed, products = work / "smoothed.onnx", work / "int8-products.onnx"
    fixed, complete = work / "int8-fixed.onnx", work / "int8.onnx"
    smooth(fused, smoothed, ids)
    quantize_products(smoothed, products)
    fix_activation_scales(products, fixed, activation_ranges(smoothed, dynamic_inputs(onnx.load(products)), ids))
    quantize_embeddings(fixed, complete)
    rewrite_for_serving(complete, target)
