"""What is wrong with an input, in words that say what to do and never repeat the input."""

from collections.abc import Iterable, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError


def unknown(what: str, allowed: Iterable[str]) -> str:
    """The message for a name that is not known, such as of a field or a query parameter."""
    return f"unknown {what}; allowed are {', '.join(allowed) or 'none'}"


def fields_at(kind: Any, path: Sequence[str | int]) -> list[str]:
    """The names of the fields that the object at this path of a body of this type may have."""
    for step in path:
        model = _model_in(kind)
        if isinstance(step, str) and model is not None and step in model.model_fields:
            kind = model.model_fields[step].annotation
    model = _model_in(kind)
    return list(model.model_fields) if model else []


def first_fault(error: ValidationError, model: type[BaseModel]) -> tuple[str, str]:
    """What is first wrong with an object, and the JSON pointer to where; an unknown name is not repeated."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    path, message = fault["loc"], fault["msg"]
    if fault["type"] == "extra_forbidden":
        path = path[:-1]
        message = unknown("field", fields_at(model, path))
    return message, "".join(f"/{part}" for part in path)


def _model_in(kind: Any) -> type[BaseModel] | None:
    """The model that values of a type are made of: itself, what a list holds, or one of several."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next((model for part in get_args(kind) if (model := _model_in(part))), None)
