"""The tools, each a few lines over the functions that the routes use. An assistant reads the docstrings."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import Field
from sqlmodel import Session
from starlette.requests import Request

from app.access.keys import Caller
from app.access.scopes import demand
from app.assessments.requests import Options, Preferences, SituationText
from app.assessments.routes import assessor_of
from app.catalog import queries, schemas, tables
from app.catalog.visibility import see_as
from app.mcp import answers
from app.pagination import PRINTABLE, ListQuery
from app.scoring.labels import Side

Slug = Annotated[str, Field(max_length=tables.SLUG_LENGTH, pattern=PRINTABLE)]
Words = Annotated[
    str | None,
    Field(max_length=200, pattern=PRINTABLE, description="Words that all must occur, in any English inflection."),
]
Limit = Annotated[int, Field(ge=1, le=100, description="How many at most.")]
KINDS: dict[answers.Kind, tuple[Any, Any]] = {
    "concepts": (tables.Concept, schemas.Concept),
    "differences": (tables.Difference, schemas.Difference),
    "criteria": (tables.Criterion, schemas.Criterion),
    "factors": (tables.Factor, schemas.Factor),
    "styles": (tables.Style, schemas.Style),
    "skills": (tables.Skill, schemas.Skill),
    "programs": (tables.Program, schemas.Program),
    "facts": (tables.Fact, schemas.Fact),
}


def _asked(context: Context[Any, Request], scope: str) -> tuple[Request, Caller]:
    """The HTTP request behind a call, and its caller, who has this scope. Raises as the routes do."""
    request = context.request_context.request
    assert request is not None
    caller: Caller = request.scope["state"]["caller"]
    demand(caller, scope)
    return request, caller


@contextmanager
def _reading(context: Context[Any, Request]) -> Iterator[Session]:
    """The catalogue as the caller sees it."""
    request, caller = _asked(context, "read")
    with Session(request.app.state.engine.execution_options(readonly=True)) as session:
        yield see_as(session, caller.tenant)


def score_situation(
    context: Context[Any, Request],
    text: SituationText,
    max_recommendations: Annotated[int, Field(ge=0, le=10, description="Entries per list of advice.")] = 2,
    preferences: Annotated[Preferences | None, Field(description="What recommended programs should offer.")] = None,
) -> answers.Judgement:
    """Judge whether a described work situation calls for leadership, for management, for both, or says too little.

    Use it when somebody tells what is going on at work and wants to know how to approach it. Pass their own words,
    in English, two or three sentences or more, unshortened: quotes in the answer are exact parts of the text. When
    `status` is `uncertain` or `verdict` is `insufficient`, put the questions in `ask` to the teller and call again.
    `unreadable` means that the text is not in English, which `explanation` says: translate it, ask nothing.
    It judges situations, not people: never use it to rank, hire, promote, dismiss or monitor anybody. Nothing is kept.
    """
    request, caller = _asked(context, "score")
    assessor = assessor_of(request)
    options = Options(max_recommendations=max_recommendations, preferences=preferences or Preferences())
    answer = assessor.score(assessor.known(request.app.state.engine, caller.tenant), text, None, options)
    return answers.Judgement(
        verdict=answer["verdict"],
        status=answer["status"],
        probabilities=answer["probabilities"],
        demand=answer["demand"],
        confidence=answer["confidence"],
        explanation=answer["explanation"],
        reasons=[_reason(trait) for trait in answer["criteria"] + answer["factors"] if trait["present"]],
        ask=[hint["ask"] for hint in answer["missing"]],
        **answer["recommendations"],
        warnings=[warning["detail"] for warning in answer["warnings"]],
        model=answer["versions"]["model"],
    )


def _reason(trait: dict[str, Any]) -> answers.Reason:
    found: dict[str, list[str]] = {"supports": [], "counters": []}
    for quote in trait["evidence"]:
        found[quote["polarity"]].append(quote["quote"])
    return answers.Reason(
        slug=trait["slug"],
        side=trait.get("side"),
        probability=trait["probability"],
        present_from=trait["present_from"],
        quotes=found["supports"],
        against=found["counters"],
    )


def list_criteria(context: Context[Any, Request]) -> answers.Criteria:
    """List the eight criteria and four factors that a judgement rests on, each with the question that settles it.

    Use it to explain a verdict, or to know what to ask before judging.
    """
    with _reading(context) as session:
        return answers.Criteria(
            criteria=[
                answers.CriterionLine.model_validate(row.model_dump() | {"side": row.concept_slug})
                for row in queries.everything(session, tables.Criterion)
            ],
            factors=[
                answers.FactorLine.model_validate(row.model_dump())
                for row in queries.everything(session, tables.Factor)
            ],
        )


def list_styles(
    context: Context[Any, Request],
    side: Annotated[Side | None, Field(description="Styles of leading or of managing only.")] = None,
    criterion: Annotated[Slug | None, Field(description="Slug of a criterion that speaks for the style.")] = None,
) -> list[answers.StyleLine]:
    """List styles of leading and of managing, and what speaks for each.

    Use it to compare styles; `get_item` with kind `styles` tells when one fits and when it fails.
    """
    wanted = schemas.StyleQuery(
        limit=100, concept=[side] if side else [], criterion=[criterion] if criterion is not None else []
    )
    with _reading(context) as session:
        found = queries.page(session, tables.Style, queries.select_styles(wanted), wanted, "")
        return [_style(row) for row in found["items"]]


def _style(row: tables.Style) -> answers.StyleLine:
    criteria = [link.criterion_slug for link in row.criteria if link.fit == "for"]
    factors = [link.factor_slug for link in row.factors if link.fit == "for"]
    fields = row.model_dump() | {"side": row.concept_slug, "speaks_for": criteria + factors}
    return answers.StyleLine.model_validate(fields)


def find_programs(
    context: Context[Any, Request],
    query: Words = None,
    criterion: Annotated[Slug | None, Field(description="Slug of a criterion that the program helps with.")] = None,
    preferences: Annotated[Preferences | None, Field(description="What the program should offer.")] = None,
    limit: Limit = 10,
) -> answers.Programs:
    """Find executive programs by words, by a criterion that they help with, and by what they offer.

    Use it when somebody looks for training; `score_situation` already recommends programs for a situation.
    """
    offered = (preferences or Preferences()).model_dump(exclude_none=True)
    facets = {name: value if name == "max_months" else [value] for name, value in offered.items()}
    wanted = schemas.ProgramQuery(
        limit=limit, q=query, criterion=[criterion] if criterion is not None else [], **facets
    )
    with _reading(context) as session:
        found = queries.page(session, tables.Program, queries.select_programs(session, wanted), wanted, "")
        return answers.Programs(total=found["page"].total, programs=[_program(row) for row in found["items"]])


def _program(row: tables.Program) -> answers.ProgramLine:
    facets = {"focus": row.focus, "delivery": row.delivery, "pace": row.pace}
    helps = [link.criterion_slug for link in row.criteria]
    return answers.ProgramLine.model_validate(row.model_dump() | facets | {"helps_with": helps})


def search_catalogue(
    context: Context[Any, Request],
    query: Words = None,
    kind: Annotated[answers.Kind | None, Field(description="Look among these only; all by default.")] = None,
    limit: Limit = 20,
) -> answers.Hits:
    """Search everything that the catalogue knows of leadership and management; without words, list it.

    Use it for questions such as how the two differ (kind `differences`), what a term means, which skills count, or
    what figures say; then `get_item` for the whole of a hit. All words must occur, so use one or two.
    """
    wanted, total, hits = ListQuery(limit=limit, q=query), 0, list[answers.Hit]()
    with _reading(context) as session:
        for name in (kind,) if kind else KINDS:
            table, _ = KINDS[name]
            found = queries.page(session, table, queries.offered(session, table), wanted, "")
            total += found["page"].total
            hits += [answers.Hit.model_validate(row.model_dump() | {"kind": name}) for row in found["items"]]
    return answers.Hits(total=total, hits=hits[:limit])


def get_item(
    context: Context[Any, Request],
    kind: answers.Kind,
    slug: Annotated[Slug, Field(description="As another tool gave it.")],
) -> answers.Item:
    """Get one item of the catalogue whole, with its related items, their reasons, and its sources.

    Use it after another tool has named a slug; cite the sources that it gives.
    """
    table, schema = KINDS[kind]
    with _reading(context) as session:
        get = queries.in_force if issubclass(table, tables.Editable) else queries.get_or_404
        whole = schema.model_validate(get(session, table, slug)).model_dump(mode="json")
    head = {name: whole.pop(name) for name in ("slug", "name", "description", "href")}
    return answers.Item(kind=kind, **head, details=whole)


TOOLS: tuple[Callable[..., Any], ...] = (
    score_situation,
    list_criteria,
    list_styles,
    find_programs,
    search_catalogue,
    get_item,
)
