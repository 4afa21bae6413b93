"""Calibrates a trained network on development data and writes the artefact: int8 encoder, heads, card."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from app.scoring.encoder import Encoder
from app.scoring.heads import Heads
from app.scoring.labels import TRAITS
from app.training.examples import Batch, Example, Reader, batches
from app.training.network import Network

EVENING = 0.75
"""How far the sizes of inputs are evened, 0 to 1; what is taken from them the weights bear."""


class _Tokens(nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.encoder = network.encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        hidden: Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return hidden


class _Evened(nn.Module):
    """A linear layer whose inputs are brought to like sizes first, and its weights the other way: the same in float,
    and nearer to it in int8, which has one scale for all inputs (SmoothQuant, Xiao et al. 2023)."""

    def __init__(self, linear: nn.Linear, peaks: Tensor) -> None:
        super().__init__()
        weights = linear.weight.detach()
        sizes = peaks.clamp(min=1e-4) ** EVENING / weights.abs().amax(dim=0).clamp(min=1e-5) ** (1 - EVENING)
        sizes = sizes / sizes.mean()
        self.shrink = nn.Buffer(1 / sizes)
        self.linear = nn.Linear(linear.in_features, linear.out_features)
        self.linear.weight, self.linear.bias = nn.Parameter(weights * sizes), linear.bias

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.linear(inputs * self.shrink)
        return outputs


def _even(network: Network, batches: Iterable[Batch]) -> None:
    """Even every linear layer of the encoder by the largest inputs that some texts bring it."""
    linears = {name: part for name, part in network.encoder.named_modules() if isinstance(part, nn.Linear)}
    peaks: dict[str, Tensor] = {}

    def seen(name: str, inputs: Tensor) -> None:
        largest = inputs.abs().amax(dim=(0, 1))
        peaks[name] = torch.maximum(peaks.get(name, largest), largest)

    hooks = [
        linear.register_forward_pre_hook(lambda _, inputs, name=name: seen(name, inputs[0]))
        for name, linear in linears.items()
    ]
    with torch.no_grad():
        for batch in batches:
            network.encoder(input_ids=batch.ids, attention_mask=batch.mask)
    for hook in hooks:
        hook.remove()
    for name, linear in linears.items():
        parent, _, own = name.rpartition(".")
        setattr(network.encoder.get_submodule(parent), own, _Evened(linear, peaks[name]))


def write_encoder(network: Network, reader: Reader, folder: Path, texts: list[Example]) -> None:
    """encoder.onnx in int8 and tokenizer.json. Weights have a scale per column and 7 bits, so that no processor's sums
    overflow; the vectors that meet them have a scale that is measured as they come, after they were evened by `texts`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    reader.tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    network.encoder.set_attn_implementation("eager")
    _even(network.eval(), batches(texts, reader, 16))
    sample = torch.ones((1, 8), dtype=torch.long)
    with tempfile.TemporaryDirectory() as temporary:
        plain = Path(temporary) / "encoder.onnx"
        torch.onnx.export(
            _Tokens(network).eval(),
            (sample, sample),
            str(plain),
            input_names=["input_ids", "attention_mask"],
            output_names=["hidden"],
            dynamic_axes={"input_ids": {1: "tokens"}, "attention_mask": {1: "tokens"}, "hidden": {1: "tokens"}},
            opset_version=17,
            dynamo=False,
        )
        quantize_dynamic(
            plain, folder / "encoder.onnx", per_channel=True, reduce_range=True, weight_type=QuantType.QInt8
        )


def write_heads(network: Network, folder: Path, dev: list[Example]) -> None:
    """heads.npz: the heads with a temperature (verdict), a scale and shift and a threshold (traits) that are fitted on
    `dev`, through the int8 encoder that was written before."""
    arrays = {name: value.detach().numpy() for name, value in network.named_parameters() if "encoder." not in name}
    heads = {name.replace(".weight", "").replace("mean.bias", "bias"): value for name, value in arrays.items()}
    heads["trait_scale"], heads["trait_shift"] = np.ones(len(TRAITS)), np.zeros(len(TRAITS))
    heads["trait_threshold"] = np.full(len(TRAITS), 0.5)
    np.savez(folder / "heads.npz", **heads)
    encoder, plain = Encoder(folder), Heads(folder)
    readings = [plain.read(encoder.encode(example.text, encoder.tokenize(example.text))) for example in dev]
    for index in range(len(TRAITS)):
        given = torch.tensor([float(reading.logits[index]) for reading in readings])
        marked = torch.tensor([float(example.traits[index]) for example in dev])
        scale, shift = scale_and_shift(given, marked)
        heads["trait_scale"][index], heads["trait_shift"][index] = scale, shift
        heads["trait_threshold"][index] = threshold(torch.sigmoid(scale * given + shift), marked)
    log_verdicts = torch.tensor(np.log(np.array([reading.verdict for reading in readings]) + 1e-9))
    scale = temperature(log_verdicts, torch.tensor(np.array([example.verdict for example in dev])))
    for name in ("verdict_mean", "verdict_value", "verdict_traits", "verdict_bias"):
        heads[name] = heads[name] * scale
    np.savez(folder / "heads.npz", **{name: np.asarray(value, np.float32) for name, value in heads.items()})


def threshold(probabilities: Tensor, labels: Tensor) -> float:
    """Of 0.3 to 0.5, from where on to call a trait present so that F1 is highest; the higher one where it is equal
    to two decimals."""

    def f1(limit: float) -> float:
        marked = (probabilities >= limit).float()
        return round(float(2 * (marked * labels).sum() / (marked.sum() + labels.sum()).clamp(min=1)), 2)

    return max((0.5, 0.45, 0.4, 0.35, 0.3), key=f1)


def scale_and_shift(logits: Tensor, labels: Tensor) -> tuple[float, float]:
    """Platt scaling of one logit, kept near the identity by a weak prior."""
    scale, shift = torch.ones((), requires_grad=True), torch.zeros((), requires_grad=True)
    optimizer = torch.optim.LBFGS([scale, shift], max_iter=100)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(scale * logits + shift, labels)
        loss = loss + 0.01 * ((scale - 1) ** 2 + shift**2)
        loss.backward()
        return loss

    optimizer.step(closure)
    return scale.item(), shift.item()


def temperature(logits: Tensor, labels: Tensor) -> float:
    """Temperature scaling of the verdict (Guo et al. 2017)."""
    log_scale = torch.zeros((), requires_grad=True)
    optimizer = torch.optim.LBFGS([log_scale], max_iter=100)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(logits * log_scale.exp(), labels)
        loss.backward()
        return loss

    optimizer.step(closure)
    return log_scale.exp().item()
