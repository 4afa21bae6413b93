"""What the scoring endpoints take, and which texts they refuse."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from app.errors import TooLarge
from app.numbers import whole
from app.scoring.labels import OffsetUnit
from app.scoring.tags import EXPECTED, MAX_TAG, TAG, canonical
from app.validation import first_fault

MAX_CHARACTERS = 10_000
MAX_ITEMS = 1_000
MAX_IDENTIFIER = 200
MAX_BATCH_CHARACTERS = 200_000
BATCH_LIMITS = f"{MAX_ITEMS} items and {MAX_BATCH_CHARACTERS} characters"

# What a reader cannot see: white space, controls, soft hyphen, joiners and marks of direction, fillers.
INVISIBLE = (
    r"\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
)
_VISIBLE = re.compile(f"[^{INVISIBLE}\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

EXAMPLE = (
    "Two departments that distrust each other become one next month. Until then, 300 orders a day must leave each of "
    "the four sites on time, each packed to the same checklist."
)


@dataclass(frozen=True)
class Refusal:
    """Why an item cannot be scored; `pointer` says where in the item."""

    id: str | None
    code: str
    message: str
    pointer: str
    group: str | None = None


def text_problem(text: str) -> Refusal | None:
    """Why this text cannot be scored, or None."""
    if _UNSTORABLE.search(text):
        return Refusal(None, "text_invalid", "The text holds a NUL or half a surrogate pair. Remove it.", "/text")
    if len(text) > MAX_CHARACTERS:
        limit = (
            f"The text is longer than {MAX_CHARACTERS} characters, the limit. Send the part that describes the work."
        )
        return Refusal(None, "text_too_long", limit, "/text")
    if not _VISIBLE.search(text):
        empty = "The text has no visible character. Describe the situation in at least a few words."
        return Refusal(None, "text_empty", empty, "/text")
    return None


def _check_text(value: Any, handler: ValidatorFunctionWrapHandler) -> str:
    text: str = handler(value)
    if refusal := text_problem(text):
        raise PydanticCustomError(refusal.code, refusal.message)
    return text


SituationText = Annotated[
    str,
    Field(strict=True),
    WrapValidator(_check_text),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_CHARACTERS,
            "pattern": rf"^[^\u0000]*[^{INVISIBLE}][^\u0000]*$",
            "description": f"The situation in the words of whoever tells it: 1 to {MAX_CHARACTERS} characters, at "
            "least one of them visible, no NUL.",
            "examples": [EXAMPLE],
        }
    ),
]
Whole = Annotated[int, BeforeValidator(whole)]
Identifier = Annotated[str, Field(strict=True, max_length=MAX_IDENTIFIER, pattern=r"^[^\x00]*$")]


class Body(BaseModel):
    """A body that refuses unknown names."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


def _language(tag: str, info: ValidationInfo) -> str:
    """The tag of a language; one that an earlier release has accepted and kept is taken as it stands."""
    found = canonical(tag) or (tag if info.context == KEPT else None)
    if found is None:
        raise PydanticCustomError("language_unknown", EXPECTED)
    return found


KEPT = "options of a job that was taken"
Language = Annotated[
    str,
    AfterValidator(_language),
    Field(json_schema_extra={"maxLength": MAX_TAG, "pattern": TAG, "examples": ["en", "en-GB", "eng"]}),
]
"""The tag of a language as BCP 47 writes it; ISO 639 codes of three letters are turned into it."""
LANGUAGE_HINT = (
    "Tag of the language that {} is in (BCP 47, or an ISO 639 code); wins over detection. Only English is read."
)

Focus = Literal["leadership", "management", "technology"]
Delivery = Literal["on-campus", "online", "blended"]
Pace = Literal["part-time", "modular"]


