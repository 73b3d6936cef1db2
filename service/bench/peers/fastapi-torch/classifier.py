"""Text in, probabilities out: clean, tokenize, torch; what the service did before Berth."""

from __future__ import annotations

import html
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import torch
from bs4 import BeautifulSoup
from tokenizers import Tokenizer
from transformers import BertConfig, BertForSequenceClassification

from weights import dequantized_weights

TOLERANCE = 0.005
"""Largest accepted difference of a golden probability, fp32 here and int8 in the manifest.

Right weights differ by 0.0006; one layer's output weights times 1.5 by 0.006, one flipped query matrix by 0.010.
"""

SPACES = re.compile(r"\s+")


def clean(text: str) -> str:
    """Without markup and entities, one space between words."""
    if "<" in text:
        text = BeautifulSoup(text, "html.parser").get_text(" ")
    return SPACES.sub(" ", html.unescape(text)).strip()


class Classifier:
    """The bundled model in torch."""

    def __init__(self, folder: Path, compiled: bool = False, int8: bool = False) -> None:
        self.manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self.labels: list[str] = self.manifest["labels"]
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(self.manifest["maxTokens"])
        config = BertConfig.from_pretrained(folder, attn_implementation="sdpa")
        model = BertForSequenceClassification(config)
        model.load_state_dict(dequantized_weights(folder / "model.onnx"), strict=True)
        model.eval()
        if int8:
            model = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)
        self.model: Any = torch.compile(model, dynamic=True) if compiled else model

    def probabilities(self, text: str) -> list[float]:
        """Of each label, in the manifest's order."""
        ids = torch.tensor([self.tokenizer.encode(clean(text)).ids])
        with torch.inference_mode():
            # A text alone needs no mask, which would cost SDPA its faster path.
            logits = self.model(input_ids=ids).logits[0]
            return torch.softmax(logits / self.manifest["temperature"], -1).tolist()

    def prove(self) -> float:
        """Largest difference from the manifest's golden answers.

        Raises ValueError above TOLERANCE: these would not be the same weights.
        """
        worst = 0.0
        for golden in self.manifest["golden"]:
            found = dict(zip(self.labels, self.probabilities(golden["text"])))
            worst = max(worst, *(abs(found[label] - score) for label, score in golden["scores"].items()))
        print(f"golden answers: largest difference {worst:.4f} ({TOLERANCE} is accepted)", file=sys.stderr, flush=True)
        if worst > TOLERANCE:
            raise ValueError(f"the golden answers differ by {worst:.4f}: the weights were not converted rightly")
        return worst


def main() -> None:
    """Proves the model in PEER_MODEL_DIR."""
    Classifier(Path(os.environ["PEER_MODEL_DIR"]), int8=os.environ.get("PEER_INT8") == "1").prove()


if __name__ == "__main__":
    main()
