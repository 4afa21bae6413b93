"""What the extra `train` adds to the command line."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import torch
from tokenizers import Tokenizer

from app.scoring import Scorer
from app.scoring.evaluation import Predictions, Truth, predict, score
from app.scoring.records import Record, Situations
from app.scoring.scorer import ARTEFACT
from app.training import baselines as simple
from app.training.card import write_card
from app.training.export import write_encoder, write_heads
from app.training.fit import Recipe, fit
from app.training.network import base_folder

log = logging.getLogger("lead_or_manage.training")
RECIPE = Recipe()


def train(situations_folder: Path, out: Path | None, base_model: str | None = None) -> None:
    """Fit, export, calibrate on dev, measure on test, and write encoder, heads, tokenizer and card to `out`."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    situations, folder = Situations.load(situations_folder), out or ARTEFACT
    base = base_folder(base_model)
    tokenizer = Tokenizer.from_file(f"{base}/tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    torch.use_deterministic_algorithms(True)
    network = fit(base, situations.splits["train"], situations.splits["dev"], tokenizer, RECIPE, log=log.info)
    write_encoder(network, tokenizer, folder)
    write_heads(network, folder, situations.splits["dev"])
    write_card(folder, situations, RECIPE)
    test = situations.splits["test"]
    log.info(json.dumps(score(Truth.of(test), predict(Scorer.load(folder), test), test).__dict__))


def baselines(train_records: list[Record], records: list[Record]) -> Iterator[tuple[str, Predictions]]:
    """Majority, keywords, TF-IDF, frozen MiniLM and zero-shot MiniLM, measured on the same records."""
    yield "majority", simple.majority(train_records, records)
    yield "keyword list", simple.keywords(records)
    yield "TF-IDF + logistic regression", simple.tfidf(train_records, records)
    encoder = simple.FrozenEncoder(base_folder(None))
    yield "frozen MiniLM + logistic regression", simple.frozen(encoder, train_records, records)
    yield "zero-shot MiniLM", simple.zero_shot(encoder, records)
