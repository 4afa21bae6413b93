"""What texts cost, and that every answer about them is whole."""

import json
import time
from typing import Any

from tests.acceptance.bench import Bench, ask, cpu, get, post, status, until
from tests.acceptance.rows import BOTH, row
from tests.support.jobs import NDJSON
from tests.support.servers import Server
from tests.support.texts import SITUATION

PROSE = (
    "We are merging two plants and nobody knows the final structure yet. Line managers must keep the safety procedure "
    "unchanged across all forty lines, and the crews no longer speak to each other since the layoffs in spring. "
)
HOSTILE: dict[str, str] = {
    "_a": "_a",
    "a_": "a_ ",
    "punctuation": "!?;",
    "digits and dots": "1.2,3:",
    "mixed scripts": "aбγ字مअ ",
    "CJK": "合併して工場を統合する。",
    "emoji": "🙂👩‍👩‍👧‍👦 ",
    "one word": "a",
    "spaces": "a" + " " * 40,
    "line ends": "a\n\n",
    "abbreviations": "e.g. i.e. z.B. No. 5. ",
    "quotes": "\"'“”‘’»« ",
    "brackets": "([{<>}])",
    "combining marks": "e\u0301\u0315\u0300",
    "ligatures": "\ufdfa",
    "soft hyphens": "a\u00adb\u200b",
    "names": "Anna Berger ",
    "keywords": "merger change crisis budget ",
    "hyphens": "a-b-",
    "slashes": "a/b@c.d ",
    "short sentences": "A. B! C? ",
    "semicolons": "x; y: z, ",
    "numbers": "1 2 3 ",
    "upper case": "ABC ",
}


