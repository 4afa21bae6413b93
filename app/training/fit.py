"""Fitting: the heads first on frozen vectors, then everything with small steps, averaged along the way."""

import copy
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
    head_epochs: int = 15
    epochs: int = 7
    batch: int = 16
    head_rate: float = 2e-3
    rate: float = 8e-5
    layer_decay: float = 0.85
    frozen_layers: int = 0
    weight_decay: float = 0.05
    dropout: float = 0.15
    attention_weight: float = 0.25
    style_weight: float = 0.3
    verdict_weight: float = 1.0
    trait_weight: float = 2.0
    smoothing: float = 0.05
    average: float = 0.98
    verdict_gradient: float = 0.3
    ridge: float = 1.0


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
    network = Network(base, recipe.dropout, recipe.verdict_gradient)
    heads = [value for name, value in network.named_parameters() if not name.startswith("encoder.")]
    _fit_heads(network, heads, records, tokenizer, recipe)
    log(f"heads on frozen vectors: {watch(network, dev, tokenizer)}")
    groups = [{"params": heads, "lr": recipe.head_rate / 4}, *_layers(network, recipe)]
    network.requires_grad_(False)
    for group in groups:
        for parameter in group["params"]:
            parameter.requires_grad_(True)
    averaged = copy.deepcopy(network).eval()
    step = _stepper(groups, recipe, recipe.epochs * math.ceil(len(records) / recipe.batch))
    augmenter = Augmenter(records)
    for epoch in range(recipe.epochs):
        network.train()
        started, losses = time.monotonic(), []
        for batch in batches(records, tokenizer, recipe.batch, recipe.seed * 1000 + epoch, augmenter):
            loss = loss_of(network(batch.ids, batch.mask, batch.inner), batch, recipe)
            losses.append(step(loss + ridge(network, recipe, len(records))))
            with torch.no_grad():
                for kept, new in zip(averaged.parameters(), network.parameters(), strict=True):
                    kept.lerp_(new, 1 - recipe.average)
        seconds = time.monotonic() - started
        log(f"epoch {epoch + 1}: loss {np.mean(losses):.3f}, {seconds:.0f} s, {watch(averaged, dev, tokenizer)}")
    return averaged


def _fit_heads(
    network: Network, heads: list[nn.Parameter], records: list[Record], tokenizer: Tokenizer, recipe: Recipe
) -> None:
    """Fit the heads on vectors of the frozen encoder, which are computed once."""
    network.eval()
    with torch.no_grad():
        frozen = [
            (batch, network.encoder(input_ids=batch.ids, attention_mask=batch.mask).last_hidden_state)
            for batch in batches(records, tokenizer, recipe.batch, recipe.seed)
        ]
    network.train()
    step = _stepper([{"params": heads, "lr": recipe.head_rate}], recipe, recipe.head_epochs * len(frozen))
    shuffler = random.Random(recipe.seed)
    for _ in range(recipe.head_epochs):
        shuffler.shuffle(frozen)
        for batch, hidden in frozen:
            step(loss_of(network.read(hidden, batch.inner), batch, recipe) + ridge(network, recipe, len(records)))


def _layers(network: Network, recipe: Recipe) -> list[dict[str, Any]]:
    """Parameter groups of the encoder: the deeper, the smaller the steps; word embeddings stay as they are."""
    layers = network.encoder.encoder.layer
    return [
        {"params": list(layer.parameters()), "lr": recipe.rate * recipe.layer_decay ** (len(layers) - 1 - depth)}
        for depth, layer in enumerate(layers)
        if depth >= recipe.frozen_layers
    ]


def _stepper(groups: list[dict[str, Any]], recipe: Recipe, total: int) -> Callable[[Tensor], float]:
    """Takes a loss, makes one AdamW step with warm-up and linear decay over `total` steps, and returns the loss."""
    optimizer = torch.optim.AdamW(groups, weight_decay=recipe.weight_decay)
    parameters = [parameter for group in groups for parameter in group["params"]]
    warm = max(1, total // 10)

    def rate(step: int) -> float:
        return min(step / warm, max(0.0, (total - step) / max(1, total - warm)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)

    def step(loss: Tensor) -> float:
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        return loss.item()

    return step


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


def ridge(network: Network, recipe: Recipe, count: int) -> Tensor:
    """The penalty of logistic regression with C = 1 / recipe.ridge on the verdict's weights."""
    size = network.verdict_mean.weight.square().sum() + network.verdict_traits.square().sum()
    return recipe.ridge / (2 * count) * size


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
