"""GET /v1/privacy, open to everybody."""

from fastapi import APIRouter

from app.dependencies import NoParameters
from app.errors import NOT_MODIFIED, responses
from app.privacy.statement import Privacy, statement

router = APIRouter(prefix="/v1", tags=["privacy"])


@router.get(
    "/privacy",
    response_model=Privacy,
    responses=NOT_MODIFIED | responses(405, 413, 422),
    dependencies=[NoParameters],
    summary="Privacy and intended use",
)
async def get_privacy() -> Privacy:
    """What the service is for and what it must not be used for, what it stores and how long, and people's rights."""
    return statement()
