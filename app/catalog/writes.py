"""The endpoints that change programs and skills; each needs an API key with the scope admin."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from app.access.dependencies import ADMIN
from app.access.keys import Caller
from app.bodies import JSONRoute, MergePatchRoute
from app.catalog import editing, schemas
from app.catalog.dependencies import IfMatch
from app.catalog.editing import PROGRAM, SKILL, Target
from app.catalog.entity_tags import tagged
from app.catalog.inputs import ProgramGiven, ProgramPatch, RetireQuery, SkillGiven, SkillPatch
from app.dependencies import EngineDep, NoParameters
from app.errors import responses
from app.pagination import PRINTABLE

creating = APIRouter(prefix="/v1", tags=["own catalogue"], route_class=JSONRoute)
changing = APIRouter(prefix="/v1", tags=["own catalogue"], route_class=MergePatchRoute)
retiring = APIRouter(prefix="/v1", tags=["own catalogue"])
routers = (creating, changing, retiring)

Admin = Annotated[Caller, ADMIN]
Slug = Annotated[str, Path(max_length=1000, pattern=PRINTABLE, description="The slug of the item.")]
Retirement = Annotated[RetireQuery, Query()]


async def get_target(engine: EngineDep, caller: Admin, slug: Slug, if_match: IfMatch = None) -> Target:
    """What the request means to change."""
    return Target(engine, caller.tenant, slug, if_match)


TargetDep = Annotated[Target, Depends(get_target)]
ProgramChange = Annotated[ProgramPatch, Body(media_type=MergePatchRoute.media_type)]
SkillChange = Annotated[SkillPatch, Body(media_type=MergePatchRoute.media_type)]

CREATE_ERRORS = responses(400, 405, 409, 413, 415, 422)
CHANGE_ERRORS = responses(400, 404, 405, 410, 412, 413, 415, 422, 428)
RETIRE_ERRORS = responses(404, 405, 410, 412, 413, 422, 428)


@creating.post(
    "/programs",
    status_code=201,
    response_model=schemas.Program,
    responses=CREATE_ERRORS,
    dependencies=[NoParameters],
    summary="Add a program",
)
def create_program(engine: EngineDep, caller: Admin, program: ProgramGiven, response: Response) -> Any:
    """Keeps a program of your organisation; scoring recommends it where its criteria are found."""
    response.headers["Location"] = f"/v1/programs/{program.slug}"
    return tagged(response, editing.create(engine, caller.tenant, PROGRAM, program))


@changing.patch(
    "/programs/{slug}",
    response_model=schemas.Program,
    responses=CHANGE_ERRORS,
    dependencies=[NoParameters],
    summary="Change a program",
)
def change_program(target: TargetDep, patch: ProgramChange, response: Response) -> Any:
    """Applies a merge patch to the program that If-Match names; of two at once, one wins and the other gets 412."""
    return tagged(response, editing.change(PROGRAM, target, patch))


@retiring.delete(
    "/programs/{slug}", response_model=schemas.Tombstone, responses=RETIRE_ERRORS, summary="Retire a program"
)
def retire_program(target: TargetDep, query: Retirement) -> Any:
    """Takes the program out of lists and advice for good; its path then answers 410 with this tombstone."""
    return editing.retire(PROGRAM, target, query.successor)


@creating.post(
    "/skills",
    status_code=201,
    response_model=schemas.Skill,
    responses=CREATE_ERRORS,
    dependencies=[NoParameters],
    summary="Add a skill",
)
def create_skill(engine: EngineDep, caller: Admin, skill: SkillGiven, response: Response) -> Any:
    """Keeps a skill of your organisation, for your programs to name."""
    response.headers["Location"] = f"/v1/skills/{skill.slug}"
    return tagged(response, editing.create(engine, caller.tenant, SKILL, skill))


@changing.patch(
    "/skills/{slug}",
    response_model=schemas.Skill,
    responses=CHANGE_ERRORS,
    dependencies=[NoParameters],
    summary="Change a skill",
)
def change_skill(target: TargetDep, patch: SkillChange, response: Response) -> Any:
    """Applies a merge patch to the skill that If-Match names; of two at once, one wins and the other gets 412."""
    return tagged(response, editing.change(SKILL, target, patch))


@retiring.delete("/skills/{slug}", response_model=schemas.Tombstone, responses=RETIRE_ERRORS, summary="Retire a skill")
def retire_skill(target: TargetDep, query: Retirement) -> Any:
    """Takes the skill out of lists for good; programs that named it go on without it."""
    return editing.retire(SKILL, target, query.successor)
