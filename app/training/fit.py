"""Fitting: the heads first on frozen vectors, then everything with small steps, averaged along the way."""

import copy
import math
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from app.scoring.evaluation import Predictions, Truth, score
from app.scoring.labels import CRITERIA
from app.scoring.records import Record
from app.training.augment import Augmenter
from app.training.examples import Batch, batches
from app.training.network import Network, Outputs


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run."""

    seed: int = 1
    head_epochs: int = 6
    epochs: int = 6
    batch: int = 16
    head_rate: float = 2e-3
    rate: float = 6e-5
    layer_decay: float = 0.85
    frozen_layers: int = 0
    weight_decay: float = 0.05
    dropout: float = 0.15
    attention_weight: float = 0.15
    style_weight: float = 0.3
    verdict_weight: float = 1.0
    trait_weight: float = 2.0
    smoothing: float = 0.05
    average: float = 0.995
    keep_start: float = 0.0


def fit(
    base: str,
    records: list[Record],
    dev: list[Record],
    tokenizer: Tokenizer,
    recipe: Recipe,
    *,
    log: Callable[[str], None],
) -> Network:
    """Train a network on records; `dev` is only watched."""
    torch.manual_seed(recipe.seed)
    random.seed(recipe.seed)
    network = Network(base, recipe.dropout)
    start = copy.deepcopy(network.encoder.state_dict())
    augmenter = Augmenter(records)
    heads = [value for name, value in network.named_parameters() if not name.startswith("encoder.")]
    _stage(
        network,
        [{"params": heads, "lr": recipe.head_rate}],
        recipe.head_epochs,
        records,
        tokenizer=tokenizer,
        recipe=recipe,
        augmenter=None,
    )
    log(f"heads on frozen vectors: {watch(network, dev, tokenizer)}")
    groups = [{"params": heads, "lr": recipe.head_rate / 4}, *_layers(network, recipe)]
    averaged = copy.deepcopy(network)

    def average() -> None:
        with torch.no_grad():
            for kept, new in zip(averaged.parameters(), network.parameters(), strict=True):
                kept.lerp_(new, 1 - recipe.average)

    def after_epoch(epoch: int, loss: float, seconds: float) -> None:
        log(f"epoch {epoch + 1}: loss {loss:.3f}, {seconds:.0f} s, {watch(averaged, dev, tokenizer)}")

    _stage(
        network,
        groups,
        recipe.epochs,
        records,
        tokenizer=tokenizer,
        recipe=recipe,
        augmenter=augmenter,
        after_step=average,
        after_epoch=after_epoch,
    )
    if recipe.keep_start:
        state = averaged.encoder.state_dict()
        mixed = {
            name: torch.lerp(state[name], start[name], recipe.keep_start)
            if state[name].is_floating_point()
            else state[name]
            for name in state
        }
        averaged.encoder.load_state_dict(mixed)
    return averaged.eval()


def _layers(network: Network, recipe: Recipe) -> list[dict[str, object]]:
    """Parameter groups of the encoder: the deeper, the smaller the steps."""
    layers = network.encoder.encoder.layer
    groups: list[dict[str, object]] = []
    for depth, layer in enumerate(layers):
        if depth < recipe.frozen_layers:
            continue
        groups.append(
            {"params": list(layer.parameters()), "lr": recipe.rate * recipe.layer_decay ** (len(layers) - 1 - depth)}
        )
    return groups


def _stage(
    network: Network,
    groups: Iterable[dict[str, object]],
    epochs: int,
    records: list[Record],
    *,
    tokenizer: Tokenizer,
    recipe: Recipe,
    augmenter: Augmenter | None,
    after_step: Callable[[], None] = lambda: None,
    after_epoch: Callable[[int, float, float], None] = lambda *_: None,
) -> None:
    groups = list(groups)
    network.requires_grad_(False)
    for group in groups:
        for parameter in group["params"]:  # type: ignore[attr-defined]
            parameter.requires_grad_(True)
    optimizer = torch.optim.AdamW(groups, weight_decay=recipe.weight_decay)
    total = epochs * math.ceil(len(records) / recipe.batch)
    warm = max(1, total // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(step / warm, max(0.0, (total - step) / (total - warm)))
    )
    for epoch in range(epochs):
        network.train()
        started, losses = time.monotonic(), []
        for batch in batches(records, tokenizer, recipe.batch, recipe.seed * 1000 + epoch, augmenter):
            loss = loss_of(network(batch.ids, batch.mask, batch.inner), batch, recipe)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([p for p in network.parameters() if p.requires_grad], 1.0)
            optimizer.step()
            schedule.step()
            after_step()
            losses.append(loss.item())
        after_epoch(epoch, float(np.mean(losses)), time.monotonic() - started)


def loss_of(outputs: Outputs, batch: Batch, recipe: Recipe) -> Tensor:
    """Verdict, traits, styles, and attention on the words that the labeller quoted."""
    verdict = nn.functional.cross_entropy(outputs.verdict, batch.verdict, label_smoothing=recipe.smoothing)
    soft = batch.traits * (1 - recipe.smoothing) + recipe.smoothing / 2
    traits = nn.functional.binary_cross_entropy_with_logits(outputs.traits, soft)
    counted = batch.counted.float()[:, None]
    styles = nn.functional.binary_cross_entropy_with_logits(outputs.styles, batch.styles, reduction="none")
    styles = (styles * counted).sum() / (counted.sum() * styles.shape[1]).clamp(min=1)
    has = batch.quoted.amax(dim=1)
    on_quotes = (outputs.attention * batch.quoted).sum(dim=1)
    attention = -(has * torch.log(on_quotes + 1e-4)).sum() / has.sum().clamp(min=1)
    return (
        recipe.verdict_weight * verdict
        + recipe.trait_weight * traits
        + recipe.style_weight * styles
        + recipe.attention_weight * attention
    )


@torch.no_grad()
def logits(network: Network, records: list[Record], tokenizer: Tokenizer) -> Outputs:
    """The logits of all records, in order, without attention."""
    network.eval()
    rows: dict[int, tuple[Tensor, Tensor, Tensor]] = {}
    for batch in batches(records, tokenizer, 32):
        out = network(batch.ids, batch.mask, batch.inner)
        for place, index in enumerate(batch.index.tolist()):
            rows[index] = (out.traits[place], out.verdict[place], out.styles[place])
    traits, verdict, styles = (torch.stack([rows[i][k] for i in range(len(records))]) for k in range(3))
    return Outputs(traits, verdict, styles, torch.empty(0))


def watch(network: Network, dev: list[Record], tokenizer: Tokenizer) -> str:
    """The main figures on development data, for the log."""
    if not dev:
        return "no development data"
    out = logits(network, dev, tokenizer)
    predictions = Predictions(
        torch.softmax(out.verdict, -1).double().numpy(),
        torch.sigmoid(out.traits[:, : len(CRITERIA)]).double().numpy(),
        np.zeros(len(dev)),
    )
    scores = score(Truth.of(dev), predictions)
    return f"dev kappa {scores.kappa:.3f}, criteria F1 {scores.macro_f1:.3f}, ece {scores.ece:.3f}"
