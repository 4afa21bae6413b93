"""Code that is imported when it is asked for."""

from importlib import import_module
from typing import Any


def load(place: str) -> Any:
    """What a place names: `module:attribute`."""
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)
