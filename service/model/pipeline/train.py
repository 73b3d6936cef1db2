"""Fine-tunes BertForSequenceClassification: a common trunk, then rounds of branches whose weights are averaged."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import BertForSequenceClassification, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from .adversarial import polish_run
from .calibration import fit_temperature, negative_log_likelihood
from .files import final_when_done, fingerprint, read_json, write_json

transformers_logging.set_verbosity_error()


@dataclass(frozen=True)
class TrainingOptions:
    """Settings of one fine-tuning; the defaults are those of the bundled model."""

    seeds: tuple[int, ...] = (1, 2)
    """One branch each in every round."""
    trunk_epochs: int = 1
    """Passes over the training rows before the branches part."""
    rounds: int = 1
    """How often branches part, from the trunk first and then from the average of the round before."""
    branch_epochs: int = 1
    """Passes that each branch makes by itself, with its own order of rows and dropout; its learning rate falls to 0."""
    branch_frozen_layers: int = 2
    """Lowest layers that branches leave as the trunk made them, embeddings included: a quarter less to compute."""
    learning_rate: float = 1e-4
    """Of the classification head; each layer below has `layer_decay` times the one above."""
    layer_decay: float = 0.85
    polish_rounds: int = 2
    """Rounds of adversarial training after the branches, one run per seed in each (`adversarial.py`)."""
    polish_steps: int = 400
    """Batches of one such run."""
    polish_learning_rate: float = 5e-5
    """Of the classification head in these runs."""
    polish_layer_decay: float = 0.9
    """Of these runs' learning rate."""
    adversarial_share: float = 0.03
    """How far an adversary moves a row's embeddings, in shares of their norm. 0.1 was too far: it taught little else."""
    batch_rows: int = 32
    warmup_share: float = 0.06
    label_smoothing: float = 0.05
    weight_decay: float = 0.01
    max_tokens: int = 128
    """Longest training input, special tokens included. Serving may go further: see the manifest's maxTokens."""
    threads: int = 2
    """CPU threads in all. Branches run side by side and share them: a thread each beats two threads on each in turn."""

    def settings(self) -> dict:
        """What the weights of one run depend on."""
        return {name: value for name, value in asdict(self).items() if name not in ("seeds", "rounds", "threads")}


@dataclass(frozen=True)
class Encoded:
    """Token ids of each text and the index of its label."""

    ids: list[list[int]]
    labels: list[int]


def encode(tokenizer: PreTrainedTokenizerBase, texts: list[str], labels: list[int], max_tokens: int) -> Encoded:
    """Tokenizes with truncation at `max_tokens` and without padding."""
    return Encoded(tokenizer(texts, truncation=True, max_length=max_tokens, padding=False)["input_ids"], labels)


def new_model(base: Path, labels: list[str]) -> BertForSequenceClassification:
    """The base with a fresh head: the same for every seed, which averaging weights relies on."""
    torch.manual_seed(0)
    model = BertForSequenceClassification.from_pretrained(
        base,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
        attention_probs_dropout_prob=0.0,
        attn_implementation="sdpa",
    )
    with torch.no_grad():
        model.bert.pooler.dense.weight.copy_(torch.eye(model.config.hidden_size))
        model.bert.pooler.dense.bias.zero_()
    return model


def batches_by_length(ids: list[list[int]], batch_rows: int, rng: random.Random | None) -> Iterator[list[int]]:
    """Batches of similar length, so that little is padded; shuffled where `rng` is given."""
    order = list(range(len(ids)))
    if rng is None:
        order.sort(key=lambda i: len(ids[i]))
        chunks = [order]
    else:
        rng.shuffle(order)
        window = batch_rows * 50
        chunks = [sorted(order[i : i + window], key=lambda i: len(ids[i])) for i in range(0, len(order), window)]
    batches = [chunk[i : i + batch_rows] for chunk in chunks for i in range(0, len(chunk), batch_rows)]
    if rng is not None:
        rng.shuffle(batches)
    yield from batches


def padded(ids: list[list[int]], chosen: list[int]) -> dict[str, torch.Tensor]:
    """The chosen rows as int64 `[batch, sequence]`, padded with 0 to the longest of them."""
    length = max(len(ids[i]) for i in chosen)
    input_ids = torch.zeros((len(chosen), length), dtype=torch.long)
    mask = torch.zeros_like(input_ids)
    for row, i in enumerate(chosen):
        input_ids[row, : len(ids[i])] = torch.tensor(ids[i])
        mask[row, : len(ids[i])] = 1
    return {"input_ids": input_ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(input_ids)}


