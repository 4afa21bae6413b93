"""What the seed files hold, so that a new item turns no test red."""

from typing import Any

import yaml

from app.settings import data_path

RESOURCES = ("concepts", "differences", "criteria", "factors", "styles", "skills", "programs", "facts")


def seeded(resource: str) -> list[dict[str, Any]]:
    """The items of a resource as its seed file has them."""
    items: list[dict[str, Any]] = yaml.safe_load((data_path("seed") / f"{resource}.yaml").read_text(encoding="utf-8"))
    return items
