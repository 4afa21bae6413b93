"""Own programs as a table that goes out and comes in."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from app.catalog.spreadsheet import COLUMNS, read_sheet, write_sheet
from app.cli import cli
from app.formulas import bare, guarded
from app.settings import Settings
from tests.support.paths import ROOT
from tests.support.programs import ALL, MakeKey, key, program

pytestmark = pytest.mark.anyio


def on_command_line(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, list[str]]]:
    monkeypatch.setenv("LOM_DATABASE_URL", settings.database_url)

    def run(*words: str) -> tuple[int, list[str]]:
        result = CliRunner().invoke(cli, ["programs", *words])
        return result.exit_code, result.output.splitlines()

    return run


@pytest.mark.both_databases
async def test_a_table_goes_out_and_comes_back_unharmed(
    client: httpx.AsyncClient, make_key: MakeKey, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, mine, file = on_command_line(settings, monkeypatch), key(make_key(*ALL, tenant="t-csv")), tmp_path / "out.csv"
    hard = program(
        "hard",
        name='=HYPERLINK("http://evil.example", "Führen, „leicht“; gemacht")',
        description='@SUM(A1)\nzweite Zeile; mit "Zeichen", Komma\tund Tabulator',
        audience="'=schon mit Apostroph",
        school="-2+3 | Schule ÄÖÜß 管理",
        alumni="'''+x",
        topics=["+1", "a | b", "'quoted'"],
        features=["one\x85entry", "another"],
        skills=[{"slug": "visioning", "why": "a | b | c", "basis": "editorial"}],
        source=[{"title": "Buch | Band 2", "year": 2024, "url": "https://example.com/?a=1;b"}, {"title": "=1"}],
        months=7,
    )
    for given in (hard, program("plain")):
        made = await client.post("/v1/programs", json=given, headers=mine)
        assert made.status_code == 201, made.text
    assert run("export", "--tenant", "t-csv", str(file)) == (0, [])
    with file.open(encoding="utf-8-sig", newline="") as stream:
        table = list(csv.reader(stream))
    assert len(table) == 3
    assert not [cell for row in table for cell in row if cell[:1] in tuple("=+-@\t\r")], "a formula got out"
    left = ["row 2: leave hard", "row 3: leave plain", "0 add, 0 change, 2 leave, 0 refuse"]
    assert run("import", str(file), "--tenant", "t-csv") == (0, left)
    assert (await client.get("/v1/programs/hard", headers=mine)).json()["version"] == 1
    excel = io.StringIO(newline="")
    csv.writer(excel, delimiter=";").writerows(table)
    file.write_bytes(b"\xef\xbb\xbfsep=;\r\n" + excel.getvalue().encode())
    code, told = run("import", str(file), "--tenant", "t-csv", "--dry-run")
    assert (code, told[-1]) == (0, "0 add, 0 change, 2 leave, 0 refuse; nothing was written")
    assert run("import", str(file), "--tenant", "t-copy")[1][-1] == "2 add, 0 change, 0 leave, 0 refuse"
    copy = (await client.get("/v1/programs/hard", headers=key(make_key("read", tenant="t-copy")))).json()
    for name in hard:
        if name not in {"skills", "criteria", "source"}:
            assert copy[name] == hard[name], name
    assert copy["source"][0]["title"] == "Buch | Band 2"
    assert run("export", str(file)) == (0, [])
    for tenant in ("t-csv", "local"):
        assert run("import", str(file), "--tenant", tenant)[1][-1] == "0 add, 0 change, 4 leave, 0 refuse"


@pytest.mark.both_databases
async def test_a_dry_run_says_what_would_be_and_one_bad_row_stops_all(
    client: httpx.AsyncClient, make_key: MakeKey, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, mine, file = on_command_line(settings, monkeypatch), key(make_key(*ALL, tenant="t-dry")), tmp_path / "in.csv"
    for slug in ("kept", "gone"):
        await client.post("/v1/programs", json=program(slug), headers=mine)
    await client.delete("/v1/programs/gone", headers=mine | {"If-Match": "*"})
    head = "slug,name,months,topics,school,description,audience\n"
    good = f'{head}kept,Über Zahlen,4,"eins\nzwei",Acme Academy,For those whose team is merged.,Team leaders.\n'
    good += "fresh,N,,,S,D,A\n"
    file.write_text(good, encoding="utf-8")
    expected = ["row 2: change kept (name, months, topics)", "row 3: add fresh"]
    code, told = run("import", str(file), "--tenant", "t-dry", "--dry-run")
    assert (code, told[:-1]) == (0, expected)
    assert (await client.get("/v1/programs/fresh", headers=mine)).status_code == 404
    file.write_text(
        good
        + "gone,N,,,S,D,A\nmit-tlp,N,,,S,D,A\nfresh,N,,,S,D,A\nbad,N,nine,,,D,A\nlong,N,,,S,D,A,more\n,N,,,S,D,A\n",
        encoding="utf-8",
    )
    for options in (["--dry-run"], []):
        code, told = run("import", str(file), "--tenant", "t-dry", *options)
        assert (code, told[:2]) == (1, expected)
        assert told[-1] == "1 add, 1 change, 0 leave, 6 refuse; nothing was written"
        reasons = ["retired", "shared", "row before", "months: Input", "more cells", "slug: "]
        for line, reason in zip(told[2:-1], reasons, strict=True):
            assert ": refuse " in line and reason in line, line
        assert "school" in told[5], "every fault of a line is told"
    assert (await client.get("/v1/programs/kept", headers=mine)).json()["version"] == 1
    file.write_text(good, encoding="utf-8")
    assert run("import", str(file), "--tenant", "t-dry")[0] == 0
    kept = (await client.get("/v1/programs/kept", headers=mine)).json()
    assert (kept["name"], kept["months"], kept["topics"], kept["version"]) == ("Über Zahlen", 4, ["eins", "zwei"], 2)
    assert [link["slug"] for link in kept["criteria"]] == ["change"], "a column that is not there stays"
    for content, words in (
        (b"slug,price\nx,1\n", "names “price”"),
        ("slug,name\nx,Ü\n".encode("cp1252"), "UTF-8"),
        (b'slug,name\nx,"open\n', "never closes"),
        (b"", "first row"),
        (b"slug,slug\n", "several columns"),
    ):
        file.write_bytes(content)
        code, told = run("import", str(file), "--tenant", "t-dry")
        assert code == 1 and words in "".join(told), told


CASES = json.loads((ROOT / "tests" / "awkward" / "formulas.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case["cell"]))
def test_no_cell_runs_as_a_formula_and_each_comes_back(case: dict[str, str]) -> None:
    assert guarded(case["cell"]) == case["guarded"]
    assert bare(case["guarded"]) == case["cell"]


async def test_programs_come_in_however_a_spreadsheet_has_saved_them(
    make_key: MakeKey, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, file = on_command_line(settings, monkeypatch), tmp_path / "in.csv"
    table = "Slug,NAME, school ,description,audience\nswift,Führen,Acme,Two days; for all.,Leaders.\n"
    wide = table.replace(",", "\t")
    for content in (
        table.encode("utf-16"),
        wide.encode("utf-16"),
        wide.encode(),
        ("sep=|\n" + table.replace(",", "|")).encode("utf-8-sig"),
        table.replace("\n", "\r").encode(),
    ):
        file.write_bytes(content)
        code, told = run("import", str(file), "--tenant", "t-forms", "--dry-run")
        assert (code, told[0]) == (0, "row 2: add swift"), told
    file.write_bytes(table.encode())
    assert run("import", str(file), "--tenant", "t-forms", "--dry-run", "--delimiter", "comma")[0] == 0
    for options, words in ((["--delimiter", "tab"], "slug"), (["--delimiter", "colon"], "one of: auto, comma")):
        code, told = run("import", str(file), "--tenant", "t-forms", *options)
        assert code != 0 and words in "".join(told)
    file.write_bytes(table.encode("cp1252"))
    code, told = run("import", str(file), "--tenant", "t-forms")
    assert code == 1 and "Windows-1252" in told[-1]
    file.write_text(table + 'open,N,S,"D,A\nlast,N,S,D,A\n', encoding="utf-8")
    code, told = run("import", str(file), "--tenant", "t-forms")
    assert code == 1 and "row 3: refuse open (A cell opens with a quote" in told[1] and told[2] == "row 4: add last"


def test_every_guarded_cell_reads_as_it_was() -> None:
    texts = [case["cell"] for case in CASES if case["cell"] == case["cell"].strip() != ""]
    documents = [dict.fromkeys(COLUMNS) | {"slug": str(place), "name": text} for place, text in enumerate(texts)]
    empty = {name: [] for name in ("skills", "criteria", "source", "topics", "features")}
    table = write_sheet([document | empty for document in documents])
    assert [line.fields["name"] for line in read_sheet(table.encode())] == texts