def predict(model: BertForSequenceClassification, ids: list[list[int]]) -> np.ndarray:
    """Logits float32 `[rows, labels]` in fp32, in the rows' order."""
    model.eval()
    logits = np.zeros((len(ids), model.config.num_labels), dtype=np.float32)
    with torch.inference_mode():
        for chosen in batches_by_length(ids, 32, None):
            logits[chosen] = model(**padded(ids, chosen)).logits.float().numpy()
    return logits


def calibrated_loss(logits: np.ndarray, labels: np.ndarray) -> float:
    """Negative log-likelihood in nats at the best temperature, so that over-confidence does not decide the choice."""
    return negative_log_likelihood(logits, labels, fit_temperature(logits, labels))


def parameter_groups(
    model: BertForSequenceClassification, learning_rate: float, layer_decay: float, weight_decay: float
) -> list[dict]:
    """AdamW groups: layer-wise decayed learning rates; no weight decay on biases and LayerNorm."""
    layers = model.config.num_hidden_layers
    groups: dict[tuple[int, bool], dict] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if "embeddings" in name:
            depth = layers + 1
        elif ".layer." in name:
            depth = layers - int(name.split(".layer.")[1].split(".")[0])
        else:
            depth = 0
        decayed = parameter.ndim > 1
        group = groups.setdefault(
            (depth, decayed),
            {
                "params": [],
                "lr": learning_rate * layer_decay**depth,
                "weight_decay": weight_decay if decayed else 0.0,
            },
        )
        group["params"].append(parameter)
    return list(groups.values())


def learning_rate_share(step: int, first: int, last: int, warmup: int) -> float:
    """Share of the peak learning rate at `step` of a run over steps `first` to `last`: up over `warmup`, down to 0 at `last`."""
    return min((step - first + 1) / warmup, 1.0) * max(0.0, (last - step) / last)


def train_run(
    name: str, start: dict[str, torch.Tensor] | None, epochs: range, job: Job, seed: int, threads: int
) -> None:
    """Trains `epochs` (of job.total_epochs) from the weights `start`, else the base's.

    Saves the weights and the record of the best epoch by validation loss as `name`; a trunk is what its last epoch made it.
    """
    torch.set_num_threads(threads)
    options, training, validation = job.options, job.training, job.validation
    model = new_model(job.base, job.labels)
    if start is not None:
        model.load_state_dict(start)
        model.bert.embeddings.requires_grad_(False)
        model.bert.encoder.layer[: options.branch_frozen_layers].requires_grad_(False)
    torch.manual_seed(seed)
    rng = random.Random(seed)
    groups = parameter_groups(model, options.learning_rate, options.layer_decay, options.weight_decay)
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6, fused=True)
    per_epoch = math.ceil(len(training.ids) / options.batch_rows)
    first, last = epochs.start * per_epoch, (options.trunk_epochs + options.branch_epochs) * per_epoch
    warmup = max(1, round(last * options.warmup_share))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda done: learning_rate_share(first + done, first, last, warmup))
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=options.label_smoothing)
    truth = torch.tensor(training.labels)
    wanted = np.array(validation.labels)
    best = math.inf
    step, steps, started, recent = 0, len(epochs) * per_epoch, time.monotonic(), 0.0
    for epoch in epochs:
        model.train()
        for chosen in batches_by_length(training.ids, options.batch_rows, rng):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(**padded(training.ids, chosen)).logits
            loss = loss_of(logits.float(), truth[chosen])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            recent = 0.98 * recent + 0.02 * loss.item() if step else loss.item()
            step += 1
            if step % 50 == 0:
                left = (time.monotonic() - started) / step * (steps - step)
                print(f"  {name}: step {step}/{steps}, loss {recent:.3f}, {left / 60:.1f} min left", flush=True)
        logits = predict(model, validation.ids)
        accuracy = float((logits.argmax(1) == wanted).mean())
        loss_now = calibrated_loss(logits, wanted)
        print(f"  {name}: after epoch {epoch + 1} validation accuracy {accuracy:.4f}, loss {loss_now:.4f}", flush=True)
        if loss_now < best or epochs.start == 0:
            best = loss_now
            with final_when_done(job.weights(name)) as temporary:
                save_file({key: value.contiguous() for key, value in model.state_dict().items()}, temporary)
    write_json(job.record(name), {"fingerprint": job.fingerprint})


