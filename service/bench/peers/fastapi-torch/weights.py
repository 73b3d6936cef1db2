"""Turns a bundled int8 model back into fp32 weights for transformers' BERT, so that the peer computes with the same weights."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

WORDS = "model.bert.embeddings.word_embeddings.weight"


def dequantized_weights(path: Path) -> dict[str, torch.Tensor]:
    """State dict of BertForSequenceClassification, from the int8 `model.onnx` at `path`.

    A product's weights are its int8 columns times their scales. The activation's smoothing factors, which the graph
    multiplies in before, go into the rows, so that the activation stays as torch computes it.
    """
    graph = onnx.load(path).graph
    constants = {weight.name: numpy_helper.to_array(weight) for weight in graph.initializer}
    made_by = {output: node for node in graph.node for output in node.output}
    state: dict[str, np.ndarray] = {}

    def smoothing(quantized: str) -> np.ndarray:
        """Factors that the activation is multiplied by before it is quantized; a Slice may stand in between."""
        node = made_by[quantized]
        while node.op_type in ("Slice", "QuantizeLinear"):
            node = made_by[node.input[0]]
        assert node.op_type == "Mul", f"{quantized} is made by {node.op_type}"
        return constants[node.input[1]]

    for name, value in constants.items():
        if name.startswith("model.") and value.dtype == np.float32 and name not in (f"{WORDS}_scales",):
            state[name.removeprefix("model.")] = value
    state[WORDS.removeprefix("model.")] = constants[f"{WORDS}_int8"].astype(np.float32) * constants[f"{WORDS}_scales"]
    for node in graph.node:
        if node.op_type == "MatMul":
            # The pooler and the classifier; torch keeps weights as [out, in].
            state[node.input[1].removeprefix("model.")] = constants[node.input[1]].T
        elif node.op_type == "MatMulIntegerToFloat":
            quantized, weight, _, scales = node.input[:4]
            full = constants[weight].astype(np.float32) * constants[scales] * smoothing(quantized)[:, None]
            attention = re.fullmatch(r"Attention_(\d+)_quant_(query|key|value)", node.name)
            if attention is None:
                # /model/bert/encoder/layer.0/output/dense/MatMul_quant_to_float
                key = node.name.removeprefix("/model/").removesuffix("/MatMul_quant_to_float").replace("/", ".")
            else:
                key = f"bert.encoder.layer.{attention[1]}.attention.self.{attention[2]}"
                state[f"{key}.bias"] = constants[node.input[6]]
            state[f"{key}.weight"] = full.T
        elif node.op_type == "QAttention":
            quantized, weight, bias, _, scales = node.input[:5]
            full = constants[weight].astype(np.float32) * constants[scales] * smoothing(quantized)[:, None]
            layer = re.fullmatch(r"Attention_(\d+)_quant", node.name)
            assert layer is not None, f"{node.name} is not an attention that weights.py knows"
            for part, columns, biases in zip(("query", "key", "value"), np.split(full, 3, 1), np.split(constants[bias], 3)):
                key = f"bert.encoder.layer.{layer[1]}.attention.self.{part}"
                state[f"{key}.weight"], state[f"{key}.bias"] = columns.T, biases
    return {name: torch.from_numpy(np.array(value, order="C")) for name, value in state.items()}
