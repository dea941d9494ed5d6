"""What every HTTP call gets: errors in OpenAI's shape, HEAD where there is GET, and an answer to OPTIONS."""

from __future__ import annotations

import logging
from typing import Any, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from vivavoce.errors import VivavoceError
from vivavoce.speech.error_bodies import INTERNAL, failure, invalid

log = logging.getLogger(__name__)


class Courtesy:
    """ASGI middleware: a HEAD is answered like the GET, whose body the server then leaves out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


def add_error_handlers(app: FastAPI) -> None:
    """Have all errors answered in OpenAI's shape."""
    app.add_exception_handler(VivavoceError, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_fault)


async def upgrade_required(request: Request) -> Response:
    """The answer to a plain request where a WebSocket is."""
    return invalid(f"{request.url.path} is a WebSocket.", status=426, code="websocket_only").response(
        headers={"Upgrade": "websocket", "Connection": "Upgrade"}
    )


async def _on_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, VivavoceError)
    return failure(error).response()


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = cast("dict[str, Any]", error.errors()[0])
    where = ".".join(str(step) for step in first["loc"] if step not in ("body", "query"))
    return invalid(f"{where or 'The request'} does not fit: {first['msg']}.", param=where or None).response()


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code != 405:
        code = "not_found" if error.status_code == 404 else "invalid_request"
        what = f"There is nothing at {request.url.path}." if error.status_code == 404 else str(error.detail)
        return invalid(what, status=error.status_code, code=code).response(headers=error.headers)
    allowed = ", ".join(_methods(request))
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": allowed})
    return invalid(
        f"{request.url.path} takes {allowed}, not {request.method}.",
        status=405,
        code="method_not_allowed",
    ).response(headers={"Allow": allowed})


async def _on_fault(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return INTERNAL.response()


def _methods(request: Request) -> list[str]:
    """The methods that some route has for this path."""
    found = {"OPTIONS"}
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return sorted(found | {"HEAD"} if "GET" in found else found)
