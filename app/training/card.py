"""The model card: what the model is for, what it was trained on, and how well it does."""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import numpy as np

from app.scoring import Scorer
from app.scoring.contrast import ContrastSet, read_contrast
from app.scoring.evaluation import Predictions, Truth, predict, score
from app.scoring.heads import Heads
from app.scoring.labels import CRITERIA, FACTORS, TRAITS, VERDICTS, Band
from app.scoring.metrics import Doubles
from app.scoring.records import Record, Situations, Split
from app.scoring.report import measured, without_time

VERSION = "2026.5"
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
        "texts as strangers write them are judged less well than texts written for the purpose; see `strangers`",
        "whether a stranger's text says too little is what is most often wrong: reviews of employers are taken for a "
        "call for leadership, remarks about tools for one for management",
        "`both` is confused with its neighbours more often than the two sides with each other",
        "the first style is wrong in about one text of five",
        "irony and reported opinions of others are sometimes taken at their word",
        "an idle sentence, words of the other side that ask for nothing, or an order to the classifier turn some "
        "verdicts; see `test.robustness`",
        "who the people are is hidden by lists of words, and a list forgets somebody",
    ],
    "base_model": "sentence-transformers/all-mpnet-base-v2 (Apache-2.0), its first layers, fine-tuned",
    "labels": {"verdicts": VERDICTS, "criteria": CRITERIA, "factors": FACTORS},
}
GATHERING = (
    "Excerpts of public repositories. seed/corpus/sources.jsonl names repository, path, commit and licence of each, "
    "labels.jsonl what each hand said of it; the words are not part of this project."
)


def write_card(
    folder: Path, seed: Path, situations: Situations, strangers: dict[Split, list[Record]], recipe: dict[str, Any]
) -> None:
    """Write card.json: thresholds from dev, figures measured on the untouched test splits; `strangers` holds the dev
    and test texts of seed/corpus."""
    dev, test = situations.splits["dev"] + strangers["dev"], situations.splits["test"]
    contrast = {split: read_contrast(seed / "contrast", split) for split in ("train", "dev", "test")}
    card: dict[str, Any] = {
        "version": VERSION,
        **PURPOSE,
        "data": {
            "sha256": situations.digest,
            **{name: len(records) for name, records in situations.splits.items()},
            "writers": {name: sorted({r.writer for r in records}) for name, records in situations.splits.items()},
            "strangers": _strangers(seed / "corpus"),
            "contrast": {
                "sha256": _digest(sorted((seed / "contrast").glob("*.jsonl"))),
                **{name: len(sets) for name, sets in contrast.items()},
            },
        },
        "recipe": recipe,
        "present_from": dict(zip(TRAITS, Heads(folder).thresholds, strict=True)),
        "evaluated_tokens": 0,
        "confidence": {
            "medium": 0.0,
            "high": 0.0,
            "uncertain_margin": 0.0,
            "population": f"texts of strangers, test split {VERSION}",
            "bands": {name: {"accuracy": 0.0, "n": 0} for name in get_args(Band)},
        },
    }
    _write(folder, card)
    scorer = Scorer.load(folder)
    card["evaluated_tokens"] = max(scorer.assess(record.text).tokens for record in test + strangers["test"])
    card["confidence"] |= thresholds(predict(scorer, dev), dev)
    on_strangers = predict(scorer, strangers["test"])
    card["confidence"]["bands"] = bands(on_strangers, strangers["test"], card["confidence"])
    _write(folder, card)
    scorer = Scorer.load(folder)
    card["test"] = _rounded(measured(scorer, predict(scorer, test), test))
    card["strangers"] = _rounded(without_time(score(Truth.of(strangers["test"]), on_strangers)))
    card["contrast"] = _rounded(_contrast(scorer, contrast["test"]))
    _write(folder, card)


def _strangers(corpus: Path) -> dict[str, Any]:
    """What was used of the texts of strangers, under which licences, and where they are from."""
    rows = [json.loads(line) for line in (corpus / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    sources = [json.loads(line) for line in (corpus / "sources.jsonl").read_text(encoding="utf-8").splitlines()]
    trained = {row["id"] for row in rows if row["split"] == "train"}
    licences = Counter(source["licence"] for source in sources if source["id"] in trained)
    return {
        "sha256": _digest([corpus / "labels.jsonl"]),
        **Counter(row["split"] for row in rows),
        "licences_of_train": dict(licences.most_common()),
        "gathering": GATHERING,
    }


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _contrast(scorer: Scorer, sets: list[ContrastSet]) -> dict[str, Any]:
    right = [all(scorer.assess(r.text, None, 0).verdict == r.verdict for r in one.siblings) for one in sets]
    return {"sets": len(sets), "right": sum(right), "share": sum(right) / len(sets)}


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
    """Uncertain where the two best are so close that the first is right no more often than two times in three; the
    other bands at the terciles of confidence of what is judged. All on dev."""
    top, margin = _best(predictions)
    correct = predictions.verdicts.argmax(axis=1) == Truth.of(records).verdicts
    uncertain = 0.0
    for candidate in np.arange(0.02, 0.32, 0.02):
        below = margin < candidate
        if below.sum() >= 10 and correct[below].mean() <= 2 / 3:
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
