"""/ in a browser: one page of ours over the public API, without a build step or a foreign request."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

router = APIRouter(include_in_schema=False)

ASSETS = StaticFiles(directory=Path(__file__).parent / "assets")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types"
)
PAGE = (Path(__file__).parent / "index.html").read_text(encoding="utf-8")


@router.get("/")
async def explorer() -> HTMLResponse:
    """The explorer."""
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})
