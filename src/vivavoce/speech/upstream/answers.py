"""What an upstream's bad answers mean to us: which error of ours, and whether to try again. No I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import httpx

from vivavoce.speech.errors import SpeechBusy, SpeechError, SpeechRejected, SpeechUnavailable
from vivavoce.speech.upstream.retry import retry_after_s

MESSAGE_LIMIT = 300
"""Characters of an upstream's own words that are passed on."""

_PARAMS = ("input", "voice", "model", "speed", "language", "prompt", "file", "response_format")


class Trouble(Exception):
    """One attempt failed in a way that another one may not.

    Attributes:
        error: what the caller is told if there is no other attempt.
        again: whether another attempt can help.
        alive: whether the server answered all the same.
        retry_after_s: seconds that it asked to wait, if it did.
    """

    def __init__(
        self, error: SpeechError, *, again: bool, alive: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(error.what)
        self.error = error
        self.again = again
        self.alive = alive
        self.retry_after_s = retry_after_s


def refusal(name: str, response: httpx.Response, body: bytes, *, key: str) -> SpeechRejected | Trouble:
    """What an answer without sound comes to, by its status, or by the one that its body names.

    Args:
        name: the upstream's, for messages.
        response: the head of the answer.
        body: as much of the body as was read.
        key: the upstream's key, to be cut out of its words; "" without one.
    """
    said = Said.read(body)
    status = response.status_code if not response.is_success else said.status or 0
    message = scrubbed(said.message, key=key) or response.reason_phrase or "no reason given"
    asked_s = retry_after_s(response.headers, now=datetime.now(UTC))
    if status in (401, 403):
        # Not its own words: OpenAI repeats a part of the key in them.
        return SpeechRejected(
            f"The upstream {name} does not accept the key it was given ({status}).",
            next_step=f"Set speech.upstreams.{name}.api_key.",
            reason="upstream_key",
        )
    if status == 429 and said.code != "insufficient_quota":
        busy = SpeechBusy(
            f"The upstream {name} is full: {message}.",
            next_step="Try again shortly.",
            retry_after_s=asked_s or 1.0,
        )
        return Trouble(busy, again=True, alive=True, retry_after_s=asked_s)
    if status in (404, 405):
        return SpeechRejected(
            f"The upstream {name} does not have this ({status}): {message}.",
            next_step=f"Check the voice, and url, kind and model under speech.upstreams.{name}.",
            reason="upstream_unknown",
            param=said.param if said.param in _PARAMS else None,
        )
    if 400 <= status < 500:
        return SpeechRejected(
            f"The upstream {name} refused this ({status}): {message}.",
            next_step=f"Change the request, or the settings under speech.upstreams.{name}.",
            reason="upstream_refused",
            param=said.param if said.param in _PARAMS else None,
        )
    if status >= 500:
        failed = SpeechUnavailable(
            f"The upstream {name} failed ({status}): {message}.",
            next_step="Try again; if it stays, look at the upstream's own log.",
        )
        return Trouble(failed, again=True, retry_after_s=asked_s)
    stranger = SpeechUnavailable(
        f"What answers as the upstream {name} is no speech server ({response.status_code}).",
        next_step=f"Check speech.upstreams.{name}.url and kind.",
    )
    return Trouble(stranger, again=False)


def scrubbed(text: str, *, key: str) -> str:
    """Words for people: one line, not too long, without the key, without a full stop."""
    if key:
        text = text.replace(key, "…")
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= MESSAGE_LIMIT else text[:MESSAGE_LIMIT] + "…"


@dataclass(frozen=True, slots=True)
class Said:
    """What an error's body says.

    Attributes:
        message: for people; "" when there is none.
        code: of the error, as text.
        param: the part of the request at fault.
        status: the HTTP status that the body names.
    """

    message: str = ""
    code: str = ""
    param: str | None = None
    status: int | None = None

    @staticmethod
    def read(body: bytes) -> Said:
        """Any of the shapes that are about, or plain text.

        OpenAI and vLLM: `{"error": {"message", "type", "param", "code"}}`, where vLLM's code is the status; older vLLM:
        the same without `error`. FastAPI: `{"detail": text or list}`. Fish Speech: `{"statusCode", "message",
        "error": phrase}` (tools/server/exception_handler.py).
        """
        try:
            content = json.loads(body)
        except ValueError:
            text = body.decode(errors="replace").strip()
            return Said("" if text.startswith("<") else text)
        if not isinstance(content, dict):
            return Said(str(content))
        fields = cast("dict[str, Any]", content)
        error = fields.get("error")
        inner = cast("dict[str, Any]", error) if isinstance(error, dict) else fields
        code = inner.get("code", fields.get("statusCode"))
        message = inner.get("message") or inner.get("detail") or error or ""
        param = inner.get("param")
        return Said(
            message if isinstance(message, str) else json.dumps(message),
            "" if code is None else str(code),
            param if isinstance(param, str) else None,
            code if isinstance(code, int) and 400 <= code < 600 else None,
        )
