"""What is kept: the audit, keys of earlier releases, expiry, feedback, the log."""

import json
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta

import httpx

from tests.acceptance.bench import Bench, ask, environment, get, post, status
from tests.acceptance.releases import OLD, old_release
from tests.acceptance.rows import BOTH, row
from tests.support.jobs import NDJSON
from tests.support.paths import ROOT
from tests.support.texts import SITUATION

LAST = "(SELECT max(number) FROM audit_entry WHERE tenant = 'acme')"


def unguard(bench: Bench, url: str) -> None:
    """What whoever owns the database can do: take the triggers off."""
    if bench.kind == "postgresql":
        bench.sql(url, "ALTER TABLE audit_entry DISABLE TRIGGER ALL", "ALTER TABLE audit_head DISABLE TRIGGER ALL")
        return
    for (name,) in bench.sql(url, "SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        bench.sql(url, f"DROP TRIGGER {name}")


@row("U12", "entries changed, cut, moved, and the head set back: verify names each", databases=BOTH, seconds=200)
def audit_of_an_owner(bench: Bench) -> None:
    head_back = (
        "UPDATE audit_head SET number = number - 1, hash = (SELECT hash FROM audit_entry e WHERE e.tenant = 'acme' "
        "AND e.number = audit_head.number - 1) WHERE tenant = 'acme'"
    )
    ways: dict[str, tuple[str, ...]] = {
        "the head's number set back": ("UPDATE audit_head SET number = number - 1 WHERE tenant = 'acme'",),
        "the head's number set back by two": ("UPDATE audit_head SET number = number - 2 WHERE tenant = 'acme'",),
        "the head set back with its hash": (head_back,),
        "the head's number set back, the last entry cut": (
            "UPDATE audit_head SET number = number - 1 WHERE tenant = 'acme'",
            f"DELETE FROM audit_entry WHERE tenant = 'acme' AND number = {LAST}",
        ),
        "the last entry cut": (f"DELETE FROM audit_entry WHERE tenant = 'acme' AND number = {LAST}",),
        "the head's number set ahead": ("UPDATE audit_head SET number = number + 1 WHERE tenant = 'acme'",),
        "the head's hash changed": (f"UPDATE audit_head SET hash = '{'0' * 64}' WHERE tenant = 'acme'",),
        "the head taken out": ("DELETE FROM audit_head WHERE tenant = 'acme'",),
        "the first entry cut": ("DELETE FROM audit_entry WHERE tenant = 'acme' AND number = 1",),
        "an entry in the middle cut": ("DELETE FROM audit_entry WHERE tenant = 'acme' AND number = 3",),
        "an entry changed": ("UPDATE audit_entry SET action = 'delete' WHERE tenant = 'acme' AND number = 2",),
        "two entries swapped": (
            "UPDATE audit_entry SET number = 99 WHERE tenant = 'acme' AND number = 2",
            "UPDATE audit_entry SET number = 2 WHERE tenant = 'acme' AND number = 3",
            "UPDATE audit_entry SET number = 3 WHERE tenant = 'acme' AND number = 99",
        ),
        "all entries cut, the head left": ("DELETE FROM audit_entry WHERE tenant = 'acme'",),
        "all entries cut, the head at 0": (
            "DELETE FROM audit_entry WHERE tenant = 'acme'",
            "UPDATE audit_head SET number = 0 WHERE tenant = 'acme'",
        ),
    }
    source = bench.databases.seeded()
    server, key = bench.serve(source), bench.key(source)
    for number in range(6):
        post(f"{server.url}/v1/assessments", json={"text": f"Case {number}: nobody trusts it."}, headers=key)
    bench.stop(server)
    sound = bench.command(source, "audit", "verify")
    bench.check(sound.returncode == 0 and "6 entries\twhole" in sound.stdout, "audit verify", sound.stdout[-200:])
    unguard(bench, source)
    tables = {
        name: [tuple(one) for one in bench.sql(source, f"SELECT * FROM {name}")]
        for name in ("audit_entry", "audit_head")
    }
    for name, statements in ways.items():
        bench.sql(source, *statements)
        said = bench.command(source, "audit", "verify")
        named = said.returncode == 1 and "BROKEN" in said.stdout
        bench.check(
            named, f"audit verify after {name}", f"status {said.returncode}: {(said.stdout or said.stderr)[-160:]!r}"
        )
        for table, rows in tables.items():
            bench.sql(source, f"DELETE FROM {table}")
            for one in rows:
                places = ", ".join(f":v{n}" for n in range(len(one)))
                bench.sql(
                    source, f"INSERT INTO {table} VALUES ({places})", **{f"v{n}": value for n, value in enumerate(one)}
                )
    again = bench.command(source, "audit", "verify")
    bench.check(again.returncode == 0, "audit verify once all is put back", again.stdout[-200:])
    bench.note(f"{len(ways)} ways")


@row("U14", f"Idempotency-Keys of release {OLD} find their answers after the upgrade", databases=BOTH, seconds=150)
def keys_of_an_earlier_release(bench: Bench) -> None:
    old = old_release(bench)
    url = bench.databases.create()
    server = bench.start(url, PYTHONPATH=str(old), PYTHONSAFEPATH="1")
    bench.ready(server)
    key = bench.key(url)
    bodies = [
        {"text": SITUATION},
        {"text": SITUATION, "options": {}},
        {"text": SITUATION, "id": "a", "subject_ref": "p-1", "retention_days": 3, "options": {"max_evidence": 1}},
        {
            "text": SITUATION,
            "options": {"include": ["evidence"], "language": "en", "preferences": {"delivery": "online"}},
        },
        {"text": SITUATION, "options": {"max_evidence": 3, "offset_unit": "unicode_code_point", "preferences": {}}},
    ]
    asked = [({"Idempotency-Key": uuid.uuid4().hex}, body) for body in bodies]
    made = [post(f"{server.url}/v1/assessments", json=body, headers=key | mine, timeout=60) for mine, body in asked]
    upload = json.dumps({"text": "Die Halle wird umgebaut."}).encode() + b"\n"
    queries = ("", "?max_evidence=1", "?language=de&include=evidence")
    jobs = [({"Idempotency-Key": uuid.uuid4().hex}, query) for query in queries]
    begun = [post(f"{server.url}/v1/jobs{query}", content=upload, headers=key | mine | NDJSON) for mine, query in jobs]
    bench.stop(server)
    codes = [answer.status_code for answer in (*made, *begun)]
    if set(codes) - {201, 202}:
        bench.check(False, f"requests to {OLD}", codes)
        return
    server = bench.serve(url)
    for (mine, body), before in zip(asked, made, strict=True):
        answer = ask("POST", f"{server.url}/v1/assessments", json=body, headers=key | mine)
        told = f"{status(answer)} {answer.json().get('code', answer.json().get('id')) if answer is not None else ''}"
        same = status(answer) in {200, 201} and answer is not None and answer.json()["id"] == before.json()["id"]
        bench.check(same, f"POST /v1/assessments {json.dumps(body)[-90:]}, first sent to {OLD}", told)
        other = ask("POST", f"{server.url}/v1/assessments", json=body | {"text": "Another text."}, headers=key | mine)
        bench.check(status(other) == 422, "the same key with another text", status(other))
    for (mine, query), before in zip(jobs, begun, strict=True):
        answer = ask("POST", f"{server.url}/v1/jobs{query}", content=upload, headers=key | mine | NDJSON)
        same = status(answer) == 202 and answer is not None and answer.json()["id"] == before.json()["id"]
        bench.check(same, f"POST /v1/jobs{query}, first sent to {OLD}", f"{status(answer)}")
    bench.note(f"{len(made)} assessments and {len(begun)} jobs")


@row("X1", "keys end at their second, and revoked ones within 5 s, on all workers", databases=BOTH, seconds=90)
def keys_end(bench: Bench) -> None:
    url = bench.databases.seeded()
    server = bench.serve(url, "--workers", "2", LOM_REQUIRE_KEY="true")
    ends = datetime.now(UTC) + timedelta(seconds=6)
    key = bench.key(url, "read", expires_at=ends)
    late, early = 0.0, 0.0
    while (now := datetime.now(UTC)) < ends + timedelta(seconds=6):
        answer = ask("GET", f"{server.url}/v1/criteria?limit=1", headers=key)
        seconds = (now - ends).total_seconds()  # when it was asked
        if status(answer) == 200 and seconds > 0:
            late = max(late, seconds)
        if status(answer) == 401 and seconds < -0.2:
            early = max(early, -seconds)
        time.sleep(0.05)
    bench.check(late <= 1.0, "GET /v1/criteria with a key that has expired", f"200 up to {late:.1f} s after its end")
    bench.check(early == 0, "GET /v1/criteria with a key in force", f"401 {early:.1f} s before its end")
    key = bench.key(url, "read")
    (row_id,) = bench.sql(url, "SELECT id FROM api_key WHERE expires_at IS NULL ORDER BY created_at DESC LIMIT 1")[0]
    for _ in range(10):
        ask("GET", f"{server.url}/v1/criteria?limit=1", headers=key)
    said = bench.command(url, "keys", "revoke", row_id)
    revoked, last = time.monotonic(), 0.0
    for _ in range(120):
        if status(ask("GET", f"{server.url}/v1/criteria?limit=1", headers=key)) == 200:
            last = time.monotonic() - revoked
        time.sleep(0.05)
    bench.check(
        said.returncode == 0 and last <= 5, "GET /v1/criteria with a revoked key", f"200 up to {last:.1f} s later"
    )
    bench.note(f"an expired key was taken {late:.1f} s longer, a revoked one {last:.1f} s")


@row("E3", "what has expired is erased by one purge of four at once, and the audit stays", databases=BOTH, seconds=90)
def purged_once(bench: Bench) -> None:
    url, count = bench.databases.seeded(), 60
    server, key = bench.serve(url), bench.key(url)
    with httpx.Client(base_url=server.url, headers=key, timeout=60) as client:
        for number in range(count):
            mine = {"Idempotency-Key": f"k{number}"}
            client.post("/v1/assessments", json={"text": f"CANARY{number} is told."}, headers=mine)
        kept = client.post("/v1/assessments", json={"text": "This one stays."}).json()["id"]
    bench.stop(server)
    past = datetime.now(UTC) - timedelta(seconds=2)
    bench.sql(url, "UPDATE assessment SET expires_at = :past WHERE id != :kept", past=_moment(bench, past), kept=kept)
    command = [sys.executable, "-m", "app.cli", "purge"]
    options = {"env": environment(url), "cwd": ROOT, "stdout": subprocess.PIPE, "text": True}
    purges = [subprocess.Popen(command, **options) for _ in range(4)]
    said = [purge.communicate(timeout=150)[0].strip() for purge in purges]
    bench.check([p.returncode for p in purges] == [0] * 4, "4 x lead-or-manage purge", [p.returncode for p in purges])
    erased = sum(int(one.split()[-1]) for one in said if one.split())
    bench.check(erased == count, "4 x lead-or-manage purge", f"{said}, {count} were due")
    left = [one[0] for one in bench.sql(url, "SELECT id FROM assessment")]
    bench.check(left == [kept], "rows after the purge", f"{len(left)} left")
    (keys,) = bench.sql(url, "SELECT count(*) FROM idempotency_key")[0]
    bench.check(keys == 0, "idempotency keys of what was purged", keys)
    entries = bench.sql(url, "SELECT assessment_id, count(*) FROM audit_entry WHERE action = 'expire' GROUP BY 1")
    bench.check(
        len(entries) == count and all(one[1] == 1 for one in entries), "audit of the purge", f"{len(entries)} entries"
    )
    verified = bench.command(url, "audit", "verify")
    bench.check(verified.returncode == 0, "audit verify after the purge", verified.stdout[-200:])
    if bench.kind == "sqlite":
        path = bench.folder.parent / url.removeprefix("sqlite:///")
        found = sum(one.read_bytes().count(b"CANARY") for one in path.parent.glob(f"{path.name}*") if one.is_file())
        bench.check(found == 0, "the file after the purge", f"{found} texts still in it")
    bench.note(f"{said}; {count} expire entries")


def _moment(bench: Bench, moment: datetime) -> object:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f") if bench.kind == "sqlite" else moment


@row("E7", "feedback agreed and overridden: both kept, the answer unchanged, exported by the last word", seconds=60)
def both_kept(bench: Bench) -> None:
    url = bench.databases.seeded()
    server, key = bench.serve(url), bench.key(url)
    kept = post(f"{server.url}/v1/assessments", json={"text": SITUATION}, headers=key)
    path = f"{server.url}{kept.headers['location']}"
    quote = [{"quote": "merging two plants"}]
    words = [
        {"agree": True},
        {
            "agree": False,
            "verdict": "both",
            "criteria": [{"slug": "change", "present": True, "evidence": quote}],
            "reason": "b",
        },
        {"agree": False, "verdict": "leadership", "reason": "c"},
    ]
    for body in words:
        answer = ask("POST", f"{path}/feedback", json=body, headers=key)
        bench.check(status(answer) == 201, f"POST feedback {json.dumps(body)[:60]}", status(answer))
    told = get(f"{path}/feedback", headers=key).json()["items"]
    bench.check([one["agree"] for one in told] == [False, False, True], "GET feedback, newest first", told)
    bench.check(get(path, headers=key).json() == kept.json(), "GET of the answer after feedback", "it has changed")
    out = bench.folder / "feedback.jsonl"
    bench.command(url, "feedback", "export", "--tenant", "acme", "--out", str(out))
    exported = [json.loads(line)["verdict"] for line in out.read_text().splitlines()] if out.exists() else None
    bench.check(exported == ["leadership"], "feedback export", exported)
    bench.note("a stop switch is not offered: stop the service, or revoke the key")


@row("U16", "the log: one JSON object a line from the first on, models and sizes in it", databases=BOTH, seconds=90)
def log_lines(bench: Bench) -> None:
    url = bench.databases.create()
    server = bench.serve(url)
    key = bench.key(url)
    upload = b"".join(json.dumps({"text": f"Case {n}."}).encode() + b"\n" for n in range(100))
    with httpx.Client(base_url=server.url, headers=key, timeout=60) as client:
        client.post("/v1/assessments", json={"text": SITUATION})
        client.post("/v1/score/batch", json={"items": [{"text": SITUATION}]})
        client.post("/v1/jobs", content=upload, headers=NDJSON)
        client.post("/v1/jobs", content=iter([upload[:900], upload[900:]]), headers=NDJSON)
        client.post("/v1/jobs", content=upload, headers={"content-type": "text/plain"})
        client.post("/v1/jobs", content=b"", headers=NDJSON)
        client.get("/v1/criteria?q=CANARY", headers={"X-Request-ID": "a b\tc" * 9})
        client.get("/v1/CANARY%0aCANARY")
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
        tool = {"name": "score_situation", "arguments": {"text": SITUATION}}
        client.post("/mcp", json=call | {"params": tool}, headers={"accept": "application/json, text/event-stream"})
    log = bench.stop(server)
    written = [line for line in log.splitlines() if line]
    bad = [line for line in written if not _is_object(line)]
    bench.check(not bad, "lines of `serve` from start to end", f"{len(bad)} are not JSON, such as {bad[:2]}")
    told = [json.loads(line) for line in written if _is_object(line)]
    requests = [one for one in told if one.get("event") == "request"]
    scored = [one for one in requests if one["route"] in {"/v1/score", "/v1/score/batch", "/v1/assessments", "/mcp"}]
    without = [one["route"] for one in scored if one["method"] == "POST" and "model" not in one]
    bench.check(not without, "log lines of what scores", f"without a model: {without}")
    uploads = [(one["status"], one["bytes_in"]) for one in requests if one["route"] == "/v1/jobs"]
    right = uploads[:2] == [(202, len(upload))] * 2
    bench.check(right, f"log lines of POST /v1/jobs with {len(upload)} bytes", uploads)
    bench.check("CANARY" not in log, "log lines", "hold what a caller wrote")
    bench.note(f"{len(written)} lines, uploads told as {uploads}")


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
