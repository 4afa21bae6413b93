"""The engine alone, as in a notebook: no web, no database."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from copy import copy
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.scoring import Scorer
from app.scoring.blinding import blinded
from app.scoring.card import ARTEFACT
from app.scoring.encoder import WINDOW, Encoder, windows
from app.scoring.evaluation import Predictions
from app.scoring.language import detect
from app.scoring.metrics import calibration_error, f1, interval, kappa
from app.scoring.records import Record, RecordError, Situations, read_records
from app.scoring.text import readable_copy, sentences, words
from app.settings import data_path
from app.training.card import bands, thresholds
from tests.support import apps
from tests.support.paths import ROOT
from tests.support.texts import RECORD, SITUATION


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return apps.scorer()


def test_the_engine_works_without_web_database_or_settings() -> None:
    script = (
        "import sys; from app.scoring import Scorer; a = Scorer.load().assess('Two plants merge.');"
        "banned = {'fastapi', 'starlette', 'sqlmodel', 'sqlalchemy', 'pydantic_settings', 'torch', 'transformers'};"
        "assert not banned & set(sys.modules), banned & set(sys.modules); print(a.verdict)"
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() in {"leadership", "management", "both", "insufficient"}


def test_the_engine_leaves_no_trace_outside_and_sends_nothing_home(tmp_path: Path) -> None:
    script = "from app.scoring import Scorer; Scorer.load().assess('Two plants merge.')"
    quiet = {name: value for name, value in os.environ.items() if name != "CI"} | {"HOME": str(tmp_path)}
    quiet.pop("XDG_CACHE_HOME", None)
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=quiet, check=True)
    assert list(tmp_path.rglob("*")) == []


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400)


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT)
def test_any_text_gets_an_answer_whose_quotes_are_exact_and_whose_numbers_add_up(text: str) -> None:
    answer = apps.scorer().assess(text, max_evidence=10)
    assert math.isclose(sum(answer.probabilities.values()), 1, abs_tol=1e-5)
    for trait in (*answer.criteria, *answer.factors):
        if answer.status == "unreadable":
            assert trait.probability is None
            continue
        assert trait.bias is not None and trait.omitted is not None and trait.probability is not None
        logit = trait.bias + trait.omitted + sum(quote.weight for quote in trait.evidence)
        assert math.isclose(1 / (1 + math.exp(-logit)), trait.probability, abs_tol=1e-5)
        assert trait.present_from is not None
        assert trait.present == (round(trait.probability, 4) >= trait.present_from)
        for quote in trait.evidence:
            assert text[quote.start : quote.end] == quote.quote


@given(ANY_TEXT)
def test_sentences_and_words_are_in_order_and_lose_no_word(text: str) -> None:
    found = sentences(text)
    assert all(a < b for a, b in found)
    assert all(first[1] <= second[0] for first, second in pairwise(found))
    for start, end in words(text):
        assert any(a <= start and end <= b for a, b in found) or "\n" in text[start:end]
    assert len(readable_copy(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We met Dr. Smith at 9 a.m. today. He left.", ["We met Dr. Smith at 9 a.m. today.", "He left."]),
        ("Cost rose 3.5 percent! Why? Nobody knows", ["Cost rose 3.5 percent!", "Why?", "Nobody knows"]),
        ("- first line\n- second line\n\nThird", ["- first line", "- second line", "Third"]),
        ('He said "stop." Then left.', ['He said "stop."', "Then left."]),
        ("   ", []),
    ],
)
def test_sentences_end_where_a_reader_would_say(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (SITUATION, "en"),
        (SITUATION.upper(), "en"),
        ("Three of the five founders left in May and the board wants a plan.", "en"),
        ("Die Schichtleitung muss bis Freitag entscheiden, wer die neue Linie übernimmt.", "de"),
        ("La directora quiere que todo el equipo acepte el nuevo horario antes de junio.", "es"),
        ("今週中に全ての店舗で在庫を数え直し、結果を本部に報告しなければなりません。", "ja"),
        ("ok thanks", "und"),
        ("12345 67890 !!!", "und"),
    ],
)
def test_languages_are_told_apart_and_short_texts_are_undetermined(text: str, language: str) -> None:
    assert detect(text) == language


def test_long_texts_are_read_to_the_end_in_overlapping_windows_of_whole_sentences(scorer: Scorer) -> None:
    filler = "The canteen menu was printed on yellow paper again and nobody complained about it. " * 60
    plain, with_end = scorer.assess(filler), scorer.assess(filler + SITUATION)
    assert with_end.tokens > WINDOW
    moved = [
        abs((a.probability or 0) - (b.probability or 0)) for a, b in zip(plain.criteria, with_end.criteria, strict=True)
    ]
    assert max(moved) > 0.01
    tokens = Encoder(ARTEFACT).tokenize(filler + SITUATION)
    found = windows(filler + SITUATION, tokens)
    assert [stop for _, _, stop in found[:-1]] == [start + skip for start, skip, _ in found[1:]]
    assert found[-1][2] == len(tokens.ids)
    assert all(stop - start <= WINDOW - 2 for start, _, stop in found)
    assert all(skip > 0 for _, skip, _ in found[1:])


def test_a_text_beyond_the_evaluated_length_is_warned_about(scorer: Scorer) -> None:
    assert [w.code for w in scorer.assess("The rota must be filled by noon. " * 300).warnings] == [
        "outside_evaluated_length"
    ]
    assert scorer.assess(SITUATION).warnings == ()


def test_a_text_that_names_a_person_is_warned_about(scorer: Scorer) -> None:
    for text in ("Emily never files her reports.", "Ask Mr. Okafor about the rota.", "Is Kwame ready for more?"):
        assert [warning.code for warning in scorer.assess(text).warnings] == ["about_a_person"]
    assert scorer.assess("The rota for March is not ready, ask the foreman.").warnings == ()


def test_a_trait_says_from_which_probability_on_it_is_present(scorer: Scorer) -> None:
    answer = scorer.assess(SITUATION)
    traits = (*answer.criteria, *answer.factors)
    assert {trait.slug: trait.present_from for trait in traits} == scorer.card["present_from"]
    assert len({trait.present_from for trait in traits}) > 1
    unread = scorer.assess(SITUATION, "de")
    assert all(trait.present_from is None and not trait.present for trait in (*unread.criteria, *unread.factors))


def with_card(scorer: Scorer, **confidence: Any) -> Scorer:
    """The same model, whose card says something else of confidence."""
    other = copy(scorer)
    other.card = scorer.card | {"confidence": scorer.card["confidence"] | confidence}
    return other


FOUR = {name: {"accuracy": n / 100, "n": n} for n, name in enumerate(("low", "medium", "high", "uncertain"), 60)}


def test_what_is_uncertain_has_a_band_of_its_own_and_the_rest_goes_by_its_value(scorer: Scorer) -> None:
    for margin, low, high, band in ((1.01, 0, 0, "uncertain"), (1.01, 1, 1, "uncertain"), (0, 1.01, 1.01, "low"),
                                    (0, 0, 1.01, "medium"), (0, 0, 0, "high")):  # fmt: skip
        told = with_card(scorer, uncertain_margin=margin, medium=low, high=high, bands=FOUR).assess(SITUATION)
        assert told.confidence and told.confidence.band == band
        assert (told.confidence.accuracy, told.confidence.n) == (FOUR[band]["accuracy"], FOUR[band]["n"])
        assert told.status == ("uncertain" if band == "uncertain" else "judged")


def test_a_model_whose_card_has_three_bands_still_loads_and_answers(scorer: Scorer, tmp_path: Path) -> None:
    for part in ARTEFACT.iterdir():
        if part.name != "card.json":
            (tmp_path / part.name).symlink_to(part)
    three = {name: figures for name, figures in FOUR.items() if name != "uncertain"}
    card = with_card(scorer, uncertain_margin=1.01, medium=1.01, high=1.01, bands=three).card
    (tmp_path / "card.json").write_text(json.dumps(card), encoding="utf-8")
    told = Scorer.load(tmp_path).assess(SITUATION)
    assert told.status == "uncertain"
    assert told.confidence and (told.confidence.band, told.confidence.n) == ("low", 60)


def predicted(best: Sequence[float], right: Sequence[bool]) -> tuple[Predictions, list[Record]]:
    """Texts read as leadership with these probabilities, management being all the rest, and what they are."""
    rows = np.array([[chance, 1 - chance, 0, 0] for chance in best])
    verdicts = ["leadership" if one else "both" for one in right]
    records = [Record(**RECORD | {"verdict": verdict}) for verdict in verdicts]  # type: ignore[arg-type]
    return Predictions(rows, np.zeros((len(rows), 8)), np.zeros(len(rows))), records


def test_bands_are_measured_on_what_is_judged_and_one_on_what_is_uncertain() -> None:
    told = predicted([0.95, 0.8, 0.8, 0.6, 0.55, 0.52], [True, True, False, True, True, False])
    assert bands(*told, {"uncertain_margin": 0.15, "medium": 0.7, "high": 0.9}) == {
        "low": {"accuracy": 1.0, "n": 1},
        "medium": {"accuracy": 0.5, "n": 2},
        "high": {"accuracy": 1.0, "n": 1},
        "uncertain": {"accuracy": 0.5, "n": 2},
    }


def test_the_terciles_that_part_the_bands_are_of_what_is_judged() -> None:
    told = predicted([0.505] * 12 + list(np.linspace(0.73, 1, 28)), [False] * 12 + [True] * 28)
    found = thresholds(*told)
    assert 0.01 < found["uncertain_margin"] <= 0.4
    assert (found["medium"], found["high"]) == (0.82, 0.91)


def test_the_bands_of_the_card_are_measured_on_texts_of_strangers_each_in_one_band(scorer: Scorer) -> None:
    stated, strangers = scorer.card["confidence"]["bands"], scorer.card["strangers"]
    assert sum(band["n"] for band in stated.values()) == strangers["n"]
    right = sum(band["n"] * band["accuracy"] for band in stated.values()) / strangers["n"]
    assert math.isclose(right, strangers["accuracy"], abs_tol=1e-3)


def test_the_same_text_gives_the_same_vectors_whatever_was_read_before() -> None:
    encoder = Encoder(ARTEFACT)
    other = "Something else entirely, and much longer than before. " * 20
    first = encoder.encode(SITUATION, encoder.tokenize(SITUATION))
    encoder.encode(other, encoder.tokenize(other))
    assert np.array_equal(first, encoder.encode(SITUATION, encoder.tokenize(SITUATION)))


def test_every_score_moves_with_the_text(scorer: Scorer) -> None:
    calm = scorer.assess("Every pallet is scanned at both doors and the count is filed by four each day.")
    torn = scorer.assess("Half the crew no longer speaks to the other half since the layoffs and people cry at work.")
    chance = {trait.slug: trait.probability or 0 for trait in calm.criteria}
    other = {trait.slug: trait.probability or 0 for trait in torn.criteria}
    assert other["interpersonal"] > chance["interpersonal"] + 0.2
    assert chance["standardization"] > other["standardization"] + 0.2
    assert torn.demand["leadership"] > calm.demand["leadership"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "Emily Walsh told her team that the plant will close.",
            "Jamal Robinson told his team that the plant will close.",
        ),
        (
            "Mr. Kowalski, a Polish man, must count the stock by noon.",
            "Mrs. Nakamura, a Japanese woman, must count the stock by noon.",
        ),
        ("A 28-year-old Catholic runs the night shift.", "A 61-year-old Muslim runs the night shift."),
        ("She is in her late twenties and leads forty people.", "He is in his early sixties and leads forty people."),
    ],
)
def test_who_the_people_are_does_not_move_any_number(scorer: Scorer, one: str, other: str) -> None:
    left, right = scorer.assess(one), scorer.assess(other)
    assert left.probabilities == right.probabilities
    assert [trait.probability for trait in left.criteria] == [trait.probability for trait in right.criteria]
    for text, answer in ((one, left), (other, right)):
        assert all(text[q.start : q.end] == q.quote for trait in answer.criteria for q in trait.evidence)


@given(ANY_TEXT)
def test_every_part_of_the_blinded_copy_stands_for_a_part_of_the_text(text: str) -> None:
    text = f"{text} Emily Walsh, aged 34, and her Dutch brother. {text}"
    read = blinded(text)
    spans = read.spans([(place, place + 1) for place in range(len(read.copy))])
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(first[0] <= second[0] for first, second in pairwise(spans))
    assert "Emily" not in read.copy
    assert "Dutch" not in read.copy


def test_measures_give_their_known_values() -> None:
    assert kappa(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])) == 1
    assert kappa(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])) == 0
    assert f1(np.array([True, True, False]), np.array([True, False, True])) == 0.5
    sure = np.array([0.9] * 10)
    assert math.isclose(calibration_error(sure, np.array([True] * 5 + [False] * 5)), 0.4)
    low, high = interval(lambda rows: float(np.mean(rows)), 100)
    assert low < 49.5 < high


def test_the_shipped_situations_are_sound_and_no_writer_is_on_both_sides() -> None:
    situations = Situations.load(data_path("seed") / "situations")
    writers = [{record.writer for record in records} for records in situations.splits.values()]
    assert not (writers[0] & writers[1] or writers[0] & writers[2] or writers[1] & writers[2])
    records = [record for part in situations.splits.values() for record in part]
    assert len({record.id for record in records}) == len(records) == len({record.text for record in records})
    assert situations.digest == apps.scorer().card["data"]["sha256"]
    assert set(situations.second) == {record.id for record in records}


def record(**changes: object) -> str:
    return json.dumps(RECORD | changes)


@pytest.mark.parametrize(
    ("line", "words_in_error"),
    [
        ("{", "line 1"),
        ("{}", "fields missing"),
        ('{"id": 1, "extra": 2}', "unknown"),
        (record(verdict="perhaps"), "verdict"),
        (record(criteria={"magic": ["x"]}), "magic is unknown"),
        (record(criteria={"change": ["not there"]}), "exact part"),
        (record(leadership_styles=["loud-leadership"]), "loud-leadership"),
        (record(verdict="insufficient"), "has no criteria"),
    ],
)
def test_malformed_records_are_refused_with_their_line(tmp_path: Path, line: str, words_in_error: str) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(line, encoding="utf-8")
    with pytest.raises(RecordError, match=words_in_error):
        read_records(file)


def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be read"):
        read_records(tmp_path / "nothing.jsonl")
