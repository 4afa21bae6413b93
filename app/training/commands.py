"""What the extra `train` adds to the command line."""

import json
import logging
import random
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch

from app.scoring import Scorer
from app.scoring.card import ARTEFACT
from app.scoring.evaluation import Predictions, Truth, predict, score
from app.scoring.records import Record, Situations
from app.training import baselines as simple
from app.training.card import write_card
from app.training.distil import labelled, taught, views
from app.training.examples import Reader, example_of
from app.training.export import write_encoder, write_heads
from app.training.fit import Recipe, fit
from app.training.network import base_folder

log = logging.getLogger("lead_or_manage.training")
TEACHER = Recipe(seed=2, rate=3e-5, layer_decay=0.92, head_epochs=8)
TEACHER_EPOCHS = 2
STUDENT = Recipe()
VIEWS = 6
"""How many views of each text the student reads, each once."""


def train(
    situations_folder: Path,
    out: Path | None,
    base_model: str | None = None,
    teacher_model: str | None = None,
    share: float = 1.0,
) -> None:
    """Fit, export, calibrate on dev, measure on test, and write encoder, heads, tokenizer and card to `out`.

    `base_model` and `teacher_model` are folders or hub names; without a teacher the labels alone teach. `share`, 0 to
    1, trains on a random part of the texts, for a learning curve.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    situations, folder = Situations.load(situations_folder), out or ARTEFACT
    dev, second = situations.splits["dev"], situations.second
    records = situations.splits["train"]
    if share < 1:  # also in what the card says of the data
        records = situations.splits["train"] = random.Random(STUDENT.seed).sample(records, round(share * len(records)))
    examples = [example_of(record, second.get(record.id)) for record in records]
    torch.use_deterministic_algorithms(True)
    shown = views(examples, VIEWS, STUDENT.seed)
    seen = labelled(shown)
    if teacher_model:
        log.info("the teacher, %s", teacher_model)
        lessons = labelled(views(examples, TEACHER_EPOCHS, TEACHER.seed))
        teacher, reader = (
            fit(teacher_model, lessons, examples, dev, recipe=TEACHER, log=log.info),
            Reader(teacher_model),
        )
        started = time.monotonic()
        seen = taught(teacher, reader, shown)
        log.info("%d views read by the teacher, %.0f s", sum(map(len, seen)), time.monotonic() - started)
        del teacher
    base = base_folder(base_model)
    log.info("the student, %s", base)
    network = fit(base, seen, examples, dev, recipe=STUDENT, log=log.info)
    write_encoder(network, Reader(base).tokenizer, folder)
    write_heads(network, folder, [example_of(record, second.get(record.id)) for record in dev])
    write_card(folder, situations, {"student": asdict(STUDENT), "teacher": asdict(TEACHER) if teacher_model else None})
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
