"""/docs without a foreign request: a small page of ours around the unchanged Swagger UI files."""

import html
import json
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

router = APIRouter(include_in_schema=False)

ASSETS = StaticFiles(directory=Path(__file__).parent / "swagger-ui")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="docs/assets/swagger-ui.css">
</head><body><div id="swagger-ui"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script><script src="docs/init.js"></script></body></html>
"""


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The documentation page."""
    page = PAGE.format(title=html.escape(request.app.title))
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})


@router.get("/docs/init.js")
async def docs_init() -> Response:
    """Starts Swagger UI on this page; a file of its own because the policy forbids inline scripts."""
    settings = {
        "url": "openapi.json",
        "dom_id": "#swagger-ui",
        "validatorUrl": None,
        "deepLinking": True,
        "tryItOutEnabled": True,
        "displayRequestDuration": True,
        "defaultModelsExpandDepth": 0,
    }
    return Response(f"window.ui = SwaggerUIBundle({json.dumps(settings)});", media_type="text/javascript")
