"""Llama Guard 3 behind any OpenAI-compatible server.

The model is asked as its card says: the participant's message, then the moderator's, which is the one it judges. It
answers `safe`, or `unsafe` and on the next line the hazards, `S1` to `S13`, with commas between them
(https://www.llama.com/docs/model-cards-and-prompt-formats/llama-guard-3/). Contents are typed parts, which the 1B
model's chat template insists on; vLLM flattens them for templates that want text
(https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Literal

import httpx
from pydantic import BaseModel, Field, ValidationError

from vivavoce.moderator.counting import BYTES_A_TOKEN
from vivavoce.moderator.guard.judge import Exchange, GuardUnavailable, GuardUnreadable
from vivavoce.protocol.guard import HAZARDS
from vivavoce.session.usage import Use, Used, unmetered

MOST_TOKENS = 64
"""Of an answer: all thirteen hazards are 52."""

TEMPLATE_TOKENS = 300
"""What the model's own template puts around an exchange, for our own count: its hazards and its task are 1,000 letters
(same card)."""

MOST_BYTES = 65_536
"""Of an HTTP answer; a verdict's is below 1 KiB."""

CONNECT_S = 1.0
IDLE_S = 10.0
"""How long httpx waits at each step. What counts is the chain's deadline, which is shorter."""

HTTP_OK = 200

SHOWN = 80
"""Characters of a wrong answer that an error quotes."""

_VERDICT = re.compile(r"\s*(?:safe|unsafe[ \t]*\n\s*(S\d{1,2}(?:[ \t]*,[ \t]*S\d{1,2})*))\s*")


class _Message(BaseModel):
    content: str


class _Choice(BaseModel):
    message: _Message
    finish_reason: Literal["stop"]


class _Completion(BaseModel):
    choices: tuple[_Choice]


class _Cached(BaseModel):
    cached_tokens: int | None = Field(default=None, ge=0)


class _Usage(BaseModel):
    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)
    prompt_tokens_details: _Cached | None = None


class _Counted(BaseModel):
    usage: _Usage


def read_verdict(text: str) -> tuple[str, ...]:
    """The hazards of an answer; none of `safe`.

    Raises:
        ValueError: it is not in the format, to the letter.
    """
    found = _VERDICT.fullmatch(text)
    if found is None:
        raise ValueError("neither `safe` nor `unsafe` with its hazards")
    hazards = tuple(re.findall(r"S\d+", found[1] or ""))
    unknown = [hazard for hazard in hazards if hazard not in HAZARDS]
    if unknown:
        raise ValueError(f"there is no hazard {unknown[0]}")
    return tuple(dict.fromkeys(hazards))


class LlamaGuard:
    """A Llama Guard 3 at a server. Nothing is connected before the first question; `aclose` when done.

    Args:
        name: of its profile.
        base_url: of the server's OpenAI-compatible API.
        model: its name there.
        api_key: if the server wants one.
    """

    def __init__(self, name: str, *, base_url: str, model: str, api_key: str | None = None) -> None:
        self._name = name
        self._model = model
        self._used: Used = unmetered
        self._client = httpx.AsyncClient(
            base_url=f"{base_url}/",
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx.Timeout(IDLE_S, connect=CONNECT_S),
            trust_env=False,
            # Reading the machine's certificates takes 60 ms of the event loop.
            verify=base_url.startswith("https:"),
        )

    @property
    def name(self) -> str:
        """Of its profile."""
        return self._name

    def counted(self, used: Used) -> LlamaGuard:
        """The same judge, over the same connections, that tells what it uses."""
        judge = copy.copy(self)
        judge._used = used
        return judge

    async def hazards(self, exchange: Exchange) -> tuple[str, ...]:
        """What Llama Guard finds in a reply. Raises GuardUnavailable, GuardUnreadable."""
        said = [("user", exchange.participant or "…"), ("assistant", exchange.reply)]
        request = {
            "model": self._model,
            "messages": [{"role": role, "content": [{"type": "text", "text": text}]} for role, text in said],
            "temperature": 0,
            "max_tokens": MOST_TOKENS,
        }
        body = bytearray()
        asked = True
        try:
            await self._ask(request, body)
        except GuardUnavailable:
            asked = bool(body)  # of an answer that never began nothing is charged
            raise
        finally:
            if asked:
                self._used(self._use(exchange, bytes(body)))
        try:
            return read_verdict(_Completion.model_validate_json(body).choices[0].message.content)
        except (ValidationError, ValueError) as error:
            shown = body[:SHOWN].decode("utf-8", "replace")
            raise GuardUnreadable(
                f"The guard model of profile {self._name!r} gave no verdict but {shown!r}.",
                next_step="See that its profile names a Llama Guard 3, and its server uses the model's own template.",
            ) from error

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _ask(self, request: Mapping[str, object], body: bytearray) -> None:
        try:
            async with self._client.stream("POST", "chat/completions", json=request) as response:
                if response.status_code != HTTP_OK:
                    raise self._unavailable(f"answered with status {response.status_code}")
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise self._unavailable("answered without end")
        except httpx.HTTPError as error:
            raise self._unavailable(f"failed: {error or type(error).__name__}") from error

    def _use(self, exchange: Exchange, body: bytes) -> Use:
        """What a request used: the server's count; ours, rather too high, where the answer has none or did not come."""
        try:
            usage = _Counted.model_validate_json(body).usage
        except ValidationError:
            told = len((exchange.participant + exchange.reply).encode(errors="replace"))
            return Use(
                "guard",
                self._name,
                input_tokens=TEMPLATE_TOKENS + -(-told // BYTES_A_TOKEN),
                output_tokens=MOST_TOKENS,
                counted_by="us",
            )
        cached = usage.prompt_tokens_details and usage.prompt_tokens_details.cached_tokens
        return Use(
            "guard",
            self._name,
            input_tokens=usage.prompt_tokens,
            cached_tokens=cached or 0,
            output_tokens=usage.completion_tokens,
        )

    def _unavailable(self, how: str) -> GuardUnavailable:
        return GuardUnavailable(
            f"The guard server of profile {self._name!r} {how}.",
            next_step="Look at that server; nothing that a model says is heard meanwhile.",
        )
