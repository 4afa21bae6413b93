"""Code that is imported when it is asked for."""

import gc
from importlib import import_module
from typing import Any


def load(place: str) -> Any:
    """What a place names: `module:attribute`. Meanwhile nothing is collected: what modules make, they keep, and to look
    through it again and again takes a tenth of the import."""
    module, _, attribute = place.partition(":")
    collects = gc.isenabled()
    gc.disable()
    try:
        return getattr(import_module(module), attribute)
    finally:
        if collects:
            gc.enable()
