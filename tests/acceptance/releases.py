"""An earlier release of ours, taken from the history."""

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

from tests.acceptance.bench import Bench
from tests.acceptance.rows import NotRun
from tests.support.paths import ROOT

OLD = "888230c"


def at(commit: str, *paths: str) -> bytes:
    """A tar file of these paths at a commit. Raises NotRun where the history is not here."""
    made = subprocess.run(["git", "archive", commit, *paths], cwd=ROOT, capture_output=True, check=False)
    if made.returncode:
        raise NotRun(f"needs the commit {commit}")
    return made.stdout


def old_release(bench: Bench, commit: str = OLD) -> Path:
    """A folder with that release; a server gets it as PYTHONPATH, with PYTHONSAFEPATH so that this one is not found."""
    folder = bench.folder / commit
    with tarfile.open(fileobj=BytesIO(at(commit, "app", "migrations", "seed"))) as archive:
        archive.extractall(folder, filter="data")
    return folder
