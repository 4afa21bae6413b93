"""What a text costs is bounded by the tokens that are read of it, and grows with its length. Counted, not timed."""

import os
import random
import subprocess
import sys
from types import FrameType
from typing import Any

import httpx
import numpy as np
import pytest

from app.scoring.encoder import MOST_TOKENS, OVERLAP, WINDOW, windows
from app.scoring.evidence import Quoter
from app.scoring.scorer import ARTEFACT, Encoder
from app.scoring.text import words
from tests.support.apps import scorer
from tests.support.paths import ROOT
from tests.support.texts import SITUATION

DENSE = {
    "signs and letters": "_a",
    "initials": "a.",
    "signs and figures": "1,",
    "hyphens": "a-",
    "formulas": "f(x)=a*x;",
    "ellipses": "a... ",
    "two scripts": "漢a",
}
MOST_WINDOWS = -(-MOST_TOKENS // (WINDOW - 2 - OVERLAP))


def filled(piece: str) -> str:
    return (piece * 10_000)[:10_000]


def numbers() -> str:
    chance = random.Random(1)
    return "\n".join(
        f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02},Leeds,{chance.randint(1, 99999)},"
        f"{chance.random() * 100:.2f}%"
        for _ in range(400)
    )[:10_000]


ORDINARY = {
    "prose": filled(f"{SITUATION} "),
    "dialogue": filled('"No," I said. "Why?" "I-I don\'t know..." '),
    "names": filled("Mr. Okafor, Dr. Smith-Jones and Ms. O'Neil "),
    "program": filled("if (items[i].done && total > 40) { rows += 1; log('late', id); }\n"),
    "query": filled("SELECT a.id,b.x FROM t a JOIN u b ON a.id=b.id WHERE a.x>1 AND b.y<=2;\n"),
    "addresses": filled("https://a.example/x?y=1&z=2 "),
    "rows of numbers": numbers(),
    "numbers in prose": filled("In March 1,234 of 5,678 orders (21.7%) were 3.5 days late; "),
}


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(ARTEFACT)


@pytest.mark.parametrize("piece", DENSE.values(), ids=list(DENSE))
def test_a_text_of_many_tokens_is_read_up_to_the_limit_in_a_bounded_number_of_windows(
    encoder: Encoder, piece: str
) -> None:
    text = filled(piece)
    tokens = encoder.tokenize(text)
    assert tokens.total > MOST_TOKENS == len(tokens) == len(tokens.offsets)
    assert len(windows(text, tokens)) <= MOST_WINDOWS


@pytest.mark.parametrize("text", ORDINARY.values(), ids=list(ORDINARY))
def test_prose_program_code_and_numbers_are_read_whole(encoder: Encoder, text: str) -> None:
    tokens = encoder.tokenize(text)
    assert len(text) == 10_000
    assert len(tokens) == tokens.total
    assert tokens.offsets[-1][1] >= len(text.rstrip()) - 1


@pytest.mark.parametrize(
    "piece", ["(", "😀", "a\u0301", "a\u200d", "a", "漢", "م ا", "aB", "\n", "?!", "a\n", "a? ", "Mr. ", "he ", "1 "]
)
def test_no_text_has_more_windows_than_the_limit_allows(encoder: Encoder, piece: str) -> None:
    text = filled(piece)
    assert len(windows(text, encoder.tokenize(text))) <= MOST_WINDOWS


def test_what_was_not_read_is_told_and_moves_no_number() -> None:
    left, right = (scorer().assess("_a" * 3750 + rest, "en") for rest in ("_a" * 1250, " Forty staff quit." * 60))
    assert left.probabilities == right.probabilities
    assert [trait.probability for trait in left.criteria] == [trait.probability for trait in right.criteria]
    for answer in (left, right):
        told = {warning.code: warning.detail for warning in answer.warnings}
        assert answer.tokens == MOST_TOKENS
        assert "its first 7500 characters" in told["read_in_part"]
        assert all(quote.end <= 7500 for trait in answer.criteria for quote in trait.evidence)


@pytest.mark.anyio
async def test_an_answer_says_that_a_text_was_read_in_part(client: httpx.AsyncClient) -> None:
    body = {"text": "_a" * 5000, "options": {"language": "en"}}
    answer = (await client.post("/v1/score", json=body)).json()
    assert answer["input"]["tokens"] == MOST_TOKENS
    warned = [warning for warning in answer["warnings"] if warning["code"] == "read_in_part"]
    assert [warning["pointer"] for warning in warned] == ["/text"]
    assert "10000 tokens" in warned[0]["detail"]


def calls_into_numpy(text: str) -> int:
    """How often matching words, sentences and tokens calls a Python function of numpy."""
    count = 0

    def watch(frame: FrameType, event: str, _: Any) -> None:
        nonlocal count
        count += event == "call" and "/numpy/" in frame.f_code.co_filename

    spans = words(text)
    sys.setprofile(watch)
    try:
        Quoter(text, spans)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("piece", ["a\n", "a? ", f"{SITUATION} ", "Mr. A "])
def test_a_text_of_many_sentences_is_matched_in_as_many_steps_as_one_of_few(piece: str) -> None:
    assert calls_into_numpy(filled(piece)) == calls_into_numpy(piece * 2)


def test_windows_begin_and_end_with_sentences_where_these_fit(encoder: Encoder) -> None:
    text = filled(f"{SITUATION} ")
    tokens = encoder.tokenize(text)
    begins = np.array([start for start, _, _ in windows(text, tokens)][1:])
    assert all(text[: tokens.offsets[start][0]].rstrip().endswith(".") for start in begins)


def test_matrices_are_multiplied_by_the_thread_that_asks() -> None:
    """The threads of a BLAS library wait in a loop for more: beside small matrices they only take CPU from others."""
    code = (
        "import os, app, numpy as np\n"
        "for _ in range(9): np.ones((60, 768), np.float32) @ np.ones((768, 768), np.float32)\n"
        "print(len(os.listdir('/proc/self/task')))"
    )
    environment = {name: value for name, value in os.environ.items() if "THREADS" not in name}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n"
