"""Moves outliers from activations into weights before quantization, after SmoothQuant (Xiao et al. 2022).

A few channels of a BERT's activations are ten times as large as the rest, and one scale per tensor wastes its 8 bits on
them. Each channel is divided by a factor, and its row of the weights is multiplied by it: the product stays the same.
The factor depends on the activations only: the weights have a scale per column, so that their size matters less here, and
the paper's formula, which weighs both, measured worse (README.md, "Quantization").
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from .files import final_when_done
from .inference import INPUTS

STRENGTH = 0.5
"""Exponent of a channel's largest value in its factor: 0 leaves activations alone, 1 makes all channels equally large."""


def products(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """The MatMul and Attention nodes that have a constant weight as their second input."""
    constants = {weight.name for weight in model.graph.initializer}
    return [n for n in model.graph.node if n.op_type in ("MatMul", "Attention") and n.input[1] in constants]


def channel_maxima(fused: Path, names: list[str], ids: list[list[int]]) -> dict[str, np.ndarray]:
    """Largest absolute value of each channel (last axis) of the named activations over `ids`."""
    model = onnx.load(fused)
    for name in names:
        model.graph.output.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    maxima: dict[str, np.ndarray] = {}
    for tokens in ids:
        one = np.array([tokens], dtype=np.int64)
        feeds = dict(zip(INPUTS, (one, np.ones_like(one), np.zeros_like(one))))
        for name, value in zip(names, session.run(names, feeds)):
            largest = np.abs(value).reshape(-1, value.shape[-1]).max(axis=0)
            maxima[name] = np.maximum(maxima.get(name, 0), largest)
    return maxima


def smooth(fused: Path, target: Path, ids: list[list[int]], strength: float = STRENGTH) -> None:
    """Writes `fused` with a Mul by 1 / factor before each product and the factor in its weights, calibrated on `ids`."""
    model = onnx.load(fused)
    graph = model.graph
    weights = {weight.name: weight for weight in graph.initializer}
    found = products(model)
    maxima = channel_maxima(fused, sorted({node.input[0] for node in found}), ids)
    before: dict[str, onnx.NodeProto] = {}
    for node in found:
        activation, name = node.input[0], node.input[1]
        weight = numpy_helper.to_array(weights[name])
        factors = np.maximum(maxima[activation], 1e-5) ** strength
        factors = (factors / np.exp(np.log(factors).mean())).astype(np.float32)
        weights[name].CopyFrom(numpy_helper.from_array((weight * factors[:, None]).astype(np.float32), name))
        divided = f"{node.name}_smoothed"
        graph.initializer.append(numpy_helper.from_array((1 / factors).astype(np.float32), f"{divided}_by"))
        before[node.name] = helper.make_node("Mul", [activation, f"{divided}_by"], [divided], name=divided)
        node.input[0] = divided
    nodes = [one for node in graph.node for one in (before.get(node.name), node) if one is not None]
    del graph.node[:]
    graph.node.extend(nodes)
    with final_when_done(target) as temporary:
        onnx.save(model, temporary)
