"""The command line in the test's own process."""

import pytest
from typer.testing import CliRunner, Result

from app.cli import cli
from app.scoring import Scorer
from tests.support.apps import scorer


def run(*arguments: str, given: str | None = None, **environment: str) -> Result:
    """What a command says, and its status; what it raises beyond that is a fault of the test. The model is loaded once
    per process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(Scorer, "load", scorer)
        result = CliRunner().invoke(cli, arguments, input=given)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result
