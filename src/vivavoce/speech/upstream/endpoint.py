"""One upstream server's HTTP end: time-outs, retries before the first sound, the breaker, and clear errors.

The upstream's key is sent as `Authorization: Bearer` and stands in no message: what a server says of a refused key is
not passed on (OpenAI repeats a part of it), and anything else it says has the key cut out.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from vivavoce.breaker import Breaker, BreakerRules, BreakerState
from vivavoce.speech.errors import SpeechRejected, SpeechUnavailable
from vivavoce.speech.upstream.answers import Trouble, refusal, scrubbed
from vivavoce.speech.upstream.retry import RetryRules
from vivavoce.speech.upstream.sound import SoundStream, rate_of
from vivavoce.speech.upstream.wav import WavError

ERROR_LIMIT = 1 << 16
"""Bytes of an error's body that are read; an error page of a proxy can be anything."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an upstream is waited for, in seconds.

    Attributes:
        connect_s: to be connected to.
        first_byte_s: from a request to its first sound, the upstream's queue included.
        between_s: from one piece of sound to the next.
        whole_s: from a request to its last sound.
    """

    connect_s: float = 3.0
    first_byte_s: float = 15.0
    between_s: float = 10.0
    whole_s: float = 180.0


class Endpoint:
    """Where one upstream is reached. Close it with `aclose`.

    Args:
        name: the engine's name here; messages use it.
        url: of the server, with or without `/v1` at its end.
        key: its API key, if it wants one.
        patience, retry, breaker: the rules.
        headers: sent with every request.
        transport: httpx's own seam, for tests.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        key: SecretStr | None = None,
        patience: Patience | None = None,
        retry: RetryRules | None = None,
        breaker: BreakerRules | None = None,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self.url = url.rstrip("/").removesuffix("/v1")
        self.patience = patience or Patience()
        self._retry = retry or RetryRules()
        self._breaker = Breaker(breaker)
        self._key = "" if key is None else key.get_secret_value()
        self._http = httpx.AsyncClient(
            base_url=self.url,
            transport=transport,
            headers={"Accept-Encoding": "identity", **(headers or {}), **self.credentials()},
            # The waits for sound are measured here, around the reads.
            timeout=httpx.Timeout(None, connect=self.patience.connect_s, pool=self.patience.connect_s),
            # A closed stream closes its connection, so speech needs many; the relay bounds the work.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=16),
            # A proxy of the environment is the way out of many networks; but what is not encrypted stays off it.
            trust_env=self.url.startswith("https:"),
        )

    def credentials(self) -> dict[str, str]:
        """The headers that carry the key; none without one."""
        return {"Authorization": f"Bearer {self._key}"} if self._key else {}

    @property
    def breaker(self) -> BreakerState:
        """What happens to the next request."""
        return self._breaker.state(_now())

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def request(self, method: str, path: str, **content: Any) -> httpx.Request:
        """A request to this server, its content as httpx takes it: `json`, `content`, `files`, `data`, `headers`."""
        return self._http.build_request(method, path, **content)

    async def fetch(self, build: Callable[[], httpx.Request], *, extra_s: float = 0.0) -> httpx.Response:
        """The whole answer to a request.

        Args:
            build: makes the request anew for each attempt.
            extra_s: seconds it may take beyond `patience.first_byte_s`.

        Raises:
            SpeechRejected, SpeechBusy, SpeechUnavailable.
        """
        deadline = _now() + self.patience.whole_s
        attempt = 0
        while True:
            attempt += 1
            try:
                with self._counted():
                    by = min(deadline, _now() + self.patience.first_byte_s + extra_s)
                    response = await self._open(build(), by=by)
                    try:
                        await self._read(response, by=by)
                    finally:
                        await response.aclose()
                    return response
            except Trouble as trouble:
                await self._pause(attempt, trouble, deadline)

    async def sound(
        self, build: Callable[[], httpx.Request], *, to_rate: int, rate: int
    ) -> AsyncGenerator[bytes]:
        """The sound that a request is answered with, as it arrives. Closing the iterator closes the request.

        Args:
            build: makes the request anew for each attempt.
            to_rate: Hz of what is given.
            rate: Hz of bare samples whose rate the answer does not say.

        Raises:
            SpeechRejected, SpeechBusy: before the first sound.
            SpeechUnavailable: at any time.
        """
        deadline = _now() + self.patience.whole_s
        attempt = 0
        while True:
            attempt += 1
            began = False
            try:
                with self._counted():
                    pieces = self._sound(build(), to_rate=to_rate, rate=rate, deadline=deadline)
                    async with aclosing(pieces):
                        async for piece in pieces:
                            if not began:
                                began = True
                                self._breaker.succeeded()
                            yield piece
                return
            except Trouble as trouble:
                if began:
                    raise trouble.error from trouble.__cause__
                await self._pause(attempt, trouble, deadline)

    async def probe(self, path: str) -> None:
        """Ask a cheap question, once, whatever the breaker says. Any answer will do, but for that to a wrong key.

        Raises:
            SpeechRejected, SpeechUnavailable: what is wrong.
        """
        try:
            by = _now() + self.patience.connect_s + self.patience.first_byte_s
            response = await self._open(self.request("GET", path), by=by)
            await response.aclose()
        except Trouble as trouble:
            if not trouble.alive:
                raise trouble.error from trouble.__cause__
        except SpeechRejected as error:
            # Not every server has every path.
            if error.reason == "upstream_key":
                raise

    def trouble(self, what: str) -> SpeechUnavailable:
        """An error of this upstream, for clients that talk to it by other ways than HTTP."""
        return SpeechUnavailable(
            f"The upstream {self.name} {scrubbed(what, key=self._key)}.",
            next_step="Try again; if it stays, look at the upstream's own log.",
        )

    @contextmanager
    def guarded(self) -> Generator[Callable[[], None]]:
        """Count a piece of work with the breaker: `SpeechUnavailable` is a failure, leaving early is none.

        Gives what to call when the upstream has shown that it works.

        Raises:
            SpeechUnavailable: the breaker is open.
        """
        try:
            with self._counted():
                try:
                    yield self._breaker.succeeded
                except SpeechUnavailable as error:
                    raise Trouble(error, again=False) from error
        except Trouble as trouble:
            raise trouble.error from trouble.__cause__

    @contextmanager
    def _counted(self) -> Generator[None]:
        if not self._breaker.admit(_now()):
            raise SpeechUnavailable(
                f"The upstream {self.name} failed several times in a row and is left alone"
                f" for another {max(1.0, self._breaker.wait_s(_now())):.0f} s.",
                next_step="Try again then, or use another engine.",
            )
        try:
            yield
        except SpeechRejected:
            self._breaker.succeeded()
            raise
        except Trouble as trouble:
            if trouble.alive:
                self._breaker.succeeded()
            else:
                self._breaker.failed(_now())
            raise
        except BaseException:
            self._breaker.abandoned()
            raise
        self._breaker.succeeded()

    async def _pause(self, attempt: int, trouble: Trouble, deadline: float) -> None:
        """Wait for the next attempt, or raise what the last one came to."""
        wait = None
        if trouble.again:
            wait = self._retry.wait_s(
                attempt,
                retry_after_s=trouble.retry_after_s,
                chance=random.random(),  # noqa: S311  # spreads callers; guards nothing
            )
        if wait is None or _now() + wait >= deadline or self._breaker.wait_s(_now() + wait) > 0:
            raise trouble.error from trouble.__cause__
        await asyncio.sleep(wait)

    async def _sound(
        self, request: httpx.Request, *, to_rate: int, rate: int, deadline: float
    ) -> AsyncGenerator[bytes]:
        by = min(deadline, _now() + self.patience.first_byte_s)
        response = await self._open(request, by=by)
        try:
            await self._must_be_sound(response, by=by)
            stream = SoundStream(to_rate=to_rate, rate=_rate(response) or rate)
            pieces = response.aiter_bytes()
            began = False
            while True:
                try:
                    async with asyncio.timeout_at(by):
                        data = await anext(pieces, None)
                except TimeoutError as error:
                    raise self._late(by >= deadline, began=began) from error
                except httpx.HTTPError as error:
                    raise self._broken("broke off", error) from error
                try:
                    piece = stream.finish() if data is None else stream.feed(data)
                except WavError as error:
                    raise Trouble(self.trouble(f"sent {error}"), again=False) from error
                if piece:
                    began = True
                    given = _now()
                    yield piece
                    # What the caller takes its time for is not the server's fault.
                    deadline += _now() - given
                if data is None:
                    break
                if began:
                    by = min(deadline, _now() + self.patience.between_s)
            if not began:
                raise Trouble(self.trouble("answered without any sound"), again=True)
        finally:
            await response.aclose()

    async def _open(self, request: httpx.Request, *, by: float) -> httpx.Response:
        """The head of a good answer; a bad one is a `SpeechRejected` or trouble."""
        try:
            async with asyncio.timeout_at(by):
                response = await self._http.send(request, stream=True)
        except TimeoutError as error:
            raise self._late(False, began=False) from error
        except httpx.HTTPError as error:
            raise self._broken("cannot be reached", error) from error
        if response.is_success:
            return response
        try:
            body = await self._error_body(response, by=by)
        finally:
            await response.aclose()
        raise refusal(self.name, response, body, key=self._key)

    async def _read(self, response: httpx.Response, *, by: float) -> None:
        try:
            async with asyncio.timeout_at(by):
                await response.aread()
        except TimeoutError as error:
            raise self._late(False, began=False) from error
        except httpx.HTTPError as error:
            raise self._broken("broke off", error) from error

    async def _error_body(self, response: httpx.Response, *, by: float) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout_at(by):
                async for data in response.aiter_bytes():
                    body += data
                    if len(body) > ERROR_LIMIT:
                        break
        except (TimeoutError, httpx.HTTPError):
            # The status has been said; what is missing is only its explanation.
            pass
        return bytes(body[:ERROR_LIMIT])

    async def _must_be_sound(self, response: httpx.Response, *, by: float) -> None:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind.endswith("json") or kind.startswith("text/"):
            # vLLM-Omni before 0.17 answered errors with status 200: `return base_server.create_error_response(…)`
            # straight from the route (vllm_omni/entrypoints/openai/api_server.py, `create_speech`).
            body = await self._error_body(response, by=by)
            raise refusal(self.name, response, body, key=self._key)

    def _late(self, whole: bool, *, began: bool) -> Trouble:
        if whole:
            what = f"did not finish within {self.patience.whole_s:g} s"
        elif began:
            what = f"sent no more sound for {self.patience.between_s:g} s and then was given up"
        else:
            what = f"gave no sound within {self.patience.first_byte_s:g} s"
        # It may be at work on the request still: another one would only make it slower.
        return Trouble(self.trouble(what), again=False)

    def _broken(self, what: str, error: httpx.HTTPError) -> Trouble:
        return Trouble(self.trouble(f"{what}: {str(error) or type(error).__name__}"), again=True)


def _rate(response: httpx.Response) -> int | None:
    named = response.headers.get("x-sample-rate", "")
    return rate_of(response.headers.get("content-type", "")) or rate_of(f";rate={named}")


def _now() -> float:
    return asyncio.get_running_loop().time()
