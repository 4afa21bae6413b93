"""Writes the snapshots anew: `.venv/bin/python -m tests.snapshots`, after a wanted change of contract, model or seed.

app/docs/examples.json and problems.json hold real answers that the documentation shows; tests/openapi.json is the
contract as served.
"""

from pathlib import Path

OPENAPI = Path(__file__).parent.parent / "openapi.json"
ACCESS = OPENAPI.with_name("access.txt")
