"""JSON's one kind of number."""

from typing import Any


def whole(value: Any) -> Any:
    """JSON knows one kind of number: 4.0 is an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
