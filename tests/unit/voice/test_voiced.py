"""A speech-to-speech model's message: sound in frames, words with times, and how much of it was heard."""

from __future__ import annotations

import asyncio

import virtual_time
from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT

from vivavoce.voice.voiced import FRAME_S, Voiced

RATE = 24_000


def sound(seconds: float) -> rtc.AudioFrame:
    samples = round(seconds * RATE)
    return rtc.AudioFrame(bytes(samples * 2), RATE, 1, samples)


def words_of(frames: list[rtc.AudioFrame]) -> str:
    return "".join(str(word) for frame in frames for word in frame.userdata[USERDATA_TIMED_TRANSCRIPT])


def test_all_of_a_message_is_sent_with_all_of_its_words_in_order() -> None:
    async def body() -> None:
        voiced = Voiced("m")

        async def speak() -> None:
            for piece in ("So it ", "was bre", "ad, as you ", "say."):
                voiced.read(piece)
                voiced.hear(sound(0.5))
                await asyncio.sleep(0.1)
            voiced.end()

        speaking = asyncio.create_task(speak())
        frames = [frame async for frame in voiced.sound()]
        await speaking
        assert words_of(frames).strip() == "So it was bread, as you say."
        assert abs(sum(frame.duration for frame in frames) - 2.0) < 0.02
        assert all(frame.duration <= FRAME_S + 0.001 for frame in frames)
        assert voiced.heard(99) == "So it was bread, as you say."
        halves = [voiced.heard(at / 10) for at in range(21)]
        assert halves == sorted(halves, key=len), "more sound, more words"
        assert voiced.heard(0) == ""

    virtual_time.run(body())


def test_words_of_a_whole_message_take_their_share_of_its_sound() -> None:
    async def body() -> None:
        voiced = Voiced("m")
        voiced.read("one two three four")
        voiced.hear(sound(8.0))
        voiced.end()
        frames = [frame async for frame in voiced.sound()]
        last = frames[-1].userdata[USERDATA_TIMED_TRANSCRIPT] or [
            word for frame in frames for word in frame.userdata[USERDATA_TIMED_TRANSCRIPT]
        ]
        assert abs(last[-1].end_time - 8.0) < 0.1, "spoken slowly, so each lasts long"
        assert voiced.heard(4.0) == "one two"

    virtual_time.run(body())


def test_words_that_are_not_parted_are_timed_by_their_clauses() -> None:
    async def body() -> None:
        voiced = Voiced("m")
        voiced.read("そうですか、パンを焼いたんですね。どんなパンでしたか？")
        voiced.hear(sound(3.0))
        voiced.end()
        assert len([frame async for frame in voiced.sound()]) == 60
        assert voiced.heard(2.0) == "そうですか、 パンを焼いたんですね。"

    virtual_time.run(body())


def test_a_stopped_message_sends_nothing_more() -> None:
    async def body() -> None:
        voiced = Voiced("m")
        voiced.read("So it was bread.")
        voiced.hear(sound(1.0))
        frames = voiced.sound()
        await anext(frames)
        assert not await voiced.stops_within(1.0)
        voiced.stop()
        assert [frame async for frame in frames] == []
        assert await voiced.stops_within(1.0)

    virtual_time.run(body())


def test_words_that_come_after_all_sound_are_sent_with_the_last_of_it() -> None:
    async def body() -> None:
        voiced = Voiced("m")
        voiced.hear(sound(0.2))
        frames = voiced.sound()
        first = await anext(frames)
        assert first.userdata[USERDATA_TIMED_TRANSCRIPT] == []
        voiced.read("Late words.")
        voiced.end()
        assert words_of([frame async for frame in frames]).strip() == "Late words."

    virtual_time.run(body())
