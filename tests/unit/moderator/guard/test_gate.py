"""The gate between synthesis and ear: order, patience, and what happens when something breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
import virtual_time

from vivavoce.moderator.guard.chain import Ruling
from vivavoce.moderator.guard.gate import MOST_HELD, Gate

TTS_S = 0.3
"""To the first sound of a text."""

PIECE_S = 0.01


class Booth:
    """Texts with rulings by rule: `no…` is withheld, `own…` is the study's, `s0.5 …` takes so long."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, float]] = []
        self.made: dict[str, int] = {}
        self.begun: list[str] = []
        self.open = 0
        self.unannounced = False

    async def synthesise(self, text: str) -> AsyncGenerator[str]:
        self.begun.append(text)
        self.open += 1
        try:
            await asyncio.sleep(TTS_S)
            if "broken" in text:
                raise ConnectionError(text)
            for _ in range(2000 if "long" in text else 5):
                await asyncio.sleep(PIECE_S)
                self.made[text] = self.made.get(text, 0) + 1
                yield text
        finally:
            self.open -= 1

    def ruling(self, text: str) -> asyncio.Future[Ruling] | None:
        if text.startswith("own"):
            return None

        async def rule() -> Ruling:
            await asyncio.sleep(float(text.split()[0].strip("sno")))
            return Ruling(not text.startswith("no"))

        return asyncio.create_task(rule())

    async def say(self, *texts: str, every_s: float = 0.0, for_s: float = 1e6) -> None:
        loop = asyncio.get_running_loop()

        async def come() -> AsyncGenerator[str]:
            for text in texts:
                await asyncio.sleep(every_s)
                yield text

        gate = Gate[str](
            synthesise=self.synthesise,
            ruling=self.ruling,
            instead=lambda _: "own safe line" if self.unannounced else None,
            opened=lambda text: self.heard.append((text, loop.time())),
        )

        async def listen() -> None:
            async for sound in gate.through(come()):
                assert sound == self.heard[-1][0], "each sound belongs to the text that was opened"

        listening = asyncio.create_task(listen())
        try:
            async with asyncio.timeout(for_s):
                await listening
        except TimeoutError:
            pass
        finally:
            assert self.open == 0, "no synthesis outlives its gate"

    @property
    def texts(self) -> list[str]:
        return [text for text, _ in self.heard]


def test_sound_waits_for_the_ruling_and_no_longer() -> None:
    for guard_s in (0.0, 0.1, 0.5, 1.4):
        booth = Booth()

        async def say(booth: Booth = booth, guard_s: float = guard_s) -> float:
            began = asyncio.get_running_loop().time()
            first: list[float] = []
            gate = Gate[str](
                synthesise=booth.synthesise,
                ruling=booth.ruling,
                instead=lambda _: None,
                opened=lambda _: None,
            )

            async def come() -> AsyncGenerator[str]:
                yield f"s{guard_s} hello"

            async for _ in gate.through(come()):
                first.append(asyncio.get_running_loop().time() - began)
            return first[0]

        assert virtual_time.run(say()) == pytest.approx(max(guard_s, TTS_S + PIECE_S))


def test_the_next_text_is_made_while_the_first_waits() -> None:
    booth = Booth()
    virtual_time.run(booth.say("s1.0 one", "s1.0 two"))
    assert [at for _, at in booth.heard] == pytest.approx([1.0, 1.0])


def test_after_a_withheld_text_only_the_studys_words_are_heard() -> None:
    booth = Booth()
    virtual_time.run(booth.say("s0.1 one", "no0.2 two", "s0.0 three", "own four", "s0.0 five", "own six"))
    assert booth.texts == ["s0.1 one", "own four", "own six"]


def test_a_withheld_text_is_made_no_further() -> None:
    booth = Booth()
    virtual_time.run(booth.say("no0.31 long", "own two"))
    assert booth.made.get("no0.31 long", 0) <= 1
    assert booth.texts == ["own two"]


def test_where_nobody_else_knows_the_gate_says_the_safe_line_once() -> None:
    booth = Booth()
    booth.unannounced = True
    virtual_time.run(booth.say("no0.1 one", "no0.1 two", "own three"))
    assert booth.texts == ["own safe line", "own three"]


def test_a_ruling_that_is_given_up_lets_nothing_through() -> None:
    booth = Booth()

    async def say() -> None:
        ruling = asyncio.create_task(asyncio.sleep(9, Ruling(True)))
        asyncio.get_running_loop().call_later(0.5, ruling.cancel)
        booth.ruling = lambda text: None if text.startswith("own") else ruling  # pyright: ignore[reportAttributeAccessIssue]
        await booth.say("one", "own two")

    virtual_time.run(say())
    assert booth.texts == ["own two"]


def test_sound_behind_the_gate_is_bounded() -> None:
    booth = Booth()
    virtual_time.run(booth.say("s100 long", for_s=90))
    assert booth.made["s100 long"] == MOST_HELD


@pytest.mark.parametrize("at", range(3))
def test_a_broken_synthesis_is_seen_after_what_came_before_it(at: int) -> None:
    booth = Booth()
    texts = ["s0.1 one", "own two", "s0.0 three"]
    texts[at] += " broken"
    with pytest.raises(ConnectionError):
        virtual_time.run(booth.say(*texts))
    assert booth.texts[:at] == texts[:at]


def test_texts_that_break_off_are_seen() -> None:
    booth = Booth()

    async def say() -> None:
        async def come() -> AsyncGenerator[str]:
            yield "s0.1 one"
            raise ConnectionError

        gate = Gate[str](
            synthesise=booth.synthesise, ruling=booth.ruling, instead=lambda _: None, opened=lambda _: None
        )
        heard = 0
        with pytest.raises(ConnectionError):
            async for _ in gate.through(come()):
                heard += 1
        assert heard == 5

    virtual_time.run(say())


@pytest.mark.parametrize("for_s", [0.05, 0.15, 0.33, 0.5, 0.9])
def test_who_stops_listening_stops_everything(for_s: float) -> None:
    virtual_time.run(Booth().say("s0.1 one", "s0.4 long", "own three", every_s=0.1, for_s=for_s))
