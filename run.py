#!/usr/bin/env python3
"""`python3 run.py serve` serves, `python3 run.py test` tests; anything else goes to the lead-or-manage command line.

Makes .venv from the hashed requirements once, and again when they, the Python or the folder change. Needs Python 3.11
and pip. `test` leaves out the slow tests, `test --all` runs every one; other arguments go to pytest.
"""

# Read by every Python 3, however old, so that it can say what it needs: no f-strings, no newer syntax.
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

NEEDED = (3, 11)
HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "made.json"
DEBIAN = "On Debian and Ubuntu: apt install python3-venv python3-pip."


def say(what):
    """Tell on standard error which step begins."""
    sys.stderr.write("run.py: {}\n".format(what))
    sys.stderr.flush()


def stop(why):
    """End with status 1 and a line that says why."""
    say(why)
    raise SystemExit(1)


def too_old(version):
    """What to do where this Python is too old, or None."""
    if tuple(version[:2]) >= NEEDED:
        return None
    newer = [name for name in ("python3.{}".format(minor) for minor in range(20, 10, -1)) if shutil.which(name)]
    advice = "Run it with {}".format(newer[0]) if newer else "Install a newer one from https://www.python.org"
    told = "this is Python {}.{} ({}), and 3.11 or newer is needed. {}."
    return told.format(version[0], version[1], sys.executable, advice)


def identity():
    """What .venv depends on besides the requirements: the version of Python, and the folder, which its files name."""
    return {"python": "{}.{}.{}".format(*sys.version_info[:3]), "folder": str(HERE)}


def made():
    """What the stamp says: what .venv was made for, and the requirements that it holds. Empty unless it is usable."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        works = subprocess.run([str(PYTHON), "-c", ""], capture_output=True, check=False).returncode == 0
    except (OSError, ValueError):
        return {}
    same = isinstance(stamp, dict) and all(stamp.get(name) == value for name, value in identity().items())
    return stamp if works and same else {}


def environment(requirements):
    """Create or update .venv so that it holds these requirements."""
    try:
        wanted = hashlib.sha256((HERE / requirements).read_bytes()).hexdigest()
    except OSError as error:
        stop("{} cannot be read ({}). Get the whole folder anew.".format(HERE / requirements, error.strerror))
    stamp = made()
    if stamp.get(requirements) == wanted:
        return
    try:
        if stamp:
            STAMP.unlink()  # whoever is interrupted now begins anew
        else:
            stamp = make()
        install(requirements)
        packages = output([str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
        (Path(packages.strip()) / "lead_or_manage.pth").write_text(str(HERE), encoding="utf-8")
        STAMP.write_text(json.dumps(dict(stamp, **{requirements: wanted})), encoding="utf-8")
    except OSError as error:
        stop("{} cannot be written ({}). Copy the folder to a place that is yours.".format(VENV, error.strerror))
    except KeyboardInterrupt:
        say("stopped; the next run makes the environment anew.")
        raise SystemExit(130) from None


def make():
    """A new and empty .venv; what the stamp will say of it."""
    say("step 1 of 2: making the environment {} with Python {}".format(VENV, identity()["python"]))
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(str(VENV))
    VENV.mkdir()
    command = [sys.executable, "-m", "venv", str(VENV)]
    if subprocess.run(command, capture_output=True, check=False).returncode:  # without ensurepip
        bare = subprocess.run([*command, "--clear", "--without-pip"], capture_output=True, text=True, check=False)
        if bare.returncode:
            stop("Python cannot make an environment: {}. {}".format(last_line(bare.stderr + bare.stdout), DEBIAN))
    return identity()


def install(requirements):
    """Install the requirements with the pip of .venv, or else with the one of this Python."""
    pip = [str(PYTHON), "-m", "pip"]
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode:
        pip = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
        if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode:
            stop("this Python has no pip, neither its own nor for environments. {}".format(DEBIAN))
    lines = (HERE / requirements).read_text(encoding="utf-8").splitlines()
    total = sum(1 for line in lines if "==" in line)
    say("step 2 of 2: installing {} packages from {}, which may take some minutes".format(total, requirements))
    options = ["--disable-pip-version-check", "--no-input", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    command = [*pip, "install", *options, "-r", str(HERE / requirements)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        said = follow(process.stdout, total)
    if process.returncode:
        stop("the packages could not be installed: {}".format(last_line("\n".join(said))))


def follow(lines, total):
    """Tell how far pip is, where somebody watches; all that it says."""
    said, count, watched = [], 0, sys.stderr.isatty()
    for line in lines:
        said.append(line.strip())
        if line.startswith(("Collecting", "Requirement already")):
            count += 1
            if watched:
                sys.stderr.write("\r  {} of {}".format(count, total))
                sys.stderr.flush()
    if watched:
        sys.stderr.write("\r")
    return said


def last_line(said):
    """The line that says what failed: the first that pip marks as an error, or else the last."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines[-1:] or ["it said nothing"])[0]


def output(command):
    """What a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_arguments(arguments):
    """The arguments for pytest, in two processes unless told otherwise, and whether slow tests are left out."""
    given = [argument for argument in arguments if argument != "--all"]
    chosen = any(argument.startswith("-m") or "::" in argument for argument in given)
    quick = not chosen and "--all" not in arguments
    shared = any(argument.startswith(("-n", "--dist", "--pdb")) for argument in given)
    workers = [] if shared else ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    return [*workers, *(["-m", "not slow"] if quick else []), *given], quick


def test(arguments):
    """Run the tests; the status of pytest."""
    environment("requirements-dev.txt")
    given, quick = test_arguments(arguments)
    say("running the tests" + (", but for the slow ones" if quick else ""))
    status = subprocess.run([str(PYTHON), "-m", "pytest", *given], cwd=str(HERE), check=False).returncode
    if quick:
        say("left out: the tests marked slow (real waits, kills, large inputs).")
        say("all of them: python3 run.py test --all; those alone: python3 run.py test -m slow")
    return status


def main():
    """Do what the arguments say."""
    arguments = sys.argv[1:] or ["--help"]
    old = too_old(sys.version_info)
    if old:
        stop(old)
    if arguments[0] == "test":
        return test(arguments[1:])
    environment("requirements.txt")
    os.execv(str(PYTHON), [str(PYTHON), "-m", "app.cli", *arguments])
    return None


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
