"""What `evaluate` prints and the model card holds: every figure, measured on the same records in one run."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from app.scoring import faithfulness, robustness
from app.scoring.assessment import Classifier
from app.scoring.evaluation import Predictions, Scores, Truth, confusion, risk_coverage, score, subset
from app.scoring.records import Record

HEAD = f"{'':<36}{'kappa':>7}{'[95 %]':>16}{'acc':>7}{'crit F1':>9}{'[95 %]':>16}{'ECE':>7}{'ms':>8}"


def table(rows: list[tuple[str, Predictions]], records: list[Record]) -> Iterator[str]:
    """One line for each classifier."""
    yield HEAD
    for name, predictions in rows:
        yield _row(name, score(Truth.of(records), predictions))


def _row(name: str, scores: Scores) -> str:
    low, high = scores.kappa_interval
    f_low, f_high = scores.macro_f1_interval
    return (
        f"{name:<36}{scores.kappa:>7.3f}{f'{low:.2f} to {high:.2f}':>16}{scores.accuracy:>7.3f}"
        f"{scores.macro_f1:>9.3f}{f'{f_low:.2f} to {f_high:.2f}':>16}{scores.ece:>7.3f}{scores.median_ms:>8.1f}"
    )


def groups(records: list[Record]) -> dict[str, list[int]]:
    """The kinds of texts that are looked at on their own, as places in the list."""
    kinds = {
        "real situations, retold": [bool(record.source) for record in records],
        "written situations": [not record.source for record in records],
        "with traps": [bool(record.traps) for record in records],
        "up to 25 words": [len(record.text.split()) <= 25 for record in records],
        "over 100 words": [len(record.text.split()) > 100 for record in records],
    }
    found = {name: [place for place, member in enumerate(marks) if member] for name, marks in kinds.items()}
    return {name: places for name, places in found.items() if places}


def measured(scorer: Classifier, predictions: Predictions, records: list[Record]) -> dict[str, Any]:
    """Every figure about the model, ready for JSON; times are left out, they are the machine's."""
    truth = Truth.of(records)
    return {
        **without_time(score(truth, predictions, records)),
        "confusion": confusion(truth, predictions),
        "groups": {
            name: without_time(score(Truth.of(some), subset(predictions, rows), some))
            for name, rows in groups(records).items()
            if (some := [records[row] for row in rows])
        },
        "risk_coverage": {str(part): accuracy for part, accuracy in risk_coverage(truth, predictions).items()},
        "evidence": asdict(faithfulness.measure(scorer, records)),
        "robustness": asdict(robustness.measure(scorer, records)),
    }


def without_time(scores: Scores) -> dict[str, Any]:
    """The figures but for the time, which is the machine's."""
    return {name: value for name, value in asdict(scores).items() if name != "median_ms"}


def details_of(scorer: Classifier, predictions: Predictions, records: list[Record]) -> Iterator[str]:
    """The figures beside the table, one line each."""
    found = measured(scorer, predictions, records)
    for name, part in found["groups"].items():
        figures = f"kappa {part['kappa']:.3f}, accuracy {part['accuracy']:.3f}, criteria F1 {part['macro_f1']:.3f}"
        yield f"{name:<36}{figures}, n {part['n']}"
    yield ""
    yield "criterion F1: " + ", ".join(f"{slug} {value:.2f}" for slug, value in found["f1"].items())
    yield f"one-sided situations with the larger demand on their side: {found['side_accuracy']:.3f}"
    if found["styles_top1"] is not None:
        yield f"first style among the accepted: {found['styles_top1']:.3f}"
    yield "accuracy of the surest: " + surest(found["risk_coverage"])
    evidence, sturdy = found["evidence"], found["robustness"]
    for name in ("token_f1", "comprehensiveness", "sufficiency"):
        ours, random = evidence[name], evidence[f"{name}_random"]
        yield f"evidence, {name.replace('_', ' ')}: {ours:.3f} (random sentence {random:.3f})"
    by_trait = ", ".join(f"{trait} {value:.4f}" for trait, value in sturdy["flips_by_trait"].items())
    yield f"who the people are, {sturdy['pairs']} pairs: flips {sturdy['flips']:.4f} ({by_trait})"
    yield f"mean change of a criterion between them: {sturdy['mean_change']:.4f}"
    yield "kappa falls by: " + ", ".join(f"{name} {value:.3f}" for name, value in sturdy["kappa_falls"].items())
    yield f"flips by an idle sentence: {sturdy['aside_flips']:.3f}"
    yield f"flips by an instruction: {sturdy['instruction_flips']:.3f}"
    yield f"flips by words of the other side: {sturdy['jargon_flips']:.3f}"


def surest(curve: Mapping[Any, float]) -> str:
    """Accuracy over the surest part of the texts, part by part."""
    return ", ".join(f"{part} % {accuracy:.3f}" for part, accuracy in curve.items())
