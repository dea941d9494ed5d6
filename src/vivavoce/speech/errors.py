"""What goes wrong between a caller, the speech server and its engines."""

from __future__ import annotations

from typing import ClassVar

from vivavoce.errors import VivavoceError


class SpeechError(VivavoceError):
    """Any failure of speech work."""

    code = "speech_error"


class SpeechUnavailable(SpeechError):
    """The server cannot be reached, is loading, or broke off: the same request may succeed later."""

    code = "speech_unavailable"


class SpeechRejected(SpeechError):
    """The request cannot succeed as it is: a text too long, an unknown voice, sound that is no sound.

    Attributes:
        reason: the server's code for it, such as `voice_unknown`.
        param: the part of the request that is at fault, if one is.
    """

    code = "speech_rejected"

    def __init__(
        self, what: str, *, next_step: str, reason: str = "invalid_request", param: str | None = None
    ) -> None:
        super().__init__(what, next_step=next_step)
        self.reason = reason
        self.param = param


class ModelUnknown(SpeechError):
    """No engine of that name runs here."""

    code = "model_not_found"


class SpeechBusy(SpeechError):
    """Too much work waits already.

    Attributes:
        retry_after_s: seconds after which another try makes sense.
    """

    code = "speech_busy"

    def __init__(self, what: str, *, next_step: str, retry_after_s: float = 1.0) -> None:
        super().__init__(what, next_step=next_step)
        self.retry_after_s = retry_after_s


class SpeechDropped(SpeechBusy):
    """A partial transcription that came too late to be of use and was not made."""

    code = "speech_dropped"


class EngineFailed(SpeechError):
    """The engine's library failed on one request; others go on.

    Raised by engines in the worker process and shown to the caller as a server error.
    """

    code = "engine_failed"


class EngineDied(SpeechUnavailable):
    """The engine's process ended while it worked on this; it is being restarted."""

    code = "engine_died"


class EngineNotReady(SpeechUnavailable):
    """The engine is loading, or could not be loaded."""

    code = "engine_not_ready"


class EngineNotInstalled(SpeechError):
    """A library that the engine needs is not installed."""

    code: ClassVar[str] = "engine_not_installed"