class Preferences(Body):
    """What a program should offer. A program whose source does not say is not preferred."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"delivery": "blended", "max_months": 12}]})

    focus: Focus | None = None
    """What the program is mainly about."""
    delivery: Delivery | None = None
    """Where it takes place."""
    pace: Pace | None = None
    """How it is spread over time."""
    max_months: Annotated[int, Field(ge=1, le=120), BeforeValidator(whole)] | None = None
    """It lasts at most this many months."""


Catalogue = Literal["shared", "own", "both"]
Part = Literal["evidence", "explanation", "recommendations"]
ALL_PARTS: list[Part] = ["evidence", "explanation", "recommendations"]


class Options(Body):
    """How to answer. What `include` leaves out is absent from the answer."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"include": ["evidence"], "max_evidence": 2, "offset_unit": "utf16"}]}
    )

    include: list[Part] = Field(default=ALL_PARTS, max_length=3)
    """The parts of the answer that you want."""
    max_evidence: Whole = Field(default=3, ge=0, le=10, description="Quotes per criterion.")
    max_recommendations: Whole = Field(default=3, ge=0, le=10, description="Entries per list.")
    offset_unit: OffsetUnit = Field(
        default="unicode_code_point", description="What offsets count; JavaScript strings count `utf16`."
    )
    language: Language | None = Field(default=None, description=LANGUAGE_HINT.format("the text"))
    model_version: str | None = Field(
        default=None, max_length=50, pattern=r"^[^\x00]*$", description="Refuse to answer with any other model."
    )
    preferences: Preferences = Preferences()
    """What recommended programs should offer."""
    catalogue: Catalogue = "both"
    """Which programs to recommend: the shared ones, those of your organisation, or both."""


class ScoreRequest(Body):
    """One situation to judge."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": EXAMPLE, "id": "case-42"}]})

    text: SituationText
    id: Identifier | None = Field(default=None, description="Yours; echoed in the answer.")
    options: Options = Options()
    """How to answer; leave it out for the defaults."""


def _tolerant(schema: dict[str, Any]) -> None:
    """An item without a text, or with a name that is not known, does not spoil the batch: the document allows it."""
    del schema["required"], schema["additionalProperties"]
    schema["examples"] = [{"id": "a", "text": EXAMPLE}]


class BatchItem(Body):
    """One situation of a batch. One that does not fit gets an error of its own."""

    model_config = ConfigDict(json_schema_extra=_tolerant)

    text: str = Field(description="As in `/v1/score`. An item without one gets an error of its own.")
    id: Identifier | None = Field(default=None, description="Yours; echoed in the answer.")
    group: Identifier | None = None
    """What the summary counts by, such as a site or a question."""


def read_item(value: Any) -> BatchItem | Refusal:
    """The item of a batch that this JSON value is, or why it is none."""
    try:
        return BatchItem.model_validate(value)
    except ValidationError as error:
        message, pointer = first_fault(error, BatchItem)
        return Refusal(
            _name(value, "id"), "item_invalid", f"The item does not fit: {message}.", pointer, _name(value, "group")
        )


def _name(value: Any, field: str) -> str | None:
    """The id or the group of an item that does not fit otherwise."""
    name = value.get(field) if isinstance(value, dict) else None
    return name if isinstance(name, str) and len(name) <= MAX_IDENTIFIER and "\x00" not in name else None


def _unread(value: Any, _: ValidatorFunctionWrapHandler) -> Any:
    """Leaves an item as it is: `read_item` reads it where it is judged, away from the event loop."""
    return value


UnreadItem = Annotated[BatchItem, WrapValidator(_unread)]


def _counted(values: Any) -> Any:
    """Counts items before any of them is looked at. Raises TooLarge."""
    if isinstance(values, list) and len(values) > MAX_ITEMS:
        raise TooLarge(f"A batch holds up to {BATCH_LIMITS}; this one has {len(values)} items. Split it.")
    return values


class BatchRequest(Body):
    """Up to 1,000 situations, together up to 200,000 characters."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {"id": "a", "text": EXAMPLE},
                        {"id": "b", "text": "Each order must leave before five, packed to the same checklist."},
                    ],
                    "options": {"include": ["explanation"]},
                }
            ]
        }
    )

    items: Annotated[list[UnreadItem], BeforeValidator(_counted)] = Field(min_length=1)
    """The situations, 1 to 1,000, together up to 200,000 characters."""
    options: Options = Options()
    """How to answer, for every item alike."""
    summarise: bool = False
    """Whether `summary` also says what the texts call for taken together, in all and by group."""
