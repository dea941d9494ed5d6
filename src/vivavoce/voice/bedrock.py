"""AWS Bedrock by LiveKit's plug-in, with what it lacks: an endpoint of one's own, time-outs, one client for all.

The plug-in speaks ConverseStream
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html). It makes a client for every
request, which would cost each reply 50 ms of computing and a TLS handshake, leaves it to that client's end to stop an
answer, and leaves botocore's retries on, which would keep a fallback waiting. Needs the extra `aws`.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiobotocore.session import AioSession
from botocore.config import Config
from livekit.agents import NotGivenOr
from livekit.plugins import aws

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

CONNECT_S = 3.0
"""Seconds to connect."""

CONNECTIONS = 64
"""Requests at once; more than a host has places."""


class _Requests:
    """A client, and what has been asked of it: the plug-in leaves it to the client's end to stop an answer."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._streams: list[Any] = []

    async def converse_stream(self, **options: Any) -> Any:
        """Ask for an answer."""
        response = await self._client.converse_stream(**options)
        self._streams.append(response["stream"])
        return response

    def leave(self) -> None:
        """Close the answers that have not come to their end, so that the model is not paid for talking to nobody."""
        for stream in self._streams:
            stream.close()


class _OneClientSession(AioSession):
    """A session whose clients are one, made when it is first wanted."""

    def __init__(self, *, endpoint: str | None, read_timeout_s: float) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._client_config = Config(
            connect_timeout=CONNECT_S,
            read_timeout=read_timeout_s,
            retries={"total_max_attempts": 1},
            max_pool_connections=CONNECTIONS,
        )
        self._stack = AsyncExitStack()
        self._making = asyncio.Lock()
        self._client: Any = None

    def create_client(self, service_name: str, **options: Any) -> Any:
        """The one client; leaving the context closes nothing."""
        return self._shared(service_name, **options)

    @asynccontextmanager
    async def _shared(self, service_name: str, **options: Any) -> AsyncGenerator[Any]:
        async with self._making:
            if self._client is None:
                config = self._client_config
                if "config" in options:
                    config = options.pop("config").merge(config)
                made = super().create_client(
                    service_name, endpoint_url=self._endpoint, config=config, **options
                )
                self._client = await self._stack.enter_async_context(made)
        requests = _Requests(self._client)
        try:
            yield requests
        finally:
            requests.leave()

    async def aclose(self) -> None:
        """Close its connections."""
        await self._stack.aclose()
        self._client = None


class BedrockLLM(aws.LLM):
    """A model of Bedrock.

    Args:
        model: its id, or the ARN of an inference profile.
        region: of AWS; None: from AWS's own variables and files, as the credentials are.
        endpoint: where Bedrock is; None: the region's own.
        temperature: of the model.
        read_timeout_s: seconds without a byte.
    """

    def __init__(
        self,
        model: str,
        *,
        region: str | None,
        endpoint: str | None,
        temperature: NotGivenOr[float],
        read_timeout_s: float,
    ) -> None:
        session = _OneClientSession(endpoint=endpoint, read_timeout_s=read_timeout_s)
        if region is not None:
            session.set_config_variable("region", region)
        super().__init__(model=model, temperature=temperature, session=session)
        self._one_client = session

    async def aclose(self) -> None:
        """Close its connections."""
        await super().aclose()
        await self._one_client.aclose()
