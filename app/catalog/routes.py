"""The endpoints of the catalogue: a list and a detail for each resource, and everything as one document."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from sqlmodel import select

from app.catalog import queries, schemas, tables
from app.catalog.dependencies import CatalogueDep
from app.catalog.entity_tags import tagged
from app.catalog.queries import get_or_404, in_force, page
from app.dependencies import NoParameters, PageLinks
from app.errors import NOT_MODIFIED, responses
from app.pagination import ListQuery

router = APIRouter(prefix="/v1", tags=["catalogue"])

Slug = Annotated[str, Path(description="The slug of the item, as the list gives it.")]

LIST_ERRORS = NOT_MODIFIED | responses(400, 405, 413, 422, 503)
ITEM_ERRORS = NOT_MODIFIED | responses(404, 405, 413, 422, 503)
RETIRABLE_ERRORS = ITEM_ERRORS | responses(410)
DOCUMENT_ERRORS = NOT_MODIFIED | responses(405, 413, 422, 503)


@router.get("/concepts", response_model=schemas.ConceptPage, responses=LIST_ERRORS, summary="List the two concepts")
def list_concepts(session: CatalogueDep, links: PageLinks, query: Annotated[ListQuery, Query()]) -> Any:
    """Leadership and management: what each is, answers for, provides and needs."""
    return page(session, tables.Concept, select(tables.Concept), query, links)


@router.get(
    "/concepts/{slug}",
    response_model=schemas.Concept,
    responses=ITEM_ERRORS,
    dependencies=[NoParameters],
    summary="Get a concept",
)
def get_concept(session: CatalogueDep, slug: Slug) -> Any:
    """One of the two concepts, with its criteria, styles and skills."""
    return get_or_404(session, tables.Concept, slug)


@router.get(
    "/differences", response_model=schemas.DifferencePage, responses=LIST_ERRORS, summary="List the differences"
)
def list_differences(
    session: CatalogueDep, links: PageLinks, query: Annotated[schemas.DifferenceQuery, Query()]
) -> Any:
    """How leadership and management differ, side by side."""
    statement = queries.select_differences(query)
    return page(session, tables.Difference, statement, query, links, kind=tables.Difference.kind)


@router.get(
    "/differences/{slug}",
    response_model=schemas.Difference,
    responses=ITEM_ERRORS,
    dependencies=[NoParameters],
    summary="Get a difference",
)
def get_difference(session: CatalogueDep, slug: Slug) -> Any:
    """One difference, with what either side does in practice."""
    return get_or_404(session, tables.Difference, slug)


@router.get("/criteria", response_model=schemas.CriterionPage, responses=LIST_ERRORS, summary="List the criteria")
def list_criteria(session: CatalogueDep, links: PageLinks, query: Annotated[schemas.CriterionQuery, Query()]) -> Any:
    """The eight traits of a situation that call for leadership or for management."""
    return page(session, tables.Criterion, queries.select_criteria(query), query, links)


@router.get(
    "/criteria/{slug}",
    response_model=schemas.Criterion,
    responses=ITEM_ERRORS,
    dependencies=[NoParameters],
    summary="Get a criterion",
)
def get_criterion(session: CatalogueDep, slug: Slug) -> Any:
    """One criterion, with the styles and programs that it speaks for."""
    return get_or_404(session, tables.Criterion, slug)


@router.get("/factors", response_model=schemas.FactorPage, responses=LIST_ERRORS, summary="List the factors")
def list_factors(session: CatalogueDep, links: PageLinks, query: Annotated[ListQuery, Query()]) -> Any:
    """The four traits of a situation that, beside the criteria, help to choose a style."""
    return page(session, tables.Factor, select(tables.Factor), query, links)


@router.get(
    "/factors/{slug}",
    response_model=schemas.Factor,
    responses=ITEM_ERRORS,
    dependencies=[NoParameters],
    summary="Get a factor",
)
def get_factor(session: CatalogueDep, slug: Slug) -> Any:
    """One factor, with the styles that it speaks for or against."""
    return get_or_404(session, tables.Factor, slug)


@router.get("/styles", response_model=schemas.StylePage, responses=LIST_ERRORS, summary="List the styles")
def list_styles(session: CatalogueDep, links: PageLinks, query: Annotated[schemas.StyleQuery, Query()]) -> Any:
    """Styles of leading and of managing: when each fits and when it fails."""
    return page(session, tables.Style, queries.select_styles(query), query, links)


@router.get(
    "/styles/{slug}",
    response_model=schemas.Style,
    responses=ITEM_ERRORS,
    dependencies=[NoParameters],
    summary="Get a style",
)
def get_style(session: CatalogueDep, slug: Slug) -> Any:
    """One style, with the criteria and factors that speak for or against it."""
    return get_or_404(session, tables.Style, slug)


@router.get("/skills", response_model=schemas.SkillPage, responses=LIST_ERRORS, summary="List the skills")
def list_skills(session: CatalogueDep, links: PageLinks, query: Annotated[schemas.SkillQuery, Query()]) -> Any:
    """The skills that executive education builds for either kind of role."""
    return page(session, tables.Skill, queries.select_skills(query), query, links)


@router.get(
    "/skills/{slug}",
    response_model=schemas.Skill,
    responses=RETIRABLE_ERRORS,
    dependencies=[NoParameters],
    summary="Get a skill",
)
def get_skill(session: CatalogueDep, slug: Slug, response: Response) -> Any:
    """One skill, with the programs that build it; its ETag is what a change has to name."""
    return tagged(response, schemas.Skill.model_validate(in_force(session, tables.Skill, slug)))


@router.get("/programs", response_model=schemas.ProgramPage, responses=LIST_ERRORS, summary="List the programs")
def list_programs(session: CatalogueDep, links: PageLinks, query: Annotated[schemas.ProgramQuery, Query()]) -> Any:
    """Executive programs by focus, delivery, pace, seniority, length, skill and criterion."""
    program = tables.Program
    fields = {"months": program.months, "modules": program.modules, "school": program.school}
    return page(session, program, queries.select_programs(session, query), query, links, **fields)


@router.get(
    "/programs/{slug}",
    response_model=schemas.Program,
    responses=RETIRABLE_ERRORS,
    dependencies=[NoParameters],
    summary="Get a program",
)
def get_program(session: CatalogueDep, slug: Slug, response: Response) -> Any:
    """One executive program, with its skills and criteria; its ETag is what a change has to name."""
    return tagged(response, schemas.Program.model_validate(in_force(session, tables.Program, slug)))


@router.get("/facts", response_model=schemas.FactPage, responses=LIST_ERRORS, summary="List the facts")
def list_facts(session: CatalogueDep, links: PageLinks, query: Annotated[schemas.FactQuery, Query()]) -> Any:
    """Figures with their sources."""
    return page(session, tables.Fact, select(tables.Fact), query, links, value=tables.Fact.value)


@router.get(
    "/facts/{slug}",
    response_model=schemas.Fact,
    responses=ITEM_ERRORS,
    dependencies=[NoParameters],
    summary="Get a fact",
)
def get_fact(session: CatalogueDep, slug: Slug) -> Any:
    """One figure with its source."""
    return get_or_404(session, tables.Fact, slug)


@router.get(
    "/catalogue",
    response_model=schemas.Catalogue,
    responses=DOCUMENT_ERRORS,
    dependencies=[NoParameters],
    summary="Get everything",
)
def get_catalogue(session: CatalogueDep) -> Any:
    """The whole catalogue as one document."""
    return queries.whole_catalogue(session)
