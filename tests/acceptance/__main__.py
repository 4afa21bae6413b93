"""`python -m tests.acceptance`: see the package."""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests import acceptance
from tests.acceptance import bodies, connections, contract, endurance, hooks, kills, records, storage, texts, upkeep
from tests.acceptance.bench import opened
from tests.acceptance.rows import BOTH, ROWS, Findings, Result, Row, carry_out
from tests.support.databases import Databases
from tests.support.postgres import temporary_postgres

THEMES = (bodies, connections, storage, hooks, texts, contract, records, kills, upkeep, endurance)
"""Importing them declares their rows."""
LONGER = 10


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.acceptance",
        description=acceptance.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", default="", help="ids with commas between; U10 also names U10-read and its like")
    parser.add_argument("--list", action="store_true", help="show the rows and end")
    parser.add_argument("--database", choices=BOTH, help="the other one is left out")
    parser.add_argument("--minutes", type=float, default=None, help="start no row after this")
    parser.add_argument("--long", action="store_true", help="more of everything")
    return parser.parse_args()


def chosen(only: str) -> list[Row]:
    """The rows of these ids, in the order of the ids. Raises SystemExit at an unknown one."""
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    known = {row.id for row in ROWS} | {row.id.partition("-")[0] for row in ROWS}
    if unknown := set(wanted) - known:
        raise SystemExit(f"there is no row {', '.join(sorted(unknown))}; --list shows all")
    rows = sorted(ROWS, key=_place)
    return [row for row in rows if not wanted or row.id in wanted or row.id.partition("-")[0] in wanted]


def _place(row: Row) -> tuple[bool, str, int]:
    """U1 to U16 first."""
    letter, number = row.id[0], row.id[1:].partition("-")[0]
    return letter != "U", letter, int(number)


def main() -> int:
    given = arguments()
    rows = chosen(given.only)
    if given.list:
        for row in rows:
            print(f"{row.id:<10}{'+'.join(row.databases):<19}{row.done}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that whatever was started ends, too
    began, results, left = time.monotonic(), list[Result](), list[str]()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="acceptance-")))
        postgres = None
        if given.database != "sqlite" and any("postgresql" in row.databases for row in rows):
            try:
                postgres = stack.enter_context(temporary_postgres())
            except (ImportError, OSError, subprocess.CalledProcessError) as error:
                print(f"no PostgreSQL: {error}", file=sys.stderr)
        kinds = {kind: Databases(kind, folder, postgres) for kind in BOTH}
        for row in rows:
            for kind in row.databases:
                if given.database not in {None, kind}:
                    continue
                late = given.minutes is not None and time.monotonic() - began > given.minutes * 60
                if late or (kind == "postgresql" and postgres is None):
                    left.append(f"{row.id} {kind}: {'time is up' if late else 'needs PostgreSQL'}")
                    continue
                seconds = row.seconds * (LONGER if given.long else 1)
                open_bench = partial(opened, kinds[kind], postgres, given.long)
                results.append(carry_out(row, kind, seconds, open_bench))
                print(results[-1], flush=True)
    return summary(results, left, time.monotonic() - began)


def summary(results: list[Result], left: list[str], seconds: float) -> int:
    """The table, and the exit status."""
    print(f"\n{'id':<10}{'database':<11}{'':<12}what was done, what was seen")
    for result in results:
        findings: Findings = result.findings
        told = "; ".join(findings.short or findings.seen)
        print(f"{result.row.id:<10}{result.database:<11}{result.verdict:<12}{result.row.done}. {told}"[:300])
    for one in left:
        print(f"not run: {one}")
    counts = {verdict: sum(result.verdict == verdict for result in results) for verdict in ("holds", "falls short")}
    missing = len(results) - sum(counts.values()) + len(left)
    print(f"\n{counts['holds']} hold, {counts['falls short']} fall short, {missing} not run, {seconds:.0f} s")
    return 1 if counts["falls short"] else 2 if left else 0


if __name__ == "__main__":
    sys.exit(main())
