"""The model card of an artefact folder."""

import json
from pathlib import Path
from typing import Any

ARTEFACT = Path(__file__).parent / "artefact"


def read_card(folder: Path) -> dict[str, Any]:
    """The model card of an artefact folder."""
    card: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    return card


def current_version() -> str:
    """The version of the model that the package carries."""
    return str(read_card(ARTEFACT)["version"])
