"""The simple classifiers that the model must beat, with their time per text."""

import re
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tokenizers import Tokenizer
from transformers import AutoModel

from app.scoring.evaluation import Predictions, Truth
from app.scoring.labels import CRITERIA, LEADERSHIP_CRITERIA, VERDICTS
from app.scoring.records import Record

Doubles = NDArray[np.float64]

DESCRIPTIONS = {
    "change": "the organisation faces significant change or uncertainty",
    "creativity": "the work requires new ideas, innovation or improvising",
    "complexity": "the work is highly complex or ambiguous with conflicting goals",
    "interpersonal": "the work is about conflict, morale, trust, fear or persuading people",
    "efficiency": "the work is about deadlines, throughput, cost, waste or backlog",
    "standardization": "the work follows procedures, checklists, compliance and routine",
    "technical": "the work requires specific technical skill, engineering or regulated expertise",
    "scale": "the work involves many people, many sites, big budgets or large fleets",
}
WORDS = {
    "change": "merger reorganis restructur uncertain crisis change new strategy",
    "creativity": "creative innovat idea experiment invent improvis prototype brainstorm",
    "complexity": "complex ambigu conflicting stakeholder unclear nobody knows interact",
    "interpersonal": "morale trust conflict fear angry quit resent coach persuade cry",
    "efficiency": "deadline backlog cost throughput waste overtime late target",
    "standardization": "checklist procedure audit compliance routine policy standard form",
    "technical": "engineer licen certif software clinical legal weld electric",
    "scale": "hundred thousand sites million fleet suppliers warehouses stores",
}
VERDICT_TEXTS = (
    "This situation needs direction, meaning, trust, change and new ideas.",
    "This situation needs planning, organising, controlling and keeping to standard.",
    "This situation needs both direction for people and planning of the work.",
    "This says too little about work.",
)


def majority(train: list[Record], records: list[Record]) -> Predictions:
    """The most frequent answer, always."""
    truth = Truth.of(train)
    verdict = np.bincount(truth.verdicts, minlength=len(VERDICTS)) / len(train)
    return Predictions(
        np.tile(verdict, (len(records), 1)),
        np.tile(truth.criteria.mean(axis=0), (len(records), 1)),
        np.zeros(len(records)),
    )


def keywords(records: list[Record]) -> Predictions:
    """A list of words per criterion; the side with more criteria wins."""

    def one(text: str) -> tuple[Doubles, Doubles]:
        found = np.array([bool(re.search(WORDS[c].replace(" ", "|"), text.lower())) for c in CRITERIA], dtype=float)
        lead, manage = found[: len(LEADERSHIP_CRITERIA)].sum(), found[len(LEADERSHIP_CRITERIA) :].sum()
        verdict = np.array([lead > manage, manage > lead, lead == manage > 0, lead == manage == 0], dtype=float)
        return verdict, found

    return _timed(records, one)


def tfidf(train: list[Record], records: list[Record]) -> Predictions:
    """Word and word-pair frequencies with logistic regression."""

    def model() -> object:
        return make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
            LogisticRegression(C=10, max_iter=2000, class_weight="balanced"),
        )

    return _fitted([record.text for record in train], train, records, model, lambda text: [text])


class FrozenEncoder:
    """The base encoder as it was published: normalised mean vectors."""

    def __init__(self, base: str) -> None:
        self._model = AutoModel.from_pretrained(base, add_pooling_layer=False).eval()
        self._tokenizer = Tokenizer.from_file(f"{base}/tokenizer.json")
        self._tokenizer.enable_truncation(256)
        self._tokenizer.no_padding()

    def __call__(self, text: str) -> Doubles:
        with torch.no_grad():
            ids = torch.tensor([self._tokenizer.encode(text).ids])
            hidden = self._model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0]
        mean = hidden.mean(dim=0).double().numpy()
        return np.asarray(mean / np.linalg.norm(mean))


def frozen(encoder: FrozenEncoder, train: list[Record], records: list[Record]) -> Predictions:
    """Logistic regression on frozen sentence vectors."""
    vectors = [encoder(record.text) for record in train]
    return _fitted(vectors, train, records, lambda: LogisticRegression(C=1, max_iter=2000), lambda t: [encoder(t)])


def zero_shot(encoder: FrozenEncoder, records: list[Record]) -> Predictions:
    """Similarity to a description of each label; no training text at all."""
    verdicts = np.array([encoder(text) for text in VERDICT_TEXTS])
    criteria = np.array([encoder(DESCRIPTIONS[slug]) for slug in CRITERIA])

    def one(text: str) -> tuple[Doubles, Doubles]:
        vector = encoder(text)
        weights = np.exp((verdicts @ vector) * 20)
        return weights / weights.sum(), 1 / (1 + np.exp(-((criteria @ vector) - 0.2) * 20))

    return _timed(records, one)


def _fitted(
    inputs: list[object] | list[str] | list[Doubles],
    train: list[Record],
    records: list[Record],
    make: Callable[[], object],
    prepare: Callable[[str], object],
) -> Predictions:
    truth = Truth.of(train)
    verdict_model = make().fit(inputs, truth.verdicts)  # type: ignore[attr-defined]
    trait_models = [make().fit(inputs, truth.criteria[:, k]) for k in range(len(CRITERIA))]  # type: ignore[attr-defined]

    def one(text: str) -> tuple[Doubles, Doubles]:
        given = prepare(text)
        verdict = verdict_model.predict_proba(given)[0]
        return verdict, np.array([model.predict_proba(given)[0, 1] for model in trait_models])

    return _timed(records, one)


def _timed(records: list[Record], one: Callable[[str], tuple[Doubles, Doubles]]) -> Predictions:
    verdicts, criteria, times = [], [], []
    for record in records:
        started = time.perf_counter()
        verdict, marks = one(record.text)
        times.append((time.perf_counter() - started) * 1000)
        verdicts.append(verdict)
        criteria.append(marks)
    return Predictions(np.array(verdicts), np.array(criteria), np.array(times))
