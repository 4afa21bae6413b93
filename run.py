#!/usr/bin/env python3
"""`python3 run.py serve` serves, `python3 run.py test` tests; anything else goes to the lead-or-manage command line.

Makes .venv from the hashed requirements once, and again only when they change. Needs Python 3.11 and pip.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def environment(requirements: str) -> None:
    """Create or update .venv so that it holds exactly these requirements."""
    stamp, wanted = VENV / f"stamp-{requirements}", hashlib.sha256((HERE / requirements).read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    pip = [str(PYTHON), "-m", "pip"]
    if not PYTHON.exists():
        print("Setting up .venv, once ...", file=sys.stderr)
        if subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, check=False).returncode:
            subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)], check=True)
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode:
        pip = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*pip, "install", *options, "-r", str(HERE / requirements)], check=True)
    packages = subprocess.run(
        [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    (Path(packages.stdout.strip()) / "lead_or_manage.pth").write_text(str(HERE))
    stamp.write_text(wanted)


def main() -> int:
    arguments = sys.argv[1:] or ["--help"]
    if arguments[0] == "test":
        environment("requirements-dev.txt")
        return subprocess.run([str(PYTHON), "-m", "pytest", *arguments[1:]], cwd=HERE, check=False).returncode
    environment("requirements.txt")
    os.execv(PYTHON, [str(PYTHON), "-m", "app.cli", *arguments])


if __name__ == "__main__":
    sys.exit(main())
