"""The heads on top of the encoder: small matrices, and the arithmetic that makes every score explainable."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.scoring.encoder import Floats
from app.scoring.labels import TRAITS


@dataclass(frozen=True, slots=True)
class Reading:
    """What the heads say about a text, calibrated.

    `shares` has shape (tokens, traits): what each token adds to each trait's logit, so that
    bias + shares.sum(axis=0) are the logits, exactly. `verdict_shares` has shape (tokens, verdicts): what each token
    adds to each verdict's logit beside the traits. `informative` has one entry per trait: how far the verdict would
    move, on average, if one knew for sure whether the trait is present.
    """

    bias: Floats
    shares: Floats
    logits: Floats
    verdict: Floats
    verdict_shares: Floats
    styles: Floats
    style_reasons: Floats
    informative: Floats


class Heads:
    """Attention per trait and per verdict over the tokens; the verdict reads the mean vector and the traits besides,
    styles read both."""

    def __init__(self, folder: Path) -> None:
        with np.load(folder / "heads.npz", allow_pickle=False) as arrays:
            self._arrays: dict[str, Floats] = {name: arrays[name].astype(np.float32) for name in arrays.files}
        if self._arrays["trait_query"].shape[0] != len(TRAITS):
            raise ValueError("heads.npz does not fit the labels of this engine")

    @property
    def thresholds(self) -> list[float]:
        """The probability from which each trait counts as present."""
        return [round(float(value), 2) for value in self._arrays["trait_threshold"]]

    def read(self, vectors: Floats) -> Reading:
        """Read the token vectors of one text, shape (tokens, width); there must be at least one."""
        a = self._arrays
        shares = self._attended(vectors, "trait")
        logits = a["trait_bias"] + shares.sum(axis=0)
        squashed = np.tanh(logits / 2)
        mean = vectors.mean(axis=0)
        norm = max(float(np.linalg.norm(mean)), 1e-6)
        mean = mean / norm
        verdict_shares = self._attended(vectors, "verdict") + vectors @ a["verdict_mean"].T / (len(vectors) * norm)
        verdict = verdict_shares.sum(axis=0) + a["verdict_traits"] @ squashed + a["verdict_bias"]
        reasons = a["style_traits"] * ((squashed + 1) / 2)[None, :]
        styles = a["style_mean"] @ mean + reasons.sum(axis=1) + a["style_bias"]
        scale, shift = a["trait_scale"], a["trait_shift"]
        bias = a["trait_bias"] * scale + shift
        probabilities = sigmoid(logits * scale + shift)
        return Reading(
            bias,
            shares * scale,
            logits * scale + shift,
            softmax(verdict),
            verdict_shares,
            sigmoid(styles),
            reasons,
            _informative(verdict, a["verdict_traits"], squashed, probabilities),
        )

    def _attended(self, vectors: Floats, name: str) -> Floats:
        """What each token adds to each logit by attention: softmax over the tokens and a sink, times the value."""
        scores = np.concatenate([vectors @ self._arrays[f"{name}_query"].T, self._arrays[f"{name}_sink"][None, :]])
        weights = np.exp(scores - scores.max(axis=0))
        attention = (weights / weights.sum(axis=0))[:-1]
        return np.asarray(attention * (vectors @ self._arrays[f"{name}_value"].T), np.float32)


def _informative(verdict: Floats, weights: Floats, squashed: Floats, probabilities: Floats) -> Floats:
    settled = np.array([[-1.0], [1.0]], np.float32) - squashed  # each trait once absent, once present
    known = softmax(verdict + settled[:, :, None] * weights.T)
    moves = np.abs(known - softmax(verdict)).sum(axis=2) / 2
    return np.asarray((1 - probabilities) * moves[0] + probabilities * moves[1], np.float32)


def sigmoid(values: Floats) -> Floats:
    """The logistic function without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(values / 2)), np.float32)


def softmax(values: Floats) -> Floats:
    """Probabilities that sum to one, along the last axis."""
    weights = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True), np.float32)
