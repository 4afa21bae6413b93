"""The model card of an artefact folder, and the digest of what the model is made of."""

import hashlib
import json
from pathlib import Path
from typing import Any

ARTEFACT = Path(__file__).parent / "artefact"
MODEL_FILES = ("encoder.onnx", "heads.npz", "tokenizer.json")


def read_card(folder: Path) -> dict[str, Any]:
    """The model card of an artefact folder."""
    card: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    return card


def current_version() -> str:
    """The version of the model that the package carries."""
    return str(read_card(ARTEFACT)["version"])


def artefact_digest(folder: Path) -> str:
    """The SHA-256 of the files that the model is made of, one after the other: `cat encoder.onnx heads.npz
    tokenizer.json | sha256sum`."""
    digest = hashlib.sha256()
    for name in MODEL_FILES:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()
