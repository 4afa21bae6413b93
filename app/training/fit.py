"""Fitting: the heads first on frozen vectors, then everything with small steps, averaged along the way."""

import copy
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from app.scoring.evaluation import Predictions, Truth, score
from app.scoring.labels import CRITERIA
from app.scoring.records import Record
from app.training.examples import Batch, Example, Reader, batches, example_of
from app.training.network import Network, Outputs

Log = Callable[[str], None]
Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run."""

    seed: int = 1
    start: str = ""
    """The model version from whose weights the run goes on; empty: from the base model."""
    layers: int = 5
    frozen: int = 1
    """How many of the lowest layers stay as they are."""
    epochs: int = 4
    head_epochs: int = 8
    batch: int = 16
    head_rate: float = 2e-3
    rate: float = 5e-5
    layer_decay: float = 0.9
    weight_decay: float = 0.05
    dropout: float = 0.15
    attention_weight: float = 0.15
    style_weight: float = 0.3
    trait_weight: float = 2.0
    smoothing: float = 0.05
    average: float = 0.99
    verdict_gradient: float = 0.5


def fit(
    base: str,
    epochs: Sequence[Sequence[Example]],
    first: Sequence[Example],
    dev: dict[str, list[Record]],
    *,
    recipe: Recipe,
    log: Log,
    start: Weights | None = None,
    keep: Callable[[Network], None] = lambda network: None,
) -> Network:
    """Train a network: its heads on `first`, then everything on the examples of each epoch; what is in `dev`, by name,
    is only watched. With `start`, the weights of an earlier run, the heads are not fitted first. `keep` is called
    after each epoch."""
    torch.manual_seed(recipe.seed)
    network, reader = Network(base, recipe.layers, recipe.dropout, recipe.verdict_gradient), Reader(base)
    heads = [value for name, value in network.named_parameters() if not name.startswith("encoder.")]
    if start:
        network.load_state_dict(start)
    else:
        _fit_heads(network, heads, first, reader, recipe)
    log(f"before the first epoch: {watch(network, dev, reader)}")
    groups = [{"params": heads, "lr": recipe.head_rate / 4}, *_layers(network, recipe)]
    network.requires_grad_(False)
    for group in groups:
        for parameter in group["params"]:
            parameter.requires_grad_(True)
    averaged = copy.deepcopy(network).eval()
    step = _stepper(groups, recipe, sum(math.ceil(len(examples) / recipe.batch) for examples in epochs))
    for epoch, examples in enumerate(epochs):
        network.train()
        started, losses = time.monotonic(), []
        for batch in batches(examples, reader, recipe.batch, recipe.seed * 1000 + epoch):
            losses.append(step(loss_of(network(batch.ids, batch.mask, batch.inner), batch, recipe)))
            with torch.no_grad():
                for kept, new in zip(averaged.parameters(), network.parameters(), strict=True):
                    kept.lerp_(new, 1 - recipe.average)
        seconds = time.monotonic() - started
        keep(averaged)
        log(f"epoch {epoch + 1}: loss {np.mean(losses):.3f}, {seconds:.0f} s, {watch(averaged, dev, reader)}")
    return averaged


def _fit_heads(
    network: Network, heads: list[nn.Parameter], examples: Sequence[Example], reader: Reader, recipe: Recipe
) -> None:
    """Fit the heads on vectors of the frozen encoder, which are computed once."""
    network.eval()
    with torch.no_grad():
        frozen = [
            (batch, network.encode(batch.ids, batch.mask))
            for batch in batches(examples, reader, recipe.batch, recipe.seed)
        ]
    network.train()
    step = _stepper([{"params": heads, "lr": recipe.head_rate}], recipe, recipe.head_epochs * len(frozen))
    shuffler = random.Random(recipe.seed)
    for _ in range(recipe.head_epochs):
        shuffler.shuffle(frozen)
        for batch, hidden in frozen:
            step(loss_of(network.read(hidden, batch.inner), batch, recipe))


def _layers(network: Network, recipe: Recipe) -> list[dict[str, Any]]:
    """Parameter groups of the encoder: the deeper, the smaller the steps; word embeddings stay as they are."""
    layers = network.encoder.encoder.layer
    return [
        {"params": list(layer.parameters()), "lr": recipe.rate * recipe.layer_decay ** (len(layers) - 1 - depth)}
        for depth, layer in enumerate(layers)
        if depth >= recipe.frozen
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
    soft = batch.verdict * (1 - recipe.smoothing) + recipe.smoothing / batch.verdict.shape[1]
    verdict = -(soft * torch.log_softmax(outputs.verdict, dim=1)).sum(dim=1)
    verdict = (verdict * batch.judged).sum() / batch.judged.sum().clamp(min=1)
    soft = batch.traits * (1 - recipe.smoothing) + recipe.smoothing / 2
    traits = nn.functional.binary_cross_entropy_with_logits(outputs.traits, soft)
    styles = nn.functional.binary_cross_entropy_with_logits(outputs.styles, batch.styles, reduction="none")
    styles = (styles.mean(dim=1) * batch.styled).sum() / batch.styled.sum().clamp(min=1)
    has = batch.quoted.amax(dim=1)
    on_quotes = (outputs.attention * batch.quoted).sum(dim=1)
    attention = -(has * torch.log(on_quotes + 1e-4)).sum() / has.sum().clamp(min=1)
    return verdict + recipe.trait_weight * traits + recipe.style_weight * styles + recipe.attention_weight * attention


def read(network: Network, examples: Sequence[Example], reader: Reader) -> Outputs:
    """The logits of all examples, in order, without attention; zeros where a text has no token."""
    network.eval()
    widths = (network.trait_bias.numel(), network.verdict_mean.out_features, network.style_mean.out_features)
    traits, verdict, styles = (torch.zeros(len(examples), width) for width in widths)
    with torch.no_grad():
        for batch in batches(examples, reader, 32):
            out = network(batch.ids, batch.mask, batch.inner)
            traits[batch.index], verdict[batch.index], styles[batch.index] = out.traits, out.verdict, out.styles
    return Outputs(traits, verdict, styles, torch.empty(0))


def watch(network: Network, dev: dict[str, list[Record]], reader: Reader) -> str:
    """The main figures on development data, for the log."""
    told = []
    for name, records in dev.items():
        out = read(network, [example_of(record) for record in records], reader)
        predictions = Predictions(
            torch.softmax(out.verdict, -1).double().numpy(),
            torch.sigmoid(out.traits[:, : len(CRITERIA)]).double().numpy(),
            np.zeros(len(records)),
        )
        found = score(Truth.of(records), predictions)
        told.append(f"{name} kappa {found.kappa:.3f}, criteria F1 {found.macro_f1:.3f}, ece {found.ece:.3f}")
    return "; ".join(told)
