"""Rewrites the int8 graph into one that does less work for the same answer: exact in real numbers, off in the last float bits.

Three rewrites, each measured (service/bench/README.md): the last layer computes the [CLS] row only, which is all that the
classifier reads; LayerNorm with skip, of which ONNX Runtime's CPU kernel is not vectorized, becomes Sum and
LayerNormalization; and biases go into the products.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .failure import PipelineError
from .files import final_when_done
from .inference import OnnxModel

REWRITES = "[CLS] only in the last layer, LayerNorm apart from skip, biases in the products"
"""What was rewritten, for the manifest."""

MICROSOFT = "com.microsoft"


class _Graph:
    """An ONNX graph with look-ups by tensor name; `replace` and `finish` keep nodes in an order that runs."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.nodes: list[onnx.NodeProto] = list(model.graph.node)
        self.weights = {weight.name: weight for weight in model.graph.initializer}

    def of_type(self, op_type: str) -> list[onnx.NodeProto]:
        return [node for node in self.nodes if node.op_type == op_type]

    def maker(self, tensor: str) -> onnx.NodeProto | None:
        return next((node for node in self.nodes if tensor in node.output), None)

    def users(self, tensor: str) -> list[onnx.NodeProto]:
        return [node for node in self.nodes if tensor in node.input]

    def value(self, name: str) -> np.ndarray:
        return numpy_helper.to_array(self.weights[name])

    def add_weight(self, name: str, value: np.ndarray) -> str:
        self.weights[name] = numpy_helper.from_array(np.ascontiguousarray(value) if value.ndim else value, name)
        return name

    def replace(self, node: onnx.NodeProto, by: list[onnx.NodeProto]) -> None:
        at = next(i for i, candidate in enumerate(self.nodes) if candidate is node)
        self.nodes[at : at + 1] = by

    def remove(self, node: onnx.NodeProto) -> None:
        self.replace(node, [])

    def finish(self) -> onnx.ModelProto:
        """The model with the present nodes, without weights and nodes that nothing uses."""
        graph = self.model.graph
        wanted = {output.name for output in graph.output}
        kept: list[onnx.NodeProto] = []
        for node in reversed(self.nodes):
            if wanted.intersection(node.output):
                kept.append(node)
                wanted.update(node.input)
        del graph.node[:], graph.initializer[:], graph.value_info[:]
        graph.node.extend(reversed(kept))
        graph.initializer.extend(weight for name, weight in self.weights.items() if name in wanted)
        return self.model


