"""The model card: what the model is for, what it was trained on, and how well it does."""

import json
from pathlib import Path
from typing import Any, get_args

import numpy as np

from app.scoring import Scorer
from app.scoring.evaluation import Predictions, Truth, predict
from app.scoring.heads import Heads
from app.scoring.labels import CRITERIA, FACTORS, TRAITS, VERDICTS, Band
from app.scoring.metrics import Doubles
from app.scoring.records import Record, Situations
from app.scoring.report import measured

VERSION = "2026.3"
PURPOSE = {
    "purpose": "Classify a work situation described in English: does it call for leadership, for management, for both, "
    "or does the text say too little to tell.",
    "forbidden_uses": [
        "ranking, hiring, promoting, dismissing or monitoring people",
        "judging a named person",
        "taking a decision about anyone without a human who can override it",
    ],
    "known_failures": [
        "English only; other languages are answered as unreadable where they are recognised",
        "`both` is confused with its neighbours more often than the two sides with each other",
        "real, rambling situations are judged less well than short and tidy ones; see `test.groups`",
        "the first style is wrong in about one text of five",
        "irony and reported opinions of others are sometimes taken at their word",
        "a denial in a short clause is sometimes read as the thing denied: `we do not need new product ideas`",
        "an idle sentence or an order to the classifier turns some verdicts; see `test.robustness`",
        "who the people are is hidden by lists of words, and a list forgets somebody",
    ],
    "base_model": "sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), fine-tuned",
    "labels": {"verdicts": VERDICTS, "criteria": CRITERIA, "factors": FACTORS},
}


def write_card(folder: Path, situations: Situations, recipe: dict[str, Any]) -> None:
    """Write card.json: thresholds from dev, figures measured on the untouched test split."""
    dev, test = situations.splits["dev"], situations.splits["test"]
    card: dict[str, Any] = {
        "version": VERSION,
        **PURPOSE,
        "data": {
            "sha256": situations.digest,
            **{name: len(records) for name, records in situations.splits.items()},
            "writers": {name: sorted({r.writer for r in records}) for name, records in situations.splits.items()},
        },
        "recipe": recipe,
        "present_from": dict(zip(TRAITS, Heads(folder).thresholds, strict=True)),
        "evaluated_tokens": 0,
        "confidence": {
            "medium": 0.0,
            "high": 0.0,
            "uncertain_margin": 0.0,
            "population": f"test split {VERSION}",
            "bands": {name: {"accuracy": 0.0, "n": 0} for name in get_args(Band)},
        },
    }
    _write(folder, card)
    scorer = Scorer.load(folder)
    card["evaluated_tokens"] = max(scorer.assess(record.text).tokens for record in test)
    on_dev, on_test = predict(scorer, dev), predict(scorer, test)
    card["confidence"] |= thresholds(on_dev, dev)
    card["confidence"]["bands"] = bands(on_test, test, card["confidence"])
    card["test"] = _rounded(measured(Scorer.load(folder), on_test, test))
    _write(folder, card)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(part) for part in value]
    return round(value, 4) if isinstance(value, float) else value


def _write(folder: Path, card: dict[str, Any]) -> None:
    text = json.dumps(card, indent=2, ensure_ascii=False)
    (folder / "card.json").write_text(text + "\n", encoding="utf-8")


def thresholds(predictions: Predictions, records: list[Record]) -> dict[str, float]:
    """Uncertain where the two best are so close that the first is right no more often than 55 times in 100; the other
    bands at the terciles of confidence of what is judged. All on dev."""
    top, margin = _best(predictions)
    correct = predictions.verdicts.argmax(axis=1) == Truth.of(records).verdicts
    uncertain = 0.0
    for candidate in np.arange(0.02, 0.42, 0.02):
        below = margin < candidate
        if below.sum() >= 10 and correct[below].mean() <= 0.55:
            uncertain = float(candidate)
    uncertain = round(uncertain, 4)
    medium, high = np.quantile(top[margin >= uncertain], [1 / 3, 2 / 3])
    return {"medium": round(float(medium), 4), "high": round(float(high), 4), "uncertain_margin": uncertain}


def _best(predictions: Predictions) -> tuple[Doubles, Doubles]:
    """The probability of each verdict, and how far the second best is behind it."""
    ordered = np.sort(predictions.verdicts, axis=1)
    return ordered[:, -1], ordered[:, -1] - ordered[:, -2]


def bands(predictions: Predictions, records: list[Record], limits: dict[str, Any]) -> dict[str, dict[str, float]]:
    """How often each band was right, and on how many texts: first what is judged, then what is uncertain."""
    top, margin = _best(predictions)
    judged = margin >= limits["uncertain_margin"]
    correct = predictions.verdicts.argmax(axis=1) == Truth.of(records).verdicts
    place = {
        "low": judged & (top < limits["medium"]),
        "medium": judged & (top >= limits["medium"]) & (top < limits["high"]),
        "high": judged & (top >= limits["high"]),
        "uncertain": ~judged,
    }
    return {
        name: {"accuracy": round(float(correct[rows].mean()) if rows.any() else 0.0, 4), "n": int(rows.sum())}
        for name, rows in place.items()
    }