@dataclass(frozen=True)
class Job:
    """What all runs of one training share."""

    base: Path
    labels: list[str]
    training: Encoded
    validation: Encoded
    options: TrainingOptions
    work: Path
    fingerprint: str

    def weights(self, name: str) -> Path:
        """Where the run `name` keeps its weights."""
        return self.work / f"{name}.safetensors"

    def record(self, name: str) -> Path:
        """Where the run `name` says that it has finished, and from which data and settings."""
        return self.work / f"{name}.json"

    def is_finished(self, name: str) -> bool:
        """Whether the run's weights are there and were made from the present data and settings."""
        record = self.record(name)
        finished = record.exists() and self.weights(name).exists() and read_json(record)["fingerprint"] == self.fingerprint
        if finished:
            print(f"  {name}: taken from {record}", flush=True)
        return finished


def average(states: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The mean of each weight."""
    return {key: torch.stack([state[key].float() for state in states]).mean(0) for key in states[0]}


def side_by_side(job: Job, names: dict[int, str], run: Callable[[str, int, int], tuple]) -> None:
    """Carries out one run per seed, each in a process of its own; finished ones are kept.

    `run` gives the function and its arguments for a name, its seed, and the threads that it may use.
    """
    waiting = [seed for seed in names if not job.is_finished(names[seed])]
    if not waiting:
        return
    threads = max(1, job.options.threads // len(waiting))
    with ProcessPoolExecutor(min(len(waiting), job.options.threads), get_context("spawn")) as pool:
        for submitted in [pool.submit(*run(names[seed], seed, threads)) for seed in waiting]:
            submitted.result()


def train(
    base: Path, labels: list[str], training: Encoded, validation: Encoded, options: TrainingOptions, work: Path
) -> tuple[BertForSequenceClassification, dict]:
    """Trains a trunk, rounds of branches, then adversarial rounds; returns the chosen weights and how they came about.

    Finished runs are taken from `work`. Of every run and of the averages of related ones, the one of least validation loss is
    taken, as the start of each adversarial round and at the end (see Wortsman et al. 2022, "Model soups", for averages of weights that part from a common start).
    """
    mark = fingerprint([options.settings(), labels, training.ids, training.labels, validation.ids])
    job = Job(base, labels, training, validation, options, work, mark)
    wanted = np.array(validation.labels)
    model = new_model(base, labels)
    tried: list[dict] = []

    def weights_of(runs: list[str]) -> dict[str, torch.Tensor]:
        return average([load_file(job.weights(name)) for name in runs])

    def judge(runs: list[str]) -> None:
        model.load_state_dict(weights_of(runs))
        logits = predict(model, validation.ids)
        accuracy = round(float((logits.argmax(1) == wanted).mean()), 4)
        loss = round(calibrated_loss(logits, wanted), 4)
        print(f"  {' + '.join(runs)}: validation accuracy {accuracy}, loss {loss}", flush=True)
        tried.append({"runs": runs, "validationAccuracy": accuracy, "validationLoss": loss})

    if options.trunk_epochs and not job.is_finished("trunk"):
        train_run("trunk", None, range(options.trunk_epochs), job, options.seeds[0], options.threads)
    def best() -> dict:
        return min(tried, key=lambda figures: figures["validationLoss"])

    start = load_file(job.weights("trunk")) if options.trunk_epochs else None
    epochs = range(options.trunk_epochs, options.trunk_epochs + options.branch_epochs)
    for number in range(1, options.rounds + 1):
        names = {seed: f"branch-{number}-{seed}" for seed in options.seeds}
        side_by_side(job, names, lambda name, seed, threads: (train_run, name, start, epochs, job, seed + 1000 * number, threads))
        torch.set_num_threads(options.threads)
        for name in names.values():
            judge([name])
        if len(names) > 1:
            judge([*names.values()])
        start = weights_of([*names.values()])
    for number in range(1, options.polish_rounds + 1):
        names = {seed: f"polish-{number}-{seed}" for seed in options.seeds}
        before = best()["runs"]
        weights = weights_of(before)
        side_by_side(job, names, lambda name, seed, threads: (polish_run, name, weights, job, seed + 10 * number, threads))
        torch.set_num_threads(options.threads)
        for name in names.values():
            judge([name])
        judge([*names.values()])
        judge([*names.values(), *before])
    chosen = best()
    print(f"  taken: {' + '.join(chosen['runs'])}", flush=True)
    model.load_state_dict(weights_of(chosen["runs"]))
    model.eval()
    return model, {"tried": tried, "chosen": chosen["runs"]}
