"""run.py in a folder of its own: what makes the environment, and what makes it anew."""

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def run() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_old_python_reads_it_and_is_told_what_is_needed(run: ModuleType) -> None:
    tree = ast.parse((ROOT / "run.py").read_text(encoding="utf-8"), feature_version=(3, 5))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.AnnAssign | ast.NamedExpr)]
    assert "this is Python 3.9" in run.too_old((3, 9, 18))
    assert "3.11 or newer is needed" in run.too_old((3, 9, 18))
    assert run.too_old((3, 11, 0)) is None
    assert run.too_old(sys.version_info) is None


TWO = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]


@pytest.mark.parametrize(
    ("given", "expected", "quick"),
    [
        ([], [*TWO, "-m", "not slow"], True),
        (["-x", "tests/test_cli.py"], [*TWO, "-m", "not slow", "-x", "tests/test_cli.py"], True),
        (["--all", "-x"], [*TWO, "-x"], False),
        (["-m", "slow"], [*TWO, "-m", "slow"], False),
        (["-n0", "--all"], ["-n0"], False),
        (["a.py::test_b", "--pdb"], ["a.py::test_b", "--pdb"], False),
    ],
)
def test_the_slow_tests_are_left_out_unless_they_are_asked_for(
    run: ModuleType, given: list[str], expected: list[str], quick: bool
) -> None:
    assert run.test_arguments(given) == (expected, quick)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with run.py, nothing to install, and a command line that says where it stands."""
    place = tmp_path / "first"
    (place / "app").mkdir(parents=True)
    shutil.copy(ROOT / "run.py", place)
    (place / "requirements.txt").write_text("# nothing\n")
    (place / "app" / "__init__.py").write_text("")
    (place / "app" / "cli.py").write_text("import sys; print(__file__, *sys.argv[1:])")
    return place


def call(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, str(folder / "run.py"), "where"]
    return subprocess.run(
        command, env=clean | environment, cwd=folder.parent, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.slow
def test_an_environment_is_made_once_and_anew_where_it_does_not_fit(folder: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "kept").write_text("")
    (folder / ".venv").symlink_to(theirs)
    own = f"{folder / 'app' / 'cli.py'} where\n"
    first = call(folder)
    assert (first.stdout, "step 1 of 2" in first.stderr, "step 2 of 2" in first.stderr) == (own, True, True)
    assert os.listdir(theirs) == ["kept"]
    second = call(folder)
    assert (second.stdout, second.stderr) == (own, "")
    (folder / "requirements.txt").write_text("# nothing else\n")
    assert "step 1 of 2" not in call(folder).stderr

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, symlinks=True)
    again = call(copy)
    assert (again.stdout, "step 1 of 2" in again.stderr) == (f"{copy / 'app' / 'cli.py'} where\n", True)

    python = folder / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/no/such/python")
    healed = call(folder)
    assert (healed.stdout, "step 1 of 2" in healed.stderr) == (own, True)

    (folder / ".venv" / "made.json").unlink()  # as Ctrl-C leaves it
    assert "step 1 of 2" in call(folder).stderr


@pytest.mark.slow
def test_packages_that_cannot_be_had_are_told_in_a_line_and_tried_again(folder: Path) -> None:
    (folder / "requirements.txt").write_text(f"nothing-of-this-name==1 --hash=sha256:{'0' * 64}\n")
    for _ in range(2):
        failed = call(folder, PIP_NO_INDEX="1")
        assert (failed.returncode, failed.stdout, "Traceback" in failed.stderr) == (1, "", False)
        assert "the packages could not be installed: ERROR" in failed.stderr.splitlines()[-1]


def test_what_cannot_be_read_or_written_is_told(
    run: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"HERE": folder, "VENV": Path("/proc/.venv"), "STAMP": Path("/proc/.venv/made.json")}.items():
        monkeypatch.setattr(run, name, value)
    with pytest.raises(SystemExit, match="1"):
        run.environment("requirements.txt")
    assert "/proc/.venv cannot be written (No such file or directory)" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="1"):
        run.environment("requirements-dev.txt")
    assert "requirements-dev.txt cannot be read" in capsys.readouterr().err
