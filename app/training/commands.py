"""What the extra `train` adds to the command line."""

import logging
import random
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch

from app.scoring.corpus import read_corpus
from app.scoring.evaluation import Predictions
from app.scoring.records import Record, Situations
from app.training import baselines as simple
from app.training.card import VERSION, write_card
from app.training.examples import Reader, example_of
from app.training.export import write_encoder, write_heads
from app.training.fit import Recipe, fit
from app.training.mixture import Mixture
from app.training.network import Network, base_folder

log = logging.getLogger("lead_or_manage.training")
EVENED = 100
"""How many texts show how large the inputs of each layer are."""


def train(
    situations_folder: Path,
    corpus: Path,
    base_model: str,
    out: Path,
    *,
    share: float,
    epochs: int,
    checkpoint: Path | None,
) -> None:
    """Fit, export, calibrate on dev, measure on test, and write encoder, heads, tokenizer and card to `out`.

    `corpus` is the folder with the words of the texts of strangers, `base_model` a folder or hub name of
    all-mpnet-base-v2. `share`, 0 to 1, trains on a random part of the texts of strangers, for a learning curve.
    The weights are kept in the file `checkpoint` after each of the `epochs`; where it is there already, they go on from
    it.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    kept = torch.load(checkpoint) if checkpoint and checkpoint.exists() else {"version": "", "weights": None}
    recipe = Recipe(seed=2 if kept["weights"] else 1, start=kept["version"], epochs=epochs)
    seed = situations_folder.parent

    def keep(network: Network) -> None:
        if checkpoint:
            torch.save({"version": VERSION, "weights": network.state_dict()}, checkpoint)

    situations = Situations.load(situations_folder)
    chance = random.Random(recipe.seed)
    mixture = Mixture.load(situations, seed, corpus, share, chance)
    strangers = {split: read_corpus(seed / "corpus" / "labels.jsonl", corpus, split) for split in ("dev", "test")}
    dev = {"situations": situations.splits["dev"], "strangers": strangers["dev"]}
    torch.use_deterministic_algorithms(True)
    views, first = mixture.epochs(recipe.epochs, recipe.seed), mixture.heads(chance)
    network = fit(base_model, views, first, dev, recipe=recipe, log=log.info, start=kept["weights"], keep=keep)
    calibration = [example_of(record, situations.second.get(record.id)) for record in dev["situations"]]
    calibration += [example_of(record) for record in dev["strangers"]]
    write_encoder(network, Reader(base_model), out, chance.sample(first, EVENED))
    write_heads(network, out, calibration)
    write_card(out, seed, situations, strangers, asdict(recipe))


def baselines(train_records: list[Record], records: list[Record]) -> Iterator[tuple[str, Predictions]]:
    """Majority, keywords, TF-IDF, frozen MiniLM and zero-shot MiniLM, measured on the same records."""
    yield "majority", simple.majority(train_records, records)
    yield "keyword list", simple.keywords(records)
    yield "TF-IDF + logistic regression", simple.tfidf(train_records, records)
    encoder = simple.FrozenEncoder(base_folder(None))
    yield "frozen MiniLM + logistic regression", simple.frozen(encoder, train_records, records)
    yield "zero-shot MiniLM", simple.zero_shot(encoder, records)
