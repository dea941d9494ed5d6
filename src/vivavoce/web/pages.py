"""The pages: one document for every address a participant may open, and its assets, as Vite built them."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).with_name("static")

# Vite puts a hash of the content into every name under assets/.
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"

_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Viva Voce: pages not built</title>
<h1>The pages have not been built</h1>
<p>The server runs, but the pages are missing from this installation. In a checkout, run <code>make pages</code> and
reload. A wheel brings them: install one built with <code>make</code>.</p></html>
"""


class _Assets(StaticFiles):
    async def check_config(self) -> None:
        """The folder may not be there yet; nothing is found in it then."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code in (200, 206, 304):
            response.headers["Cache-Control"] = IMMUTABLE
        return response


def install(app: FastAPI, static: Path = STATIC) -> None:
    """Serve the pages built into `static`. They may be built while the server runs."""
    index = static / "index.html"

    async def page() -> Response:
        if not index.is_file():
            return HTMLResponse(_NOT_BUILT, status_code=503, headers={"Cache-Control": "no-store"})
        return FileResponse(index, headers={"Cache-Control": REVALIDATE})

    for path in ("/", "/i/{invitation}"):
        app.add_api_route(
            path, page, methods=["GET", "HEAD"], include_in_schema=False, response_class=HTMLResponse
        )
    app.mount("/assets", _Assets(directory=static / "assets", check_dir=False), name="assets")
