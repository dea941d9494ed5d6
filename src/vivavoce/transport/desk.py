"""The desk: a session's stable sound end. Lines come and go, the desk and the `AgentSession` stay."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from vivavoce.transport import capture, playout
from vivavoce.transport.capture import CaptureInput
from vivavoce.transport.line import EndReason, Line
from vivavoce.transport.messages import Message
from vivavoce.transport.playout import HeardText, PlayoutOutput
from vivavoce.transport.resample import Resampler
from vivavoce.transport.timeline import ArrivalClock

QUIET_AFTER_S = 2.0
"""Seconds without any sound from the participant after which the utterance under way is taken to be over. Longer than a
stall of the network, which must not end a turn."""

QUIET_S = 1.5
"""Seconds of silence given to the session then, so that voice activity detection ends the utterance."""


class SoundKeeper(Protocol):
    """What the desk needs of a recorder: see `transport.recording.Recorder`."""

    def participant(self, pcm: bytes, at_s: float) -> None:
        """Keep participant's sound, s16le mono at 48 kHz, that begins at `at_s` of the session clock."""
        ...

    def moderator(self, pcm: bytes, at_s: float) -> None:
        """Keep the agent's sound, s16le mono at 48 kHz, that begins at `at_s` of the session clock."""
        ...


@dataclass(frozen=True, slots=True)
class DeskCounters:
    """What went over a desk so far.

    Args:
        lines: lines attached, reconnections included.
        heard_s: seconds of participant's sound taken.
        refused_s: seconds of participant's sound not taken because the gate was closed or the microphone muted.
        spoken_s: seconds of the agent's sound given out.
        frames_dropped: frames of 20 ms the session did not read in time.
        underruns: times the agent's speech ran dry in the middle.
    """

    lines: int
    heard_s: float
    refused_s: float
    spoken_s: float
    frames_dropped: int
    underruns: int


class Desk:
    """A session's sound, whatever line carries it.

    Starts with its gate closed: until `gate_open` is set (consent given, session active) nothing of the participant is
    heard or recorded. While no line is attached the agent's speech is held, not lost. Lives on the event loop.

    Args:
        recorder: keeps both voices; None records nothing.
        session_time: seconds on the session clock; by default, seconds since the desk was made.
        heard_text: words heard up to a position of the speech being played (see `PlayoutOutput`).
    """

    def __init__(
        self,
        recorder: SoundKeeper | None = None,
        *,
        session_time: Callable[[], float] | None = None,
        heard_text: HeardText | None = None,
    ) -> None:
        self.recorder = recorder
        self.input = CaptureInput()
        self.output = PlayoutOutput(heard_text=heard_text)
        self.output.hold()
        self.gate_open = False
        self.muted = False
        self.on_attached: Callable[[Line], None] | None = None
        """Told, on the event loop, of every line whose sound begins to flow; must not block."""
        self._session_time = session_time or _since(time.monotonic())
        self._line: Line | None = None
        self._lines = 0
        self._heard_s = self._refused_s = self._spoken_s = 0.0
        self._unheard_s = 0.0
        self._hearing, self._speaking = ArrivalClock(), ArrivalClock()
        self._to_recorder = Resampler(playout.SAMPLE_RATE, playout.SAMPLE_RATE)

    # -- the line's side

    @property
    def line(self) -> Line | None:
        """The line that is attached, if one is."""
        return self._line

    def attach(self, line: Line) -> None:
        """`line` carries the sound from now on; one attached before is closed as replaced."""
        previous, self._line = self._line, line
        if previous is line:
            return
        if previous is not None:
            previous.close(EndReason.REPLACED, "a newer connection took its place")
            self.output.rewind(self.output.client_delay_s)
        self._lines += 1
        self.output.client_delay_s = line.client_delay_s
        self.output.on_clear = line.flush
        self._hearing.reset()
        self._speaking.reset()
        self._unheard_s = 0.0
        self.output.release()
        if self.on_attached is not None:
            self.on_attached(line)

    def detach(self, line: Line, *, silent_s: float = 0.0) -> None:
        """`line` has ended; does nothing when another has taken its place.

        Args:
            line: the line that ended.
            silent_s: seconds since the other side was last known to be there. What was pulled since is played again.
        """
        if self._line is not line:
            return
        self._line = None
        self.output.hold()
        self.output.on_clear = None
        self.output.rewind(silent_s + self.output.client_delay_s)
        self._quieten()

    def hear(self, pcm: bytes, rate: int) -> None:
        """The participant's sound, s16le mono at `rate` Hz, as it arrives."""
        duration_s = len(pcm) / 2 / rate
        begins_s = self._hearing.place(duration_s, self._session_time())
        self._unheard_s = 0.0
        if not self.gate_open:
            self._refused_s += duration_s
            return
        if self.muted:
            self._refused_s += duration_s
            self.input.push(bytes(len(pcm)), rate)
            return
        self._heard_s += duration_s
        self.input.push(pcm, rate)
        if self.recorder is not None:
            if rate != self._to_recorder.rate_in:
                self._to_recorder = Resampler(rate, playout.SAMPLE_RATE)
            self.recorder.participant(self._to_recorder.push(pcm), max(0.0, begins_s))

    def pull(self, samples: int) -> bytes:
        """The agent's next `samples`, s16le mono at 48 kHz, for the line's 20 ms clock; silence when there is none."""
        if self._line is not None:
            self.output.client_delay_s = self._line.client_delay_s
        pcm = self.output.pull(samples)
        duration_s = samples / playout.SAMPLE_RATE
        # A pull is what plays from now on, so it "arrives" when it ends.
        begins_s = self._speaking.place(duration_s, self._session_time() + duration_s)
        if self.output.sounding:
            self._spoken_s += duration_s
            if self.recorder is not None and self.gate_open:
                self.recorder.moderator(pcm, max(0.0, begins_s))
        if self._unheard_s < QUIET_AFTER_S:
            self._unheard_s += duration_s
            if self._unheard_s >= QUIET_AFTER_S:
                self._quieten()
        return pcm

    @property
    def sounding(self) -> bool:
        """Whether the last `pull` gave speech rather than silence."""
        return self.output.sounding

    # -- the session's side

    @property
    def client_delay_s(self) -> float:
        """Seconds from `pull` to the ear, subtracted from the heard position."""
        return self.output.client_delay_s

    def send(self, message: Message) -> None:
        """Send `message` to the page if a line is attached; otherwise it is gone."""
        if self._line is not None:
            self._line.send(message)

    def close(self) -> None:
        """The session is over: its input ends. Close the line first."""
        self.input.close()

    def counters(self) -> DeskCounters:
        """What went over this desk so far."""
        return DeskCounters(
            lines=self._lines,
            heard_s=self._heard_s,
            refused_s=self._refused_s,
            spoken_s=self._spoken_s,
            frames_dropped=self.input.dropped,
            underruns=self.output.underruns,
        )

    def _quieten(self) -> None:
        """The participant's sound stopped coming: let the session hear silence, once, so that an utterance can end."""
        if self.gate_open:
            self.input.push(bytes(int(QUIET_S * capture.SAMPLE_RATE) * 2), capture.SAMPLE_RATE)


def _since(start: float) -> Callable[[], float]:
    return lambda: time.monotonic() - start
