"""Tests of the graph rewrites, on a small BERT that goes through the pipeline's own export. Run: python -m pytest service/model"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from pipeline.export_onnx import export_onnx, fuse
from pipeline.failure import PipelineError
from pipeline.inference import OnnxModel
from pipeline.quantize import activation_ranges, dynamic_inputs, fix_activation_scales, quantize_embeddings, quantize_products
from pipeline.serving_graph import rewrite_for_serving
from pipeline.smooth import smooth

LAYERS = 2


def some_ids(count: int) -> list[list[int]]:
    rng = np.random.default_rng(3)
    return [rng.integers(1, 2000, rng.integers(3, 20)).tolist() for _ in range(count)]


@pytest.fixture(scope="module")
def int8(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The int8 model just before it is rewritten: random weights, large enough that answers differ."""
    folder = tmp_path_factory.mktemp("int8")
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=2000,
        hidden_size=32,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        num_labels=3,
        initializer_range=0.3,
    )
    model = BertForSequenceClassification(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(0, 0.3)
    steps = [folder / f"{step}.onnx" for step in ("exported", "fused", "smoothed", "products", "fixed", "int8")]
    exported, fused, smoothed, products, fixed, complete = steps
    export_onnx(model, exported)
    fuse(exported, fused, model)
    smooth(fused, smoothed, some_ids(16))
    quantize_products(smoothed, products)
    fix_activation_scales(products, fixed, activation_ranges(smoothed, dynamic_inputs(onnx.load(products)), some_ids(16)))
    quantize_embeddings(fixed, complete)
    return complete


@pytest.fixture(scope="module")
def rewritten(int8: Path) -> Path:
    target = int8.with_name("rewritten.onnx")
    rewrite_for_serving(int8, target)
    return target


def operators(path: Path) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load(path).graph.node)


def difference(one: Path, other: Path) -> float:
    """Median over rows of the largest |logit difference|: a tipped rounding moves single rows, a wrong graph all."""
    a, b = (OnnxModel(path).logits_one_by_one(some_ids(64)) for path in (one, other))
    return float(np.median(np.abs(a - b).max(axis=1)))


def test_the_rewritten_graph_answers_as_before(int8: Path, rewritten: Path) -> None:
    assert np.ptp(OnnxModel(int8).logits_one_by_one(some_ids(64)), axis=0).max() > 0.5
    assert difference(int8, rewritten) < 1e-4


def test_fails_the_same_comparison_where_another_token_is_kept(int8: Path, rewritten: Path) -> None:
    wrong = onnx.load(rewritten)
    for weight in wrong.graph.initializer:
        if weight.name in ("first_token_start", "first_token_end"):
            weight.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight) + 1, weight.name))
    path = rewritten.with_name("wrong.onnx")
    onnx.save(wrong, path)
    assert difference(int8, path) > 1e-2


def test_a_text_gets_the_same_answer_whatever_its_batch_holds(rewritten: Path) -> None:
    model, ids = OnnxModel(rewritten), some_ids(24)
    together = np.concatenate([model.logits(ids[at : at + 8]) for at in range(0, 24, 8)])
    assert np.abs(together - model.logits_one_by_one(ids)).max() < 1e-6


def test_the_last_layer_computes_one_row(rewritten: Path) -> None:
    model = onnx.load(rewritten)
    product = [node for node in model.graph.node if node.op_type == "MatMulIntegerToFloat"][-1].output[0]
    model.graph.output.append(onnx.helper.make_tensor_value_info(product, onnx.TensorProto.FLOAT, None))
    path = rewritten.with_name("inspected.onnx")
    onnx.save(model, path)
    ids = np.ones((4, 9), np.int64)
    (last,) = OnnxModel(path).session.run([product], {"input_ids": ids, "attention_mask": ids, "token_type_ids": ids * 0})
    assert last.shape == (4, 1, 32)


def test_nothing_slow_and_nothing_unused_is_left(int8: Path, rewritten: Path) -> None:
    before, after = operators(int8), operators(rewritten)
    assert before["SkipLayerNormalization"] == 2 * LAYERS and before["BiasGelu"] == LAYERS
    assert after["SkipLayerNormalization"] == after["BiasGelu"] == 0
    assert after["LayerNormalization"] == 2 * LAYERS + 1
    assert after["QAttention"] == LAYERS - 1 and after["MultiHeadAttention"] == 1
    graph = onnx.load(rewritten).graph
    used = {name for node in graph.node for name in node.input}
    assert {weight.name for weight in graph.initializer} <= used


def test_fails_on_a_graph_that_was_rewritten_already(rewritten: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="not the one that pipeline/serving_graph.py knows"):
        rewrite_for_serving(rewritten, tmp_path / "twice.onnx")
    assert list(tmp_path.iterdir()) == []
