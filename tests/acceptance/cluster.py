"""A PostgreSQL server that can be restarted."""

import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import make_url

from tests.acceptance.rows import NotRun
from tests.support.postgres import temporary_postgres

SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}


class Cluster:
    """A server of its own, in the folder that holds its socket."""

    url: str
    _again: "subprocess.Popen[bytes] | None" = None

    def __enter__(self) -> Self:
        if os.environ.get("TEST_POSTGRES_URL"):
            raise NotRun("a PostgreSQL that is given is not restarted")
        self._context = temporary_postgres()
        self.url = self._context.__enter__()
        self.folder = Path(str(make_url(self.url).query["host"]))
        pid = self._pid()
        self._command = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        owner = (self.folder / "data").stat()
        self._who: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._who = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._end("fast")
        self._context.__exit__(None, None, None)

    def _pid(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def _end(self, how: str) -> None:
        pid = self._pid()
        os.kill(pid, SIGNALS[how])
        if self._again is not None and self._again.pid == pid:
            self._again.wait(30)
        deadline = time.monotonic() + 30
        while _lives(pid) and time.monotonic() < deadline:
            time.sleep(0.02)

    def restart(self, how: str) -> None:
        """Stop it, `fast` or `immediate`, and start it again; it may not take connections yet."""
        self._end(how)
        with (self.folder / "log").open("ab") as log:
            self._again = subprocess.Popen(
                self._command, stdout=log, stderr=log, cwd=self.folder, env={"LC_ALL": "C.UTF-8"}, **self._who
            )


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
