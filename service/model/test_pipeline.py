"""Tests of the pure parts. Run: python -m pytest service/model"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from parity_texts import parity_texts
from pipeline.adversarial import moved
from pipeline.bundle import new_version, write_tokenizer
from pipeline.calibration import expected_calibration_error, fit_temperature, softmax, unsure_below
from pipeline.dataset import Row, eligible_rows, label_order, read_rows
from pipeline.evaluate import figures, shares_between, token_edges
from pipeline.failure import PipelineError
from pipeline.files import final_when_done, sha256_of
from pipeline.manifest import check_manifest, file_entries
from pipeline.quantize import ActivationRange, scale_and_zero_point
from pipeline.split import near_duplicates, split_rows
from pipeline.train import learning_rate_share

WORDS = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon".split()


def some_rows(count: int = 400) -> list[Row]:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, 12)) for _ in range(count)]
    return [Row(i + 2, "AB"[i % 2], text, {"form": "whole"}) for i, text in enumerate(texts)]


def write_csv(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(["label,text", *lines]) + "\n", encoding="utf-8")
    return path


def test_held_out_validation_and_training_rows_share_no_row_and_no_near_duplicate() -> None:
    rows = some_rows()
    copies = [Row(900 + i, row.label, f"updated: {row.text} .", {"form": "copy"}) for i, row in enumerate(rows[:200])]
    rows = [*rows, *copies]
    texts = [row.text for row in rows]
    split = split_rows(rows, texts, eligible_rows(rows, "form=whole"), seed=1)
    assert not set(split.held_out) & set(split.validation) | set(split.training) & set(split.held_out + split.validation)
    assert len(split.held_out) == 40
    assert {rows[i].fields["form"] for i in split.held_out} == {"whole"}
    assert near_duplicates(split.training, split.held_out + split.validation, texts) == set()
    assert near_duplicates(split.validation, split.held_out, texts) == set()
    assert split.removed["trainingRowsNearHeldOut"] >= sum(i < 200 for i in split.held_out)


def test_the_same_seed_draws_the_same_split() -> None:
    rows = some_rows()
    texts = [row.text for row in rows]
    everything = list(range(len(rows)))
    assert split_rows(rows, texts, everything, 3) == split_rows(rows, texts, everything, 3)
    assert split_rows(rows, texts, everything, 3).held_out != split_rows(rows, texts, everything, 4).held_out


def test_a_description_of_a_longer_text_is_its_near_duplicate_and_another_text_is_not() -> None:
    texts = [
        "Bank cuts rates The central bank cut its main rate by half a point on Monday.",
        "the central bank cut its main rate by half a point on monday . ",
        "the home side won by half a point on sunday",
    ]
    assert near_duplicates([1, 2], [0], texts) == {1}


def test_softmax_of_large_logits_does_not_overflow() -> None:
    assert softmax(np.array([[1e4, 0.0], [-1e4, 0.0]])) == pytest.approx(np.array([[1.0, 0.0], [0.0, 1.0]]))


def test_ece_of_known_numbers() -> None:
    # Ten answers of confidence 0.8, eight right; ten of 0.6, three right: (0 + |0.3 - 0.6|) / 2.
    probabilities = np.array([[0.8, 0.2]] * 10 + [[0.6, 0.4]] * 10)
    labels = np.array([0] * 8 + [1] * 2 + [0] * 3 + [1] * 7)
    assert expected_calibration_error(probabilities, labels) == pytest.approx(0.15)


def test_the_fitted_temperature_undoes_a_known_one() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(20000, 4)) * 2
    labels = (softmax(logits).cumsum(axis=1) > rng.random((20000, 1))).argmax(axis=1)
    assert fit_temperature(logits * 3, labels) == pytest.approx(3, rel=0.05)


def test_at_most_one_in_twenty_answers_is_unsure() -> None:
    confidence = np.linspace(0.5, 1, 1000)
    assert unsure_below(np.stack([confidence, 1 - confidence], axis=1)) == 0.5


def test_figures_of_known_answers() -> None:
    found = figures(np.array([[2.0, 0], [2, 0], [0, 2], [2, 0]]), np.array([0, 0, 1, 1]), ["A", "B"], 1.0)
    assert found["accuracy"] == 0.75
    assert found["perLabel"]["A"] == {"precision": 0.6667, "recall": 1.0, "f1": 0.8, "support": 2}
    assert found["macroF1"] == pytest.approx((0.8 + 0.6667) / 2, abs=1e-4)


def test_shares_sum_to_one_and_the_last_edge_is_inside() -> None:
    assert shares_between(np.array([0.0, 0.5, 1.0, 1.0]), [0.0, 0.5, 1.0]) == [0.25, 0.75]
    edges = token_edges(np.array([5, 5, 6, 7, 256]), 256)
    assert edges[0] == 0 and edges[-1] == 256 and edges == sorted(set(edges))


def test_quantization_parameters_hold_zero_exactly() -> None:
    scale, zero_point = scale_and_zero_point(ActivationRange(-1.0, 3.0))
    assert scale == pytest.approx(4 / 255) and zero_point == 64
    assert scale_and_zero_point(ActivationRange(2.0, 4.0))[1] == 0


def test_the_learning_rate_warms_up_and_ends_at_zero() -> None:
    assert learning_rate_share(0, 0, 100, 10) == pytest.approx(0.1)
    assert learning_rate_share(9, 0, 100, 10) == pytest.approx(0.91)
    assert learning_rate_share(100, 50, 100, 10) == 0


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["A,x"] * 40, 'only "A"'),
        (["A,x"] * 40 + ["B,y"] * 3, '"B" has 3 rows'),
        (["A,x", "B,"], "line 3: the text is empty"),
        ([",x"], "line 2: the label is empty"),
    ],
)
def test_fails_on_data_that_cannot_train(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        read_rows(write_csv(tmp_path / "data.csv", lines), "label", "text")


def test_fails_on_a_missing_file_column_and_label(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "data.csv", ["A,x"] * 30 + ["B,y"] * 30)
    with pytest.raises(PipelineError, match="There is no file"):
        read_rows(tmp_path / "none.csv", "label", "text")
    with pytest.raises(PipelineError, match='no column "body"; its columns are: label, text'):
        read_rows(path, "label", "body")
    rows = read_rows(path, "label", "text")
    with pytest.raises(PipelineError, match="exactly the data's labels"):
        label_order(rows, ["A", "C"])
    assert label_order(rows, ["B", "A"]) == ["B", "A"]


def test_fails_on_a_cut_gzip_file(tmp_path: Path) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(b"label,text\n" + b"A,x\n" * 1000)[:-9])
    with pytest.raises(PipelineError, match="not a whole gzip file"):
        read_rows(path, "label", "text")


def test_a_file_gets_its_final_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(RuntimeError), final_when_done(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_fails_to_overwrite_a_version(tmp_path: Path) -> None:
    with new_version(tmp_path, "m", "1.0.0", replace=False) as folder:
        (folder / "a").write_text("first")
    with pytest.raises(PipelineError, match="never changes"), new_version(tmp_path, "m", "1.0.0", replace=False):
        pass
    assert (tmp_path / "m" / "1.0.0" / "a").read_text() == "first"
    with pytest.raises(RuntimeError), new_version(tmp_path, "m", "1.0.0", replace=True):
        raise RuntimeError
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["1.0.0"]


def test_the_tokenizer_is_written_without_truncation_and_padding(tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text(json.dumps({"truncation": {"max_length": 128}, "padding": {"strategy": "Fixed"}, "model": 1}))
    write_tokenizer(tmp_path / "in.json", tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text()) == {"truncation": None, "padding": None, "model": 1}


def small_manifest(folder: Path) -> dict:
    for name in ("model.onnx", "tokenizer.json", "config.json"):
        (folder / name).write_text(name)
    distribution = {"edges": [0, 1], "shares": [1.0]}
    return {
        "name": "m",
        "version": "1.0.0",
        "labels": ["A", "B"],
        "temperature": 1.0,
        "files": file_entries(folder),
        "golden": [{"text": "x", "label": "A", "scores": {"A": 0.9, "B": 0.1}}],
        "baseline": {"confidence": distribution, "tokens": distribution},
    }


def test_a_right_manifest_passes_and_a_flipped_bit_fails(tmp_path: Path) -> None:
    manifest = small_manifest(tmp_path)
    check_manifest(manifest, tmp_path)
    (tmp_path / "model.onnx").write_text("model.onny")
    with pytest.raises(PipelineError, match="model.onnx is not the file"):
        check_manifest(manifest, tmp_path)


def test_fails_naming_all_faults_of_a_manifest_at_once(tmp_path: Path) -> None:
    manifest = small_manifest(tmp_path) | {"version": "1", "temperature": 0}
    manifest["golden"][0]["label"] = "B"
    with pytest.raises(PipelineError, match=r"version must.*temperature must.*golden 0"):
        check_manifest(manifest, tmp_path)


def test_parity_texts_are_many_and_always_the_same() -> None:
    assert parity_texts() == parity_texts()
    assert len(set(parity_texts())) >= 240


def test_the_bundled_version_is_what_its_manifest_says() -> None:
    folders = [path.parent for path in (Path(__file__).parent / "models").glob("*/*/manifest.json")]
    assert folders
    for folder in folders:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        check_manifest(manifest, folder)
        tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        assert tokenizer["truncation"] is None and tokenizer["padding"] is None
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        assert [config["id2label"][str(i)] for i in range(len(manifest["labels"]))] == manifest["labels"]
        assert manifest["files"]["model.onnx"]["sha256"] == sha256_of(folder / "model.onnx")


def test_an_adversary_moves_each_row_by_its_share_up_the_gradient_and_leaves_padding() -> None:
    embeddings = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
    gradient = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(1))
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
    step = moved(embeddings, gradient, mask, 0.03) - embeddings
    kept = embeddings * mask[..., None]
    assert torch.allclose(step.flatten(1).norm(dim=1), 0.03 * kept.flatten(1).norm(dim=1), rtol=1e-3)
    assert (step * gradient).sum() > 0
    assert step[1, 2].abs().max() == 0


def test_an_adversary_without_a_gradient_moves_nothing() -> None:
    embeddings = torch.ones(1, 2, 3)
    assert torch.equal(moved(embeddings, torch.zeros(1, 2, 3), torch.ones(1, 2), 0.03), embeddings)
