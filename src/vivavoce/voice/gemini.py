"""Google's Gemini by LiveKit's plug-in, with the signatures that our histories lack. Needs the extra `google`.

Gemini 3 signs its calls and refuses a history with unsigned ones (400, "missing a thought_signature"). Ours is made
from the session's log, which keeps what was called and answered and no provider's secrets, and may hold calls of
another model. For those Google has a placeholder that says so
(https://ai.google.dev/gemini-api/docs/thought-signatures, FAQ).
"""

from __future__ import annotations

import re
from typing import Any

from google.genai import types
from livekit.agents import NOT_GIVEN, NotGivenOr
from livekit.plugins import google

UNSIGNED = b"skip_thought_signature_validator"
"""Google's placeholder for a call whose signature is not known."""

SIGNS_SINCE = 3
"""The first generation of Gemini that insists on signatures."""


class _Signatures(dict[str, bytes]):
    """What the plug-in keeps signatures in. It keeps none: its calls have other names in our log."""

    def __init__(self, placeholder: bytes | None) -> None:
        super().__init__()
        self._placeholder = placeholder

    def __bool__(self) -> bool:
        return self._placeholder is not None

    def __setitem__(self, call_id: str, signature: bytes) -> None:
        pass

    def get(self, call_id: str, default: Any = None) -> Any:
        """The placeholder, whatever the call."""
        return self._placeholder


class GeminiLLM(google.LLM):
    """A model of the Gemini API, or of Vertex AI.

    Args:
        model: its name.
        api_key: of the Gemini API; None: from `GOOGLE_API_KEY`.
        project: of Vertex AI, which has its credentials from Google's own chain; None: the Gemini API.
        location: of Vertex AI.
        base_url: where the API is; None: Google's own.
        temperature: of the model.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str | None,
        project: str | None,
        location: str | None,
        base_url: str | None,
        temperature: NotGivenOr[float],
    ) -> None:
        super().__init__(
            model=model,
            api_key=api_key or NOT_GIVEN,
            vertexai=project is not None,
            project=project or NOT_GIVEN,
            location=location or NOT_GIVEN,
            temperature=temperature,
            http_options=types.HttpOptions(
                base_url=base_url, retry_options=types.HttpRetryOptions(attempts=1)
            ),
        )
        generation = re.search(r"gemini-(\d+)", model)
        signs = generation is not None and int(generation[1]) >= SIGNS_SINCE
        self._thought_signatures = _Signatures(UNSIGNED if signs else None)

    async def aclose(self) -> None:
        """Close its connections."""
        await super().aclose()
        await self._client.aio.aclose()
