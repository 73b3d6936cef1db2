"""Runs a bundled ONNX file as the service does: CPU, one intra-op thread."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""The graph's inputs, int64 `[batch, sequence]`."""

PAD_TOKEN = 0


class OnnxModel:
    """A session over one ONNX file."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def logits(self, ids: list[list[int]]) -> np.ndarray:
        """Logits float32 `[batch, labels]` of one batch, padded to its longest row."""
        length = max(map(len, ids))
        input_ids = np.full((len(ids), length), PAD_TOKEN, dtype=np.int64)
        mask = np.zeros_like(input_ids)
        for row, tokens in enumerate(ids):
            input_ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        feeds = dict(zip(INPUTS, (input_ids, mask, np.zeros_like(input_ids))))
        return self.session.run(["logits"], feeds)[0]

    def logits_one_by_one(self, ids: list[list[int]]) -> np.ndarray:
        """Logits float32 `[rows, labels]`, each row a batch of its own without padding."""
        return np.concatenate([self.logits([tokens]) for tokens in ids])