@row("U9", "texts made to cost: bounded by a prose of the longest length, linear in theirs", seconds=200)
def costly_texts(bench: Bench) -> None:
    server = bench.serve()
    base = min(_cost(server, (PROSE * 60)[:10_000], None)[0] for _ in range(2))
    worst, growth, cut = (0.0, ""), (0.0, ""), list[str]()
    for name, unit in HOSTILE.items():
        for hint in ("en", None) if bench.long else ("en",):
            whole, half = ((unit * (size // len(unit) + 1))[:size] for size in (10_000, 5_000))
            cost, answer = _cost(server, whole, hint)
            allowed = 4.0 * base + 0.2  # 7,500 tokens at most, and prose of this length has 2,000
            if cost > allowed:
                cost = min(cost, _cost(server, whole, hint)[0])
            request = f"POST /v1/score with {name!r} ({unit!r} to 10,000 characters), hint {hint}"
            bench.check(cost <= allowed, request, f"{cost:.2f} s of processor, prose {base:.2f}")
            bench.check(answer is not None, request, "not 200")
            worst = max(worst, (cost / base, name))
            if cost > 1.2 * base:
                ratio = cost / max(_cost(server, half, hint)[0], 0.05)
                bench.check(ratio <= 3.0, f"{request} against 5,000", f"{ratio:.1f} times as much")
                growth = max(growth, (ratio, name))
            if answer and any("token" in warning["code"] for warning in answer["warnings"]):
                cut.append(f"{name} {answer['input']['tokens']}")
    bench.note(
        f"prose costs {base:.2f} s; worst {worst[0]:.1f} times that ({worst[1]}); 10,000 to 5,000 characters at most "
        f"{growth[0]:.1f} ({growth[1]}); told as cut: {', '.join(cut[:6]) or 'none'}"
    )


def _cost(server: Server, text: str, hint: str | None) -> tuple[float, dict[str, Any] | None]:
    """Seconds of processor, and the answer."""
    options = {"options": {"language": hint}} if hint else {}
    before = cpu(server.process.pid)
    answer = ask("POST", f"{server.url}/v1/score", json={"text": text, **options}, timeout=120)
    time.sleep(0.02)
    return cpu(server.process.pid) - before, answer.json() if answer is not None and status(answer) == 200 else None


TOLD = (
    SITUATION,
    "🙂🙂 We are merging two plants 👩‍👩‍👧‍👦 and nobody knows the structure yet. 𝔏ine managers keep the procedure.",
    "Nobody trusts the new roster since the layoffs.\r\n\r\n• Half the crew no longer speaks to the other half.",
    "\u2028We must e\u0301change everything: the plan failed, \u202ethe people fear it, and the budget is cut by half.",
    "We have a meeting on Tuesday.",
    "Die Halle wird seit dem Frühjahr jede Nacht umgebaut und niemand weiß warum.",
)
UNITS = {"unicode_code_point": 1, "utf16": 2, "utf8": 3}


@row(
    "E5",
    "every answer: model version, offsets that cut the evidence (astral too), confidence, no-store",
    databases=BOTH,
)
def whole_answers(bench: Bench) -> None:
    url = bench.databases.seeded()
    server, key = bench.serve(url), bench.key(url)
    version = get(f"{server.url}/v1/models/current").json()["version"]
    quotes = 0
    for unit in UNITS:
        options = {"offset_unit": unit, "max_evidence": 10}
        batch = post(
            f"{server.url}/v1/score/batch", json={"items": [{"text": one} for one in TOLD], "options": options}
        )
        lines = "".join(json.dumps({"text": one}) + "\n" for one in TOLD)
        parameters = {"offset_unit": unit, "max_evidence": 10}
        made = post(f"{server.url}/v1/jobs", params=parameters, content=lines, headers=key | NDJSON)
        for number, text in enumerate(TOLD):
            for path in ("/v1/score", "/v1/assessments"):
                answer = post(server.url + path, json={"text": text, "options": options}, headers=key, timeout=60)
                told = answer.json().get("result", answer.json())  # what is kept holds the answer
                quotes += _whole(bench, told, text, unit, version, f"POST {path} {text[:30]!r} {unit}")
                kept = answer.headers.get("cache-control")
                bench.check(kept == "no-store", f"POST {path}", f"Cache-Control {kept}")
                if path == "/v1/score":
                    result = batch.json()["results"][number]["result"]
                    same = json.dumps(result) == json.dumps(answer.json())
                    bench.check(same, f"a batch against one, {text[:30]!r} {unit}", "another answer")
            again = get(server.url + answer.headers["location"], headers=key)
            bench.check(again.json() == answer.json(), f"GET of what was kept, {text[:30]!r}", "another answer")
        bench.check(
            batch.headers.get("cache-control") == "no-store", "POST /v1/score/batch", batch.headers.get("cache-control")
        )
        href = made.json()["href"]
        until(lambda: get(server.url + href, headers=key).json()["status"] == "done", 60)  # noqa: B023
        got = get(f"{server.url}{href}/results", headers=key)
        bench.check(
            got.headers.get("cache-control") == "no-store", f"GET {href}/results", got.headers.get("cache-control")
        )
        for text, line in zip(TOLD, got.text.splitlines(), strict=True):
            _whole(bench, json.loads(line)["result"], text, unit, version, f"a job, {text[:30]!r} {unit}", quoted=False)
    bench.note(f"{quotes} quotes cut exactly, in three units; model {version}")


def _whole(
    bench: Bench, answer: dict[str, Any], text: str, unit: str, version: str, request: str, quoted: bool = True
) -> int:
    bench.check(answer["versions"]["model"] == version, request, answer["versions"])
    bench.check(answer["status"] in {"judged", "uncertain", "unreadable"}, request, answer["status"])
    sure = answer["confidence"] is None if answer["status"] == "unreadable" else 0 <= answer["confidence"]["value"] <= 1
    bench.check(sure, request, f"confidence {answer['confidence']}")
    total = sum(answer["probabilities"].values())
    bench.check(abs(total - 1) < 0.001, request, f"probabilities sum to {total}")
    bench.check(
        len(answer["criteria"]) == 8 and len(answer["factors"]) == 4, request, "not eight criteria, four factors"
    )
    count = 0
    for trait in [*answer["criteria"], *answer["factors"]]:
        for quote in trait["evidence"]:
            cut = _cut(text, quote["start"], quote["end"], unit)
            right = cut == quote["quote"] if quoted else bool(cut.strip())
            bench.check(right, request, f"{trait['slug']} {quote} cuts {cut!r}")
            count += 1
    return count


def _cut(text: str, start: int, end: int, unit: str) -> str:
    if unit == "unicode_code_point":
        return text[start:end]
    coding, width = {"utf16": ("utf-16-le", 2), "utf8": ("utf-8", 1)}[unit]
    return text.encode(coding)[start * width : end * width].decode(coding, "replace")
