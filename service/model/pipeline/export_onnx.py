"""Exports the fine-tuned model to ONNX and fuses it for ONNX Runtime."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from onnxruntime.transformers import optimizer as ort_optimizer
from onnxruntime.transformers.fusion_options import FusionOptions
from transformers import BertForSequenceClassification

from .failure import PipelineError
from .files import final_when_done
from .inference import INPUTS, OnnxModel
from .train import padded

OPSET = 17
"""The newest opset that the TorchScript exporter and the fusion patterns both know well."""

MAX_EXPORT_DIFFERENCE = 1e-4
"""Largest accepted |logit difference| between torch and ONNX Runtime, both fp32."""


class _Logits(torch.nn.Module):
    """Only the logits, of the three inputs in the order of INPUTS."""

    def __init__(self, model: BertForSequenceClassification) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor) -> torch.Tensor:
        return self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).logits


def export_onnx(model: BertForSequenceClassification, path: Path) -> None:
    """Writes fp32 ONNX: inputs int64 `[batch, sequence]`, output `logits` float32 `[batch, labels]`."""
    # The fusion patterns recognize the plain ("eager") attention graph.
    model.set_attn_implementation("eager")
    # The exporter puts the module back into the mode it was in: a wrapper in training mode would switch dropout on.
    module = _Logits(model).eval()
    sample = torch.randint(1000, 2000, (2, 16))
    inputs = (sample, torch.ones_like(sample), torch.zeros_like(sample))
    axes = {name: {0: "batch", 1: "sequence"} for name in INPUTS}
    with final_when_done(path) as temporary, warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            inputs,
            str(temporary),
            input_names=list(INPUTS),
            output_names=["logits"],
            dynamic_axes=axes | {"logits": {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )


def fuse(source: Path, target: Path, model: BertForSequenceClassification) -> dict[str, int]:
    """Fuses attention, GELU, LayerNorm and embeddings; returns how many of each."""
    options = FusionOptions("bert")
    # The word embeddings stay a Gather of their own, which quantize.py turns into int8.
    options.enable_embed_layer_norm = False
    fused = ort_optimizer.optimize_model(
        str(source),
        model_type="bert",
        num_heads=model.config.num_attention_heads,
        hidden_size=model.config.hidden_size,
        optimization_options=options,
        opt_level=0,
        use_gpu=False,
    )
    with final_when_done(target) as temporary:
        fused.save_model_to_file(str(temporary))
    return fused.get_fused_operator_statistics()


def check_export(model: BertForSequenceClassification, path: Path, ids: list[list[int]]) -> float:
    """Largest |logit difference| between torch and ONNX on `ids`, one by one and in padded batches of 8.

    Raises PipelineError above MAX_EXPORT_DIFFERENCE.
    """
    onnx_model = OnnxModel(path)
    worst = 0.0
    with torch.inference_mode():
        batches = [[i] for i in range(len(ids))] + [list(range(i, min(i + 8, len(ids)))) for i in range(0, len(ids), 8)]
        for chosen in batches:
            expected = model(**padded(ids, chosen)).logits.numpy()
            worst = max(worst, float(np.abs(expected - onnx_model.logits([ids[i] for i in chosen])).max()))
    if worst > MAX_EXPORT_DIFFERENCE:
        raise PipelineError(
            f"{path.name} differs from torch by {worst:.2e} in a logit; {MAX_EXPORT_DIFFERENCE} is allowed.",
            "look in pipeline/export_onnx.py for the export or fusion that changed the graph's meaning.",
        )
    return worst
