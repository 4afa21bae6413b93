"""What commands write is whole or not there, and never over what it is made from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.archive import commands as archive
from app.catalog import commands as catalog
from app.cli import cli
from app.outputs import OutputError, replacing
from app.upkeep import archive as backups
from app.upkeep import commands as upkeep  # noqa: F401  takes its names before one of them is replaced
from tests.support.databases import Databases


def broken(*arguments: Any) -> Iterator[dict[str, str]]:
    yield {"text": "A plan."}
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("words", "room", "step"),
    [
        ("feedback export --tenant acme --out", archive, "training_records"),
        ("programs export", catalog, "export_programs"),
        ("backup", backups, "read_manifest"),
    ],
)
def test_a_command_that_breaks_off_leaves_what_was_there(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, room: Any, step: str
) -> None:
    out, url = tmp_path / "out", databases.seeded()
    if words != "backup":
        out.write_text("an earlier result", encoding="utf-8")
    monkeypatch.setattr(room, step, lambda *_: broken() if room is archive else list(broken()))
    result = CliRunner().invoke(cli, [*words.split(), str(out)], env={"LOM_DATABASE_URL": url})
    assert result.exit_code != 0
    left = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    assert left == ({} if words == "backup" else {"out": "an earlier result"})


def test_no_export_is_written_over_the_database(databases: Databases) -> None:
    url = databases.seeded()
    file = Path(url.removeprefix("sqlite:///"))
    before = file.read_bytes()
    for words in ("feedback export --tenant acme --out", "programs export"):
        result = CliRunner().invoke(cli, [*words.split(), str(file)], env={"LOM_DATABASE_URL": url})
        assert (result.exit_code, "the file that is read" in result.output) == (2, True), words
    assert file.read_bytes() == before


def test_what_is_no_regular_file_is_written_to(tmp_path: Path) -> None:
    with replacing(Path("/dev/null")) as file:
        file.write(b"x")
    assert not Path("/dev/null").is_file()
    with pytest.raises(OutputError, match="no folder"), replacing(tmp_path / "no" / "x"):
        pass
    with pytest.raises(OutputError, match="the file that is read"), replacing(tmp_path / "new", tmp_path / "." / "new"):
        pass
