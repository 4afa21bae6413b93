"""Files of many texts on the command line."""

import codecs
import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import cli
from app.jobs.work import Judge

Score = Callable[..., Result]


@pytest.fixture
def score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Score:
    """`lead-or-manage score` with a database and a folder of its own."""
    monkeypatch.setenv("LOM_DATABASE_URL", f"sqlite:///{tmp_path / 'cli.db'}")
    monkeypatch.chdir(tmp_path)
    return lambda *words, given=None: CliRunner().invoke(cli, ["score", *map(str, words)], input=given)


def test_the_command_line_scores_a_file_as_a_job_does(tmp_path: Path, score: Score) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.ndjson"
    rows = "".join(f'{n};Köln;"The roster broke {n} times; trust is gone."\n' for n in range(3))
    source.write_text(f"Nr;Site;Comment\n{rows}3;Köln\n", encoding="utf-8")
    result = score(source, "--out", out, "--columns", "comment,nr,site")
    assert result.exit_code == 0, result.output
    assert "4 texts, 1 with an error" in result.output
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(line["index"], line["id"], line["group"], line["status"]) for line in lines] == [
        (0, "0", "Köln", "ok"), (1, "1", "Köln", "ok"), (2, "2", "Köln", "ok"), (3, "3", "Köln", "error"),
    ]  # fmt: skip
    back = tmp_path / "again.csv"
    options = ("--columns", '"comment",,site', "--delimiter", "semicolon")
    assert score(source, "--out", back, *options).exit_code == 0
    assert back.read_bytes().startswith(codecs.BOM_UTF8)
    found = list(csv.DictReader(back.read_text(encoding="utf-8-sig").splitlines()))
    assert [(row["group"], row["verdict"]) for row in found] == [
        *(("Köln", line["result"]["verdict"]) for line in lines[:3]),
        ("Köln", ""),
    ]


def test_an_earlier_result_stays_as_it_was_whatever_goes_wrong(
    tmp_path: Path, score: Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("nr,comment\n1,A plan.\n", encoding="utf-8")
    out.write_text("an earlier result", encoding="utf-8")
    for words, told in (
        (["--columns", "text"], "“text”. The columns are: “nr”, “comment”"),
        (["--columns", "comment,nummer"], "“nummer”"),
        (["--columns", "comment", "--delimiter", "semicolon"], "“nr,comment”"),
        (["--columns", "a,b,c,d"], "at most three"),
        (["--delimiter", "colon"], "--delimiter"),
    ):
        result = score(source, "--out", out, *words)
        assert (result.exit_code, told in result.output) == (2, True), result.output

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Judge, "line", interrupt)
    assert score(source, "--out", out, "--columns", "comment").exit_code != 0
    assert out.read_text(encoding="utf-8") == "an earlier result"
    assert {file.name for file in tmp_path.iterdir() if not file.name.startswith("cli.db")} == {"in.csv", "out.csv"}


def test_no_file_is_written_over_itself_by_whatever_link(tmp_path: Path, score: Score) -> None:
    source, database = tmp_path / "in.csv", tmp_path / "cli.csv"
    content = "text\nA plan.\n"
    source.write_text(content, encoding="utf-8")
    (tmp_path / "soft.csv").symlink_to(source)
    os.link(source, tmp_path / "hard.csv")
    (tmp_path / "folder.csv").mkdir()
    for name in ("in.csv", "./in.csv", "soft.csv", "hard.csv"):
        result = score(source, "--out", name)
        assert (result.exit_code, "the file that is read" in result.output) == (2, True), name
    assert score(tmp_path / "soft.csv", "--out", source).exit_code == 2
    assert source.read_text(encoding="utf-8") == content
    for name, told in (("folder.csv", "is a folder"), ("no/where.csv", "no folder"), ("out.xlsx", "must end in")):
        result = score(source, "--out", name)
        assert (result.exit_code, told in result.output) == (2, True), result.output
    database.write_bytes(b"")
    for words in (["score", str(source), "--out", str(database)], ["programs", "export", str(database)]):
        result = CliRunner().invoke(cli, words, env={"LOM_DATABASE_URL": f"sqlite:///{database}"})
        assert (result.exit_code, "the file that is read" in result.output) == (2, True), result.output


def test_a_result_takes_the_place_of_the_file_behind_a_link(tmp_path: Path, score: Score) -> None:
    (tmp_path / "in.ndjson").write_text('{"text": "A plan."}\n', encoding="utf-8")
    (tmp_path / "real.csv").write_text("earlier", encoding="utf-8")
    (tmp_path / "real.csv").chmod(0o640)
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    assert score("in.ndjson", "--out", "link.csv").exit_code == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text(encoding="utf-8-sig").startswith("index,id")
    assert (tmp_path / "real.csv").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "given",
    [
        "nofile.csv",
        "./x.txt",
        "../x",
        "/no/where",
        "C:\\x",
        "C:/my x.txt",
        "~/notes",
        "a\\b.txt",
        "a/b",
        "my table.csv",
        "x.xlsx",
    ],
)
def test_a_path_that_is_not_there_is_not_judged_as_words(score: Score, given: str) -> None:
    result = score(given)
    assert (result.exit_code, "there is no file" in result.output) == (2, True), result.output
    assert score(given, "--out", "out.csv").exit_code == 2


def test_a_table_is_not_judged_as_one_text(tmp_path: Path, score: Score) -> None:
    table, lines = "id,Text\n1,A plan.\n", '{"text": "A plan."}\n{"text": "B."}\n'
    for name, content in (
        ("a.csv", b"what,ever\n"),
        ("a.ndjson", lines.encode()),
        ("a.txt", table.replace(",", "\t").encode("utf-16")),
        ("b.txt", lines.encode()),
        ("c", table.encode()),
    ):
        (tmp_path / name).write_bytes(content)
        result = score(name)
        assert (result.exit_code, f"score {name} --out a" in result.output or "--out" in result.output) == (2, True)
    for content in (table, lines):
        result = score("-", given=content)
        assert (result.exit_code, "--out" in result.output) == (2, True)
    assert score("-", "--out", "out.csv", given=table).exit_code == 2
    (tmp_path / "latin").write_bytes("Die Fähre fährt früh.".encode("cp1252"))
    assert "Windows-1252" in score("latin").output
    (tmp_path / "folder.d").mkdir()
    assert "is a folder" in score("folder.d").output


def test_a_file_whose_texts_all_fail_ends_with_an_error(tmp_path: Path, score: Score) -> None:
    (tmp_path / "in.ndjson").write_text('{"txt": 1}\n{"txt": 2}\n', encoding="utf-8")
    result = score("in.ndjson", "--out", "out.ndjson")
    assert (result.exit_code, "none of the texts" in result.output) == (1, True)
    assert len((tmp_path / "out.ndjson").read_text(encoding="utf-8").splitlines()) == 2
