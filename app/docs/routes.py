"""/docs without a foreign request: a page of ours around the unchanged Swagger UI files, and /docs/reading."""

import html
import json
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

from app.docs import guides, reading

router = APIRouter(include_in_schema=False)

HERE = Path(__file__).parent
ASSETS = StaticFiles(directory=HERE / "swagger-ui")
STYLE = StaticFiles(directory=HERE / "style")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
READING_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title}</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/assets/swagger-ui.css"><link rel="stylesheet" href="docs/style/docs.css">
</head><body><noscript>This page needs scripts; <a href="docs/reading">the reading view</a> does not.</noscript>
<div id="swagger-ui"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script><script src="docs/init.js"></script></body></html>
"""
INIT = """const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
window.ui = SwaggerUIBundle({settings});
"""


@router.get("/openapi.json")
def openapi(request: Request) -> Response:
    """The OpenAPI document, as bytes that the first request for them makes."""
    return Response(request.app.state.openapi_json(), media_type="application/json")


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The documentation page."""
    page = PAGE.format(title=html.escape(request.app.title))
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})


@router.get("/docs/init.js")
async def docs_init() -> Response:
    """Starts Swagger UI, dark where the reader's system is; a file of its own as the policy forbids inline scripts."""
    settings = {
        "url": "openapi.json",
        "dom_id": "#swagger-ui",
        "validatorUrl": None,
        "deepLinking": True,
        "tryItOutEnabled": True,
        "displayRequestDuration": True,
        "defaultModelsExpandDepth": 0,
    }
    return Response(INIT.replace("{settings}", json.dumps(settings)), media_type="text/javascript")


@router.get("/docs/reading")
def docs_reading(request: Request) -> HTMLResponse:
    """The same document to read and to print, without scripts."""
    return HTMLResponse(reading.render(request.app.openapi()), headers={"Content-Security-Policy": READING_POLICY})


@router.get("/docs/quickstart")
def docs_quickstart() -> HTMLResponse:
    """From nothing to a scored survey."""
    return HTMLResponse(guides.guide("quickstart"), headers={"Content-Security-Policy": READING_POLICY})


@router.get("/docs/operating")
def docs_operating() -> HTMLResponse:
    """Containers, proxies, TLS, backup, upgrade."""
    return HTMLResponse(guides.guide("operating"), headers={"Content-Security-Policy": READING_POLICY})


@router.get("/docs/performance")
def docs_performance() -> HTMLResponse:
    """How cost grows with length, number and size."""
    return HTMLResponse(guides.performance(), headers={"Content-Security-Policy": READING_POLICY})


@router.get("/docs/mistakes")
def docs_mistakes() -> HTMLResponse:
    """Every error code, its cause, and what to do."""
    return HTMLResponse(guides.mistakes(), headers={"Content-Security-Policy": READING_POLICY})
