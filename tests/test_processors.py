"""The processor class that `versions.engine` names, and what may differ between two classes."""

import copy
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.scoring import processor
from app.scoring.processor import flags_in, named, processor_class
from app.scoring.scorer import ENGINE
from tests.support.processors import alike, as_shown
from tests.support.texts import SITUATION

HASWELL = "fpu sse2 sse4_1 avx fma avx2 bmi2"
ICE_LAKE = f"{HASWELL} avx512f avx512bw avx512dq avx512vl avx512cd avx512_vnni"


@pytest.mark.parametrize(
    ("machine", "flags", "name"),
    [
        ("x86_64", "fpu sse2", "sse2"),
        ("x86_64", "sse2 sse4_1", "sse4.1"),
        ("x86_64", "sse2 sse4_1 avx", "avx"),
        ("x86_64", "sse4_1 avx avx2", "avx"),  # the kernels for AVX2 need FMA, too
        ("x86_64", HASWELL, "avx2"),
        ("x86_64", f"{HASWELL} avx_vnni", "avx2+vnni"),
        ("x86_64", f"{HASWELL} avx512f", "avx2"),
        ("x86_64", ICE_LAKE, "avx512+vnni"),
        ("x86_64", f"{ICE_LAKE} amx_tile amx_int8", "avx512+vnni+amx"),
        ("aarch64", "fp asimd", "neon"),
        ("aarch64", "fp asimd asimddp i8mm", "neon+dotprod+i8mm"),
        ("aarch64", "fp asimd asimddp sve i8mm", "sve+dotprod+i8mm"),
    ],
)
def test_the_class_is_the_widest_vectors_and_the_instructions_for_whole_numbers(
    machine: str, flags: str, name: str
) -> None:
    assert named(machine, flags.split()) == name


def test_flags_are_those_that_every_processor_of_the_machine_has() -> None:
    assert flags_in("processor: 0\nflags\t\t: sse2 avx2 fma\n\nprocessor: 1\nflags\t\t: sse2 fma\n") == {"sse2", "fma"}
    assert flags_in("Features\t: fp ASIMD\n") == {"fp", "asimd"}
    assert flags_in("model name: none\n") == set()


def test_without_flags_the_system_names_the_processor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "none")
    monkeypatch.setattr(processor.platform, "machine", lambda: "AMD64")
    monkeypatch.setattr(processor.platform, "processor", lambda: "Intel64 Family 6")
    assert processor_class() == "x86_64 Intel64 Family 6"
    monkeypatch.setattr(processor.platform, "machine", lambda: "")
    monkeypatch.setattr(processor.platform, "processor", lambda: "")
    assert processor_class() == "unknown"


@pytest.mark.anyio
async def test_every_answer_names_the_runtime_its_version_and_the_class(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/v1/score", json={"text": SITUATION})).json()
    assert answer["versions"]["engine"] == ENGINE
    assert re.fullmatch(r"onnxruntime \d+\.\d+\.\d+ \w+ \S.*", ENGINE)
    assert ENGINE.endswith(processor_class())


@pytest.mark.anyio
async def test_between_classes_numbers_may_differ_a_little_and_findings_may_not(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/v1/score", json={"text": SITUATION})).json()

    def changed(change: Any) -> Any:
        other = copy.deepcopy(answer)
        change(other)
        return other

    moved = changed(lambda a: a["criteria"][0].update(probability=a["criteria"][0]["probability"] + 0.02))
    assert alike(answer, moved) and as_shown(answer, moved, "another engine") and not as_shown(answer, moved, ENGINE)
    assert alike(answer, changed(lambda a: a["versions"].update(engine="another")))
    for change in (
        lambda a: a["probabilities"].update(both=a["probabilities"]["both"] + 0.1),
        lambda a: a.update(verdict="management"),
        lambda a: a["criteria"][0].update(present=not a["criteria"][0]["present"]),
        lambda a: a["missing"].append({"code": "verdict_close"}),
        lambda a: a["input"].update(tokens=a["input"]["tokens"] + 1),
        lambda a: a.pop("factors"),
    ):
        assert not alike(answer, changed(change))
