"""The engine: text in, Assessment out. Knows no web, no database, no settings and no clock.

from app.scoring import Scorer
Scorer.load().assess("Two plants merge and nobody knows the new structure.").verdict
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# onnxruntime 1.29 and later sends data home from its import on, unless this stands before

from app.scoring.assessment import Assessment, Confidence, Evidence, MissingInput, StyleFit, Trait, Warned

if TYPE_CHECKING:
    from app.scoring.scorer import Scorer

__all__ = ["Assessment", "Confidence", "Evidence", "MissingInput", "Scorer", "StyleFit", "Trait", "Warned"]


def __getattr__(name: str) -> Any:
    """`Scorer` when it is first asked for: it brings onnxruntime and numpy, which all other names do without."""
    if name == "Scorer":
        return import_module("app.scoring.scorer").Scorer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
