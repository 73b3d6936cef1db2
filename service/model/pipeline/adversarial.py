"""Polishes trained weights with adversarial examples, which make the most of few rows."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import torch
from safetensors.torch import save_file
from torch.nn import functional
from transformers import BertForSequenceClassification

from .files import final_when_done, write_json

if TYPE_CHECKING:
    from .train import Job

WARMUP_STEPS = 30
"""Steps until the learning rate is at its peak."""

DISAGREEMENT_WEIGHT = 0.25
"""Weight of the divergence between the answers to a row as it is and as it was moved."""


def moved(embeddings: torch.Tensor, gradient: torch.Tensor, mask: torch.Tensor, share: float) -> torch.Tensor:
    """Word embeddings `[batch, sequence, width]` moved to where the loss rises fastest.

    Each row moves by `share` of its own norm; padding (mask 0) stays. See Miyato et al. 2017, "Adversarial training methods
    for semi-supervised text classification".
    """
    weights = mask[..., None].to(embeddings.dtype)
    direction = gradient * weights
    length = direction.flatten(1).norm(dim=1).clamp_min(1e-12)[:, None, None]
    norm = (embeddings * weights).flatten(1).norm(dim=1)[:, None, None]
    return embeddings + share * norm * direction / length


def polish_run(name: str, start: dict[str, torch.Tensor], job: Job, seed: int, threads: int) -> None:
    """Trains `polish_steps` batches from the weights `start`, each row as it is and as an adversary moved it.

    Saves the last step's weights and the record as `name`. Embeddings stay as they are.
    """
    from .train import batches_by_length, new_model, padded, parameter_groups

    torch.set_num_threads(threads)
    options, training = job.options, job.training
    model = new_model(job.base, job.labels)
    model.load_state_dict(start)
    model.bert.embeddings.requires_grad_(False)
    torch.manual_seed(seed)
    rng = random.Random(seed)
    groups = parameter_groups(model, options.polish_learning_rate, options.polish_layer_decay, options.weight_decay)
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6, fused=True)
    steps = options.polish_steps
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda done: min((done + 1) / WARMUP_STEPS, 1) * max(0.0, 1 - done / steps)
    )
    truth = torch.tensor(training.labels)
    words = model.bert.embeddings.word_embeddings

    def logits_of(embeddings: torch.Tensor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return model(inputs_embeds=embeddings, **batch).logits.float()

    model.train()
    done, started = 0, time.monotonic()
    while done < steps:
        for chosen in batches_by_length(training.ids, options.batch_rows, rng):
            batch = padded(training.ids, chosen)
            embeddings = words(batch.pop("input_ids")).detach().requires_grad_(True)
            plain = logits_of(embeddings, batch)
            loss = functional.cross_entropy(plain, truth[chosen], label_smoothing=options.label_smoothing)
            (0.5 * loss).backward()
            other = logits_of(
                moved(embeddings.detach(), embeddings.grad, batch["attention_mask"], options.adversarial_share), batch
            )
            adversarial = functional.cross_entropy(other, truth[chosen], label_smoothing=options.label_smoothing)
            disagreement = functional.kl_div(
                functional.log_softmax(other, -1), functional.softmax(plain.detach(), -1), reduction="batchmean"
            )
            (0.5 * adversarial + DISAGREEMENT_WEIGHT * disagreement).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            done += 1
            if done % 50 == 0:
                left = (time.monotonic() - started) / done * (steps - done)
                print(
                    f"  {name}: step {done}/{steps}, loss {loss.item():.3f}, adversarial {adversarial.item():.3f}, "
                    f"{left / 60:.1f} min left",
                    flush=True,
                )
            if done >= steps:
                break
    with final_when_done(job.weights(name)) as temporary:
        save_file({key: value.contiguous() for key, value in model.state_dict().items()}, temporary)
    write_json(job.record(name), {"fingerprint": job.fingerprint})
