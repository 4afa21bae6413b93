"""Languages by their n-grams, compared with the library whose model they are read from."""

from pathlib import Path

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from app.scoring.language import LANGUAGES
from app.scoring.ngrams import FOLDER, Ngrams
from app.scoring.records import Situations
from app.settings import data_path
from app.training.languages import write

ODD = (
    "добар дан, како сте данас?",
    "die würfel fallen.",
    "e\u0301te\u0301",
    "\ud800 lone",
    "𝐀𝐁 c",
    "会議は来週です",
)


def test_every_language_scores_what_the_library_says() -> None:
    library, ours = LanguageIdentifier.from_model_file(MODEL_FILE), Ngrams()
    library.set_languages(LANGUAGES.split())
    texts = [record.text.lower() for record in Situations.load(data_path("seed") / "situations").splits["dev"][::5]]
    for text in (*texts, " ".join(texts[:40]), *ODD):
        assert ours.scores(text) == dict(library.rank(text)), text


def test_where_no_known_sequence_occurs_all_languages_are_alike() -> None:
    assert set(Ngrams().scores("").values()) == {0.0}


@pytest.mark.slow
def test_the_shipped_arrays_are_those_that_the_library_gives(tmp_path: Path) -> None:
    write(tmp_path)
    for name in ("automaton.npy", "weights.npy", "priors.npy"):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name
