"""The API's OpenAPI description: `python -m vivavoce.web.openapi > web/openapi.json`."""

from __future__ import annotations

import json
from typing import Any

from prometheus_client import CollectorRegistry

from vivavoce.session.clock import SystemClock
from vivavoce.web.app import bare_app
from vivavoce.web.health import Readiness


def document() -> dict[str, Any]:
    """The description, without anything that depends on an installation."""
    return bare_app(Readiness({}, SystemClock()), CollectorRegistry()).openapi()


def dump() -> str:
    """The description as it is committed: stable JSON, one line break at its end."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(dump(), end="")
