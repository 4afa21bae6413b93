"""Files of many texts on the command line."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli


def test_the_command_line_scores_a_file_as_a_job_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOM_DATABASE_URL", f"sqlite:///{tmp_path / 'cli.db'}")
    source, out = tmp_path / "in.csv", tmp_path / "out.ndjson"
    rows = "".join(f'{n},Leeds,"The roster broke {n} times, and trust is gone."\n' for n in range(3))
    source.write_text(f"nr,site,comment\n{rows}3,Leeds,\n", encoding="utf-8")
    result = CliRunner().invoke(cli, ["score", str(source), "--out", str(out), "--columns", "comment,nr,site"])
    assert result.exit_code == 0, result.output
    assert "4 texts, 1 with an error" in result.output
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(line["index"], line["id"], line["group"], line["status"]) for line in lines] == [
        (0, "0", "Leeds", "ok"), (1, "1", "Leeds", "ok"), (2, "2", "Leeds", "ok"), (3, "3", "Leeds", "error"),
    ]  # fmt: skip
    back = tmp_path / "again.csv"
    assert CliRunner().invoke(cli, ["score", str(source), "--out", str(back), "--columns", "comment"]).exit_code == 0
    assert [row["verdict"] for row in csv.DictReader(back.read_text(encoding="utf-8-sig").splitlines())] == [
        *(line["result"]["verdict"] for line in lines[:3]),
        "",
    ]
    for wrong in (["--columns", "text"], ["--out", str(tmp_path / "out.xlsx")]):
        assert CliRunner().invoke(cli, ["score", str(source), "--out", str(out), *wrong]).exit_code == 2
