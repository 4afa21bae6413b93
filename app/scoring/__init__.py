"""The engine: text in, Assessment out. Knows no web, no database, no settings and no clock.

from app.scoring import Scorer
Scorer.load().assess("Two plants merge and nobody knows the new structure.").verdict
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# onnxruntime 1.29 and later sends data home from its import on, unless this stands before

from app.scoring.assessment import Assessment, Confidence, Evidence, MissingInput, StyleFit, Trait, Warned
from app.scoring.scorer import Scorer

__all__ = ["Assessment", "Confidence", "Evidence", "MissingInput", "Scorer", "StyleFit", "Trait", "Warned"]