def _unexpected(what: str) -> PipelineError:
    return PipelineError(
        f"The int8 graph is not the one that pipeline/serving_graph.py knows: {what}.",
        "mend that file for this exporter or optimizer; or leave the step out of pipeline/quantize.py, which costs a third of the speed.",
    )


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def keep_first_token(model: onnx.ModelProto) -> onnx.ModelProto:
    """Computes the last layer's queries, and all after its attention, for the first token only.

    Keys and values still come from every token. The pooler's Gather of row 0 then finds a sequence of one row.
    """
    graph = _Graph(model)
    pooled = [n for n in graph.of_type("Gather") if (m := graph.maker(n.input[0])) is not None and m.op_type == "SkipLayerNormalization"]
    attentions = graph.of_type("QAttention")
    if len(pooled) != 1 or not attentions:
        raise _unexpected(f"{len(pooled)} Gathers after a SkipLayerNormalization, {len(attentions)} QAttentions")
    attention = attentions[-1]
    after = graph.users(attention.output[0])
    skips = [n for n in graph.of_type("SkipLayerNormalization") if graph.nodes.index(n) > graph.nodes.index(attention)]
    if len(after) != 1 or len(skips) != 2 or pooled[0].input[0] != skips[-1].output[0]:
        raise _unexpected("the last QAttention is not followed by one product, two SkipLayerNormalizations and the pooler's Gather")

    quantized, weight, bias, scale, weight_scale, mask, zero_point, weight_zero_point = attention.input[:8]
    weights, biases, scales, zeros = (graph.value(name) for name in (weight, bias, weight_scale, weight_zero_point))
    width = weights.shape[1] // 3
    bounds = [graph.add_weight(f"first_token_{name}", np.array([value], np.int64)) for name, value in (("start", 0), ("end", 1), ("axis", 1))]

    def first_row(tensor: str) -> onnx.NodeProto:
        return helper.make_node("Slice", [tensor, *bounds], [f"{tensor}_first"], name=f"{tensor}_first")

    query_row, skip_row = first_row(quantized), first_row(skips[0].input[1])
    nodes = [query_row, skip_row]
    for i, part in enumerate(("query", "key", "value")):
        columns, prefix = slice(i * width, (i + 1) * width), f"{attention.name}_{part}"
        inputs = [
            query_row.output[0] if part == "query" else quantized,
            graph.add_weight(f"{prefix}_weight", weights[:, columns]),
            scale,
            graph.add_weight(f"{prefix}_weight_scale", scales[columns]),
            zero_point,
            graph.add_weight(f"{prefix}_weight_zero_point", zeros[columns]),
            graph.add_weight(f"{prefix}_bias", biases[columns]),
        ]
        nodes.append(helper.make_node("MatMulIntegerToFloat", inputs, [prefix], name=prefix, domain=MICROSOFT))
    given = _attributes(attention)
    nodes.append(
        helper.make_node(
            "MultiHeadAttention",
            [*(node.output[0] for node in nodes[2:]), "", mask],
            [attention.output[0]],
            name=f"{attention.name}_first_token",
            domain=MICROSOFT,
            num_heads=given["num_heads"],
            **{name: given[name] for name in ("mask_filter_value", "scale") if name in given},
        )
    )
    graph.replace(attention, nodes)
    skips[0].input[1] = skip_row.output[0]
    return graph.finish()


def split_layer_norms(model: onnx.ModelProto) -> onnx.ModelProto:
    """SkipLayerNormalization becomes Sum and LayerNormalization.

    Sum, not Add: ONNX Runtime would fuse an Add back.
    """
    graph = _Graph(model)
    for node in graph.of_type("SkipLayerNormalization"):
        if len(node.output) != 1:
            raise _unexpected(f"{node.name} has {len(node.output)} outputs")
        added, skip, gamma, beta, *bias = node.input
        total = f"{node.output[0]}_sum"
        graph.replace(
            node,
            [
                helper.make_node("Sum", [added, skip, *bias], [total], name=f"{node.name}_Sum"),
                helper.make_node(
                    "LayerNormalization",
                    [total, gamma, beta],
                    [node.output[0]],
                    name=f"{node.name}_Norm",
                    axis=-1,
                    epsilon=_attributes(node)["epsilon"],
                ),
            ],
        )
    return graph.finish()


def fold_biases(model: onnx.ModelProto) -> onnx.ModelProto:
    """A bias that is added right after a MatMulIntegerToFloat becomes its bias; BiasGelu becomes Gelu."""
    graph = _Graph(model)
    for product in graph.of_type("MatMulIntegerToFloat"):
        users = graph.users(product.output[0])
        if len(product.input) == 7 or len(users) != 1:
            continue
        (user,) = users
        if user.op_type == "BiasGelu":
            product.input.append(user.input[1])
            graph.replace(user, [helper.make_node("Gelu", [user.input[0]], user.output, name=user.name, domain=MICROSOFT)])
        elif user.op_type == "Sum" and len(user.input) == 3:
            product.input.append(user.input[2])
            del user.input[2]
    return graph.finish()


def rewrite_for_serving(source: Path, target: Path) -> None:
    """Writes `source`, an int8 model of pipeline/quantize.py, with all three rewrites, and loads the result once.

    Raises PipelineError where the graph is not the expected one.
    """
    model = onnx.load(source)
    for rewrite in (keep_first_token, split_layer_norms, fold_biases):
        model = rewrite(model)
    with final_when_done(target) as temporary:
        onnx.save(model, temporary)
    OnnxModel(target)
