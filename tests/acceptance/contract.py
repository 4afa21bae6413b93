"""What clients rely on: the OpenAPI document, methods, ETags, pages, Unicode, fields that nobody may set."""

import json
import os
import re
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.bench import Bench, ask, get, is_problem, post, status, until
from tests.acceptance.releases import OLD, at
from tests.acceptance.rows import BOTH, NotRun, row, slowness
from tests.support.jobs import NDJSON
from tests.support.programs import program
from tests.support.texts import SITUATION

MERGE = {"content-type": "application/merge-patch+json"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SCOPES: dict[str, tuple[str, ...]] = {
    "read": ("read",), "score": ("score",), "write": ("write",), "admin": ("admin",),
    "all": ("read", "score", "write", "admin"), "none": (),
}  # fmt: skip


def strings() -> list[str]:
    """200 names with a word of their own: astral, right to left, joiners, combining marks, private use."""
    parts = (
        "𝔏𝔢𝔞𝔡|😀👩‍👩‍👧‍👦|قيادة|ניהול|नेतृत्व|指導力|リーダー|리더십|e\u0301a\u0315|\ue000\uf8ff|\U000f0000|"
        "\u200fabc\u200e|a\u200db|İıſß|ﬁﬂ|Ǆǆ|Å|\ufdfa|ൌ|’“”«»|a&b<c>\"'|%_\\|😀😀😀😀😀😀|\u00ad-\u2011|ŻÓŁĆ"
    ).split("|")
    return [f"{parts[number % len(parts)]} wort{number}x" for number in range(200)]


@row("A3", "200 Unicode strings written and read: equal, and search finds them", databases=BOTH, seconds=120)
def unicode_strings(bench: Bench) -> None:
    url = bench.databases.seeded()
    server, key = bench.serve(url), bench.key(url)
    with httpx.Client(base_url=server.url, headers=key, timeout=60) as client:
        for number, name in enumerate(strings()):
            made = client.post("/v1/programs", json=program(f"u{number}", name=name, description=f"{name} {name}"))
            if not bench.check(made.status_code == 201, f"POST /v1/programs, name {name!r}", made.text[:200]):
                continue
            read = client.get(f"/v1/programs/u{number}").json()
            bench.check(read["name"] == name, f"GET of the program {name!r}", repr(read["name"]))
            found = client.get("/v1/programs", params={"q": f"wort{number}x"}).json()["items"]
            bench.check([one["slug"] for one in found] == [f"u{number}"], f"q=wort{number}x", len(found))
            if number < 25:
                whole = client.get("/v1/programs", params={"q": name}).json().get("items", [])
                hit = [one["slug"] for one in whole] == [f"u{number}"]
                bench.check(hit, f"q={name!r}", f"{len(whole)} found")
                kept = client.post("/v1/assessments", json={"text": name, "id": name}).json()
                again = client.get(f"/v1/assessments/{kept['id']}").json()
                text = again.get("text")
                bench.check(text == name, f"GET of the kept text {name!r}", repr(text))
        lines = "".join(json.dumps({"text": one, "id": one, "group": one}) + "\n" for one in strings())
        href = client.post("/v1/jobs", content=lines, headers=NDJSON).json()["href"]
        until(lambda: client.get(href).json()["status"] == "done", 60)
        ids = [json.loads(one)["id"] for one in client.get(f"{href}/results").text.splitlines()]
        bench.check(ids == strings(), f"GET {href}/results", "the ids are others")
    bench.note("200 programs, 25 assessments, a job of 200 ids and groups")


def paths_of(document: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Each path with a value in its place, and its methods."""
    values = {"slug": "change", "version": "current", "id": "5f0c3d6a9b7e4c21a8d4e6f7b1c2d3e4", "ref": "p-1"}
    for path, operations in document["paths"].items():
        filled = re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], "019b8d1a2c004f0c9b7e6a5d4c3b2a19"), path)
        yield filled, {method.upper() for method in operations}


@row("A4", "every path: HEAD answers as GET, Allow names what OpenAPI does, with a slash more it is 404", seconds=90)
def methods(bench: Bench) -> None:
    url = bench.databases.seeded()
    server, key = bench.serve(url), bench.key(url)
    document = get(f"{server.url}/openapi.json").json()
    asked = 0
    with httpx.Client(base_url=server.url, headers=key, timeout=60) as client:
        for path, known in paths_of(document):
            wanted = known | ({"HEAD"} if "GET" in known else set())
            for method in set(METHODS) - wanted:
                answer = client.request(method, path)
                allow = {one.strip() for one in answer.headers.get("allow", "").split(",")} - {"OPTIONS"}
                right = answer.status_code == 405 and allow == wanted
                bench.check(
                    right, f"{method} {path}", f"{answer.status_code}, Allow {sorted(allow)}, is {sorted(wanted)}"
                )
                asked += 1
            if "GET" in known:
                got, headed = client.get(path), client.head(path)
                same = {
                    name: got.headers.get(name) == headed.headers.get(name)
                    for name in (
                        "content-type",
                        "content-length",
                        "etag",
                        "cache-control",
                        "vary",
                        "x-content-type-options",
                    )
                }
                right = got.status_code == headed.status_code and all(same.values()) and not headed.content
                bench.check(right, f"HEAD {path}", f"{headed.status_code} against {got.status_code}, {same}")
            for more in (f"{path}/", f"/{path}", path.upper(), f"{path}%2F", f"{path};a=b"):
                answer = get(server.url + more, headers=key, timeout=60)
                right = answer.status_code in {400, 401, 404, 405, 422} and "location" not in answer.headers
                bench.check(
                    right and is_problem(answer),
                    f"GET {more}",
                    f"{answer.status_code} {answer.headers.get('location', '')}",
                )
                asked += 1
    bench.note(f"{len(document['paths'])} paths, {asked} wrong requests")


@row(
    "A10",
    "1,000 conditional GETs: 304 without a body, every form of the header; a new tag after each write, on all workers",
    seconds=120,
)
def entity_tags(bench: Bench) -> None:
    url = bench.databases.seeded()
    server, key = bench.serve(url, "--workers", "2"), bench.key(url)
    paths = ("/v1/criteria", "/v1/programs?limit=100", "/v1/catalogue", "/v1/styles/transformational-leadership",
             "/v1/models/current", "/v1/skills/visioning", "/v1/facts", "/v1/privacy")  # fmt: skip
    with httpx.Client(base_url=server.url, headers=key, timeout=60) as client:
        tags = {path: client.get(path).headers["etag"] for path in paths}
        for number in range(1000):
            path = paths[number % len(paths)]
            answer = client.get(path, headers={"if-none-match": tags[path]})
            right = (answer.status_code, answer.content, answer.headers.get("etag")) == (304, b"", tags[path])
            bench.check(right, f"GET {path} with its tag", f"{answer.status_code} {len(answer.content)} bytes")
        tag = tags["/v1/criteria"]
        forms = {
            f"W/{tag}": 304,
            f'"x", {tag}': 304, f'"x",{tag} , "y"': 304, "*": 304, f'"a,b", {tag}': 304, f'{tag},': 304,
            tag.strip('"'): 200, '"x"': 200, "": 200, '"': 200, f'"{tag}"': 200, f"w/{tag}": 200, '"*"': 200,
        }  # fmt: skip
        for given, wanted in forms.items():
            code = client.get("/v1/criteria", headers={"if-none-match": given}).status_code
            bench.check(code == wanted, f"GET /v1/criteria, If-None-Match: {given}", f"{code}, {wanted} wanted")
        two = client.get("/v1/criteria", headers=[("if-none-match", '"x"'), ("if-none-match", tag)]).status_code
        bench.check(two == 304, "GET /v1/criteria, If-None-Match twice", two)
        path = "/v1/programs/acme-etag"
        made = client.post("/v1/programs", json=program("acme-etag"))
        seen = {made.headers.get("etag") or client.get(path).headers["etag"]}
    for number in range(30):
        with httpx.Client(base_url=server.url, headers=key, timeout=60) as client:  # another connection, another worker
            before = client.get(path).headers["etag"]
            lists = client.get("/v1/programs?limit=100").headers["etag"]
            done = client.patch(path, json={"name": f"Name {number}"}, headers=MERGE | {"if-match": before})
            bench.check(done.status_code == 200, f"PATCH {path} with its tag", done.text[:200])
        stale = ask("PATCH", server.url + path, json={"name": "b"}, headers=key | MERGE | {"if-match": before})
        bench.check(status(stale) == 412, f"PATCH {path} with an old tag", status(stale))
        for _ in range(4):
            answer = ask("GET", server.url + path, headers=key | {"if-none-match": before})
            fresh = answer is not None and answer.status_code == 200 and answer.json()["name"] == f"Name {number}"
            bench.check(fresh, f"GET {path} with the tag from before a PATCH", status(answer))
            changed = ask("GET", f"{server.url}/v1/programs?limit=100", headers=key | {"if-none-match": lists})
            bench.check(status(changed) == 200, "GET of the list with the tag from before a PATCH", status(changed))
        assert answer is not None
        bench.check(answer.headers["etag"] not in seen, f"GET {path}", "an old tag came back")
        seen.add(answer.headers["etag"])
    bench.note("1,000 conditional GETs, 14 forms, 30 writes on two workers")


def breaking(
    old: Any, new: Any, where: str, answer: bool, defs: tuple[dict[str, Any], dict[str, Any]], depth: int = 0
) -> Iterator[str]:
    """What a schema no longer keeps of what it promised: a field or type of an answer gone, a body refused."""
    old, new = _resolved(old, defs[0]), _resolved(new, defs[1])
    if not isinstance(old, dict) or not isinstance(new, dict) or depth > 12:
        return
    before, after = _types(old), _types(new)
    lost = after - before if answer else before - after
    if before and after and lost and not lost <= {"integer", "number"}:
        yield f"{where}: {sorted(before)} is now {sorted(after)}"
    for name, schema in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            if answer or new.get("additionalProperties") is False:
                yield f"{where}/{name}: gone"
            continue
        yield from breaking(schema, new["properties"][name], f"{where}/{name}", answer, defs, depth + 1)
    required = set(new.get("required", ())) - set(old.get("required", ()))
    for name in required if not answer else ():
        yield f"{where}/{name}: is now required"
    for name in set(old.get("required", ())) - set(new.get("required", ())) if answer else ():
        yield f"{where}/{name}: was always there, and need not be now"
    gone = set(old.get("enum", ())) - set(new.get("enum", old.get("enum", ())))
    if not answer and gone and not where.endswith("/model_version"):  # there is one model at a time
        yield f"{where}: {gone} no longer taken"
    if "items" in old and "items" in new:
        yield from breaking(old["items"], new["items"], f"{where}[]", answer, defs, depth + 1)


def _types(schema: dict[str, Any]) -> set[str]:
    """The types that a schema names, null left out."""
    named = schema.get("type", [])
    return set([named] if isinstance(named, str) else named) - {"null"}


def _resolved(schema: Any, definitions: dict[str, Any]) -> Any:
    """A schema without references; of several choices, what all of them have in common."""
    while isinstance(schema, dict) and "$ref" in schema:
        schema = definitions.get(schema["$ref"].rpartition("/")[2], {})
    if not isinstance(schema, dict) or "anyOf" not in schema:
        return schema
    choices = [_resolved(one, definitions) for one in schema["anyOf"] if one.get("type") != "null"]
    if len(choices) == 1:
        return choices[0]
    if not all("properties" in one for one in choices):
        return schema
    required = set.intersection(*(set(one.get("required", ())) for one in choices))
    return {"type": "object", "required": sorted(required), "properties": {
        name: value for one in choices for name, value in one["properties"].items()
    }}  # fmt: skip


@row("A11", f"the OpenAPI document of {OLD} against this one: nothing that clients rely on is gone", seconds=60)
def no_breaking_change(bench: Bench) -> None:
    with tarfile.open(fileobj=BytesIO(at(OLD, "tests/openapi.json"))) as archive:
        file = archive.extractfile("tests/openapi.json")
        assert file
        old = json.load(file)
    server = bench.serve()
    new = get(f"{server.url}/openapi.json").json()
    defs = (old["components"]["schemas"], new["components"]["schemas"])
    found: list[str] = []
    for path, operations in old["paths"].items():
        for method, one in operations.items():
            two = new["paths"].get(path, {}).get(method)
            where = f"{method.upper()} {path}"
            if two is None:
                found.append(f"{where}: gone")
                continue
            if one["operationId"] != two["operationId"]:
                found.append(f"{where}: operationId {one['operationId']} is now {two['operationId']}")
            before, now = ({(p["in"], p["name"].lower()): p for p in each.get("parameters", [])} for each in (one, two))
            found += [f"{where}: parameter {name[1]} gone" for name in before.keys() - now.keys()]
            found += [
                f"{where}: parameter {name[1]} is now required"
                for name in now
                if now[name].get("required")
                and not before.get(name, {}).get("required")
                and name[1] != "if-match"  # never optional
            ]
            for code, answer in one["responses"].items():
                if code not in two["responses"] and code.startswith("2"):
                    found.append(f"{where}: {code} gone")
                    continue
                for kind, media in answer.get("content", {}).items():
                    schema = two["responses"].get(code, {}).get("content", {}).get(kind, {}).get("schema", {})
                    found += breaking(media.get("schema", {}), schema, f"{where} {code}", True, defs)
            for kind, media in one.get("requestBody", {}).get("content", {}).items():
                content = two.get("requestBody", {}).get("content", {})
                if kind not in content:
                    found.append(f"{where}: no longer takes {kind}")
                    continue
                found += breaking(media["schema"], content[kind]["schema"], f"{where} body", False, defs)
    for one in dict.fromkeys(found):
        bench.check(False, f"openapi.json since {OLD}", one)
    bench.note(f"{sum(map(len, old['paths'].values()))} operations then, {sum(map(len, new['paths'].values()))} now")


@row(
    "A12",
    "a list of 3,000 (10,000 with --long) read while hundreds come and go: none twice, none missing",
    databases=BOTH,
    seconds=200,
)
def pages(bench: Bench) -> None:
    url, count = bench.databases.seeded(), 10_000 if bench.long else 3_000
    server, key = bench.serve(url), bench.key(url)
    first = post(f"{server.url}/v1/assessments", json={"text": SITUATION}, headers=key, timeout=60).json()["id"]
    names = [one for one in _columns(bench, url) if one != "id"]
    chosen = ", ".join("created_at" if name == "created_at" else name for name in names)
    series = (
        f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}) "
        f"INSERT INTO assessment (id, {', '.join(names)}) "
        f"SELECT 'stands' || n, {chosen} FROM n, assessment WHERE id = :first"
    )
    bench.sql(url, series, first=first)
    done, gone, extra = threading.Event(), set[str](), set[str]()

    def come_and_go() -> None:
        with httpx.Client(base_url=server.url, headers=key, timeout=60) as client:
            for _ in range(count // 10):
                if done.is_set():
                    return
                made = client.post("/v1/assessments", json={"text": "Die Halle wird umgebaut."})
                if made.status_code == 201:
                    extra.add(made.json()["id"])
                    if len(extra) % 2:
                        gone.add(made.json()["id"])
                        client.delete(f"/v1/assessments/{made.json()['id']}")

    threads = [threading.Thread(target=come_and_go) for _ in range(2)]
    for thread in threads:
        thread.start()
    seen: list[str] = []
    back = 0
    with httpx.Client(base_url=server.url, headers=key, timeout=60) as client:
        path, cursor = "/v1/assessments?limit=50", ""
        for _ in range(count):
            answer = client.get(path).json()
            seen += [one["id"] for one in answer["items"]]
            cursor = answer["page"]["next"] or cursor
            if not answer["page"]["next"]:
                break
            path = answer["page"]["next"]
        done.set()
        for thread in threads:
            thread.join()
        bench.check(
            len(seen) == len(set(seen)), "GET /v1/assessments page by page", f"{len(seen) - len(set(seen))} twice"
        )
        standing = {f"stands{n}" for n in range(1, count + 1)}
        bench.check(standing <= set(seen), "GET /v1/assessments page by page", f"{len(standing - set(seen))} missing")
        mine = httpx.URL(cursor).params["cursor"]
        other = bench.key(url, tenant="other")
        spoiled = [mine[:-3], mine + "A", "x", "e30", mine[::-1], mine[: len(mine) // 2], "W10", "bnVsbA", "MQ"]
        spoiled += [
            mine[:place] + ("A" if mine[place] != "A" else "B") + mine[place + 1 :] for place in range(0, len(mine), 3)
        ]
        for one in spoiled:
            answer = client.get("/v1/assessments", params={"limit": 50, "cursor": one})
            right = answer.status_code in {400, 422} or (answer.status_code == 200 and "stands" in answer.text)
            back += answer.status_code == 200
            bench.check(right, f"GET /v1/assessments?cursor={one}", f"{answer.status_code} {answer.text[:100]}")
        for elsewhere, who in (
            ("/v1/programs", key),
            ("/v1/jobs", key),
            ("/v1/assessments?verdict=both", key),
            ("/v1/assessments", other),
        ):
            answer = client.get(
                elsewhere, params={**httpx.QueryParams(elsewhere.partition("?")[2]), "cursor": mine}, headers=who
            )
            nothing = answer.status_code in {400, 422} or answer.json().get("items") == []
            bench.check(
                nothing,
                f"GET {elsewhere} with a cursor of /v1/assessments",
                f"{answer.status_code} {answer.text[:100]}",
            )
    bench.note(
        f"{len(seen)} read, {len(extra)} came, {len(gone)} went; {back} of {len(spoiled)} edited cursors were taken"
    )


def _columns(bench: Bench, url: str) -> list[str]:
    if bench.kind == "sqlite":
        return [one[1] for one in bench.sql(url, "PRAGMA table_info(assessment)")]
    return [
        one[0]
        for one in bench.sql(url, "SELECT column_name FROM information_schema.columns WHERE table_name = 'assessment'")
    ]


PRIVILEGED = {
    "tenant": "other", "tenant_id": "other", "key_id": "x", "owner": "other", "is_admin": True, "role": "admin",
    "scopes": ["admin"], "created_at": "2020-01-01T00:00:00Z", "modified_at": "2020-01-01T00:00:00Z",
    "expires_at": "2099-01-01T00:00:00Z", "retired_at": None, "version": 99, "_etag": "x", "__class__": "x",
}  # fmt: skip


@row("D3", "every answer's fields and privileged names sent on each write: refused, or unchanged", seconds=90)
def fields_nobody_sets(bench: Bench) -> None:
    url = bench.databases.seeded()
    server, key = bench.serve(url), bench.key(url)
    asked = 0
    with httpx.Client(base_url=server.url, headers=key, timeout=60) as client:
        kept = client.post("/v1/assessments", json={"text": SITUATION}).json()
        made = client.post("/v1/programs", json=program("acme-d3")).json()
        scored = client.post("/v1/score", json={"text": SITUATION}).json()
        listed = client.get("/v1/jobs").json()
        writes: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
            ("POST", "/v1/score", {"text": SITUATION}, scored),
            ("POST", "/v1/score/batch", {"items": [{"text": "a"}]}, {"results": [], "summary": {}}),
            ("POST", "/v1/assessments", {"text": SITUATION}, kept),
            ("POST", f"/v1/assessments/{kept['id']}/feedback", {"agree": True}, {"id": "x", "assessment_id": "x"}),
            ("POST", "/v1/programs", program("acme-d3-more"), made),
            ("PATCH", "/v1/programs/acme-d3", {"name": "Another"}, made),
            (
                "POST",
                "/v1/skills",
                {"slug": "acme-skill", "name": "x", "description": "y", "concept": "leadership"},
                made,
            ),
        ]
        for method, path, body, answer in writes:
            for name, value in {**answer, **PRIVILEGED}.items():
                if name in body:
                    continue
                headers = {"if-match": client.get(path).headers.get("etag", "")} | MERGE if method == "PATCH" else {}
                before = _without_time(client.get("/v1/programs/acme-d3").json())
                done = client.request(method, path, json=body | {name: value}, headers=headers)
                request = f"{method} {path} with {name}"
                asked += 1
                if done.is_success:
                    known = {"id", "options", "subject_ref", "retention_days", "verdict", "criteria", "factors"}
                    answered = done.json()
                    taken = answered.get(name) == value and name in PRIVILEGED
                    taken = taken or (name not in known and name not in made)
                    bench.check(not taken, request, f"{done.status_code}, taken as {str(answered.get(name))[:80]}")
                    client.delete("/v1/programs/acme-d3-more")
                else:
                    bench.check(
                        done.status_code in {409, 422} and is_problem(done),
                        request,
                        f"{done.status_code} {done.text[:150]}",
                    )
                    after = _without_time(client.get("/v1/programs/acme-d3").json())
                    bench.check(after == before, request, "the program has changed")
            for nested in ("options", "items"):
                if nested == "options" and path in {"/v1/score", "/v1/assessments"}:
                    done = client.request(method, path, json=body | {"options": {"tenant": "other"}})
                    bench.check(done.status_code == 422, f"{method} {path} with options.tenant", done.status_code)
        for name in ("tenant", "status", "total", "done", "id", "expires_at", "webhook_secret", "request_id"):
            done = client.post("/v1/jobs", params={name: "x"}, content=b'{"text": "a"}\n', headers=NDJSON)
            bench.check(done.status_code == 422, f"POST /v1/jobs?{name}=x", done.status_code)
            line = json.dumps({"text": "a", name: "x"}) + "\n"
            done = client.post("/v1/jobs", content=line, headers=NDJSON)
            if name != "id" and done.status_code == 202:
                href = done.json()["href"]
                until(lambda: client.get(href).json()["status"] == "done", 30)  # noqa: B023
                bench.check(client.get(href).json()["errors"] == 1, f"POST /v1/jobs, a line with {name}", "taken")
        assert listed["items"] == []
    bench.note(f"{asked} names on {len(writes)} writes, 16 on jobs")


def _without_time(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "modified_at"}


def schemathesis() -> str:
    """The program. Raises NotRun where there is none."""
    found = os.environ.get("SCHEMATHESIS") or shutil.which("schemathesis") or shutil.which("st")
    if not found or not Path(found).exists():
        raise NotRun("needs schemathesis")
    return found


def _fuzz(bench: Bench, scope: str) -> None:
    program_path, url = schemathesis(), bench.databases.seeded()
    server = bench.serve(url)
    key = bench.key(url, *SCOPES[scope]) if SCOPES[scope] else {}
    owner = bench.key(url)
    made = post(f"{server.url}/v1/assessments", json={"text": SITUATION}, headers=owner)
    post(f"{server.url}/v1/programs", json=program("acme-own"), headers=owner)
    post(f"{server.url}/v1/jobs", content=b'{"text": "a"}\n', headers=owner | NDJSON)
    assert made.status_code == 201
    seconds = 900 if bench.long else int(60 * slowness())
    words = [
        program_path,
        "run",
        f"{server.url}/openapi.json",
        "--checks",
        "all",
        "-n",
        "300" if bench.long else "12",
        "--max-time",
        str(seconds),
        "--continue-on-failure",
        "--seed",
        "1",
        "--no-color",
        "--max-failures",
        "60",
        "--request-timeout",
        "30",
        *(f"-H{name}: {value}" for name, value in key.items()),
    ]
    said = subprocess.run(
        words,
        env=os.environ | {"SCHEMATHESIS_HOOKS": str(Path(__file__).parent / "aids" / "media_types.py")},
        capture_output=True,
        text=True,
        cwd=bench.folder,
        check=False,
        timeout=seconds * 2 + 120,
    )
    out = said.stdout
    for one in failures(out):
        bench.check(False, f"schemathesis, key with scope {scope}", one)
    if said.returncode and "Test Case ID" not in out:
        bench.check(
            False, f"schemathesis, key with scope {scope}", f"status {said.returncode}: {(out + said.stderr)[-500:]}"
        )
    crashes = [
        line for line in bench.stop(server).splitlines() if '"event": "crash"' in line or '"status": 500' in line
    ]
    bench.check(not crashes, f"schemathesis, key with scope {scope}", crashes[:2])
    told = re.search(r"Test cases:\s*\n\s*(.*)", out)
    bench.note(f"{told[1].strip() if told else out[-200:].strip()}, {len(failures(out))} failures")


def failures(out: str) -> list[str]:
    """One line for each failure that it tells: the operation, the check, and the request."""
    found, operation = [], ""
    for block in re.split(r"\n(?=_{3,} )", out.partition("= FAILURES =")[2]):
        if named := re.match(r"_{3,} (.*?) _{3,}", block):
            operation = named[1]
        for part in re.split(r"\n(?=\d+\. Test Case ID)", block)[1:]:
            checks = re.findall(r"^- (.+)$", part, re.M)
            request = re.search(r"^\s+(curl .*)$", part, re.M)
            if request and "cursor=" in request[1] and "[400]" in part:
                continue  # a cursor that no list gave is 400 by contract, and no schema can tell
            found.append(f"{operation}: {', '.join(checks)[:160]}: {request[1][:250] if request else ''}")
    return found


for _scope in SCOPES:

    def _run(bench: Bench, scope: str = _scope) -> None:
        _fuzz(bench, scope)

    row(f"U10-{_scope}", f"Schemathesis, all checks, with a key of scope {_scope}", seconds=150)(_run)
