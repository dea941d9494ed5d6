"""A message that a speech-to-speech model says by itself: sound and words as they come."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import suppress

from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString

from vivavoce.voice.rate import to_playout_rate
from vivavoce.voice.tts import LETTERS_A_SECOND
from vivavoce.voice.wording import SAMPLE_RATE, TimedWord, heard_until, spread

FRAME_S = 0.05

LONGEST_S = 180.0
"""Seconds of sound that a message may have; what is longer is cut."""


_WORD = re.compile(r"[^\s、。！？]+[、。！？]*|[、。！？]+")
"""A word, or a clause where words are not parted."""


class Voiced(str):
    """Passes through livekit's pipeline as one text, as `Sentence` does; its sound is not synthesised but is here.

    The providers give no times with their words, so a word's time is a guess: by the usual rate of speech while sound
    still comes, by its share of what is left once all of it is there.
    """

    def __new__(cls, message_id: str) -> Voiced:
        """A message that has not begun."""
        return super().__new__(cls, "…")

    def __init__(self, message_id: str) -> None:
        self.message_id = message_id
        self.text = ""
        self._stop = asyncio.Event()
        self.began_s = 0.0
        """Where in the reply's sound it begins."""
        self.sent_s = 0.0
        """Seconds of it that have left for the ear."""
        self._seconds = 0.0
        self._pcm = bytearray()
        self._ended = False
        self._news = asyncio.Event()
        self._convert = to_playout_rate(SAMPLE_RATE)
        self._rate = SAMPLE_RATE
        self._placed: list[TimedWord] = []

    @property
    def seconds(self) -> float:
        """Of sound so far."""
        return self._seconds

    def hear(self, frame: rtc.AudioFrame) -> None:
        """Take the next sound: s16le mono at whatever rate."""
        if self._ended or self._seconds > LONGEST_S:
            return
        if frame.sample_rate != self._rate:
            self._rate, self._convert = frame.sample_rate, to_playout_rate(frame.sample_rate)
        self._grow(self._convert(bytes(frame.data.cast("B")), False))

    def read(self, words: str) -> None:
        """Take the next piece of its words."""
        self.text += words

    def end(self) -> None:
        """All of it is there."""
        if not self._ended:
            self._grow(self._convert(b"", True))
            self._ended = True
            self._news.set()

    def stop(self) -> None:
        """Nothing more of it is to be heard."""
        self._ended = True
        self._stop.set()
        self._news.set()

    @property
    def stopped(self) -> bool:
        """Whether nothing more of it is to be heard."""
        return self._stop.is_set()

    @property
    def whole(self) -> bool:
        """Whether all of it is there, as its model said it."""
        return self._ended and not self.stopped

    async def stops_within(self, seconds: float) -> bool:
        """Wait until it is stopped, or for so long; gives whether it is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        return self.stopped

    def heard(self, position_s: float) -> str:
        """Its words that were heard when the reply's sound had been heard up to a position."""
        return heard_until(self._placed, position_s - self.began_s)

    async def sound(self) -> AsyncGenerator[rtc.AudioFrame]:
        """Its sound in frames at the playout's rate, each with the words that begin in it."""
        at, size = 0, int(FRAME_S * SAMPLE_RATE) * 2
        while not self.stopped:
            piece = bytes(self._pcm[at : at + size])
            if len(piece) < size and not self._ended:
                self._news.clear()
                await self._news.wait()
                continue
            at += len(piece)
            last = self._ended and at >= len(self._pcm)
            if piece:
                frame = rtc.AudioFrame(piece, SAMPLE_RATE, 1, len(piece) // 2)
                frame.userdata[USERDATA_TIMED_TRANSCRIPT] = self._place(at / 2 / SAMPLE_RATE, last=last)
                yield frame
            if last:
                return

    def _grow(self, pcm: bytes) -> None:
        self._pcm += pcm
        self._seconds = len(self._pcm) / 2 / SAMPLE_RATE
        self._news.set()

    def _place(self, until_s: float, *, last: bool) -> list[TimedString]:
        """Give a time to the words that begin before `until_s`."""
        left = _WORD.findall(self.text)[len(self._placed) :]
        if not last and not self._ended and left and not self.text[-1].isspace():
            left.pop()  # the word may go on
        at = self._placed[-1].end_s if self._placed else 0.0
        text = " ".join(left)
        lasts_s = max(0.0, self._seconds - at) if self._ended else len(text) / LETTERS_A_SECOND
        begun = [word for word in spread(text, lasts_s, offset_s=at) if last or word.start_s < until_s]
        self._placed += begun
        return [TimedString(f"{word.text} ", start_time=word.start_s, end_time=word.end_s) for word in begun]
