"""Few calls, each answer checked, repaired once, then asked for in halves; whatever the model does, it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest
from enriching import PlannedThinker
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from vivavoce.pipeline.enrichment.asking import SPLITTING_CALLS, Asker, even
from vivavoce.pipeline.enrichment.thinking import (
    AnswerAmiss,
    BatchAnswer,
    Message,
    ThinkerAway,
    Thought,
    check_batch,
    read,
)


class Numbers(BaseModel):
    numbers: tuple[int, ...]


def told(some: Sequence[int]) -> tuple[Message, ...]:
    return (Message("system", "s"), Message("user", json.dumps(list(some))))


def check(answer: Numbers, some: Sequence[int]) -> None:
    if list(answer.numbers) != list(some):
        raise AnswerAmiss("other numbers")


def echo(messages: tuple[Message, ...]) -> str:
    return f'{{"numbers": {messages[1].text}}}'


async def ask(
    thinker: PlannedThinker, items: Sequence[int], size: int = 10
) -> tuple[list[tuple[Sequence[int], Numbers | None]], Asker]:
    asker = Asker(thinker, asyncio.Semaphore(3))
    return await asker.batches(items, size, told=told, shape=Numbers, check=check), asker


async def test_all_are_asked_about_in_as_few_calls_as_there_can_be() -> None:
    thinker = PlannedThinker(echo)
    parts, asker = await ask(thinker, range(75), 25)
    assert [answer.numbers for _, answer in parts if answer] == [
        tuple(range(25)),
        tuple(range(25, 50)),
        tuple(range(50, 75)),
    ]
    assert (asker.account.calls, asker.account.input_tokens, asker.account.output_tokens) == (3, 300, 30)
    assert (asker.account.repaired, asker.account.split) == (0, 0)


async def test_an_answer_that_is_amiss_is_repaired_once_and_told_what_is_wrong() -> None:
    answers = ["I would rather talk about it.", '```json\n{"numbers": [0, 1]}\n```']
    thinker = PlannedThinker(lambda messages: answers[len(thinker.asked) - 1])
    parts, asker = await ask(thinker, range(2))
    assert [answer.numbers for _, answer in parts if answer] == [(0, 1)]
    assert (asker.account.calls, asker.account.repaired, asker.account.split) == (2, 1, 0)
    assert [message.role for message in thinker.asked[1]] == ["system", "user", "assistant", "user"]
    assert "no JSON object" in thinker.asked[1][-1].text


async def test_what_cannot_be_repaired_is_asked_about_in_halves() -> None:
    def of_five(messages: tuple[Message, ...]) -> str:
        return echo(messages) if len(json.loads(messages[1].text)) <= 5 else "Sorry, that is a lot."

    parts, asker = await ask(PlannedThinker(of_five), range(10))
    assert [answer and answer.numbers for _, answer in parts] == [tuple(range(5)), tuple(range(5, 10))]
    assert (asker.account.calls, asker.account.split) == (4, 1)


@given(st.integers(0, 120), st.integers(1, 30), st.randoms(use_true_random=False))
def test_however_bad_the_model_nothing_is_lost_and_calls_are_bounded(
    count: int, size: int, random: object
) -> None:
    import random as randoms

    assert isinstance(random, randoms.Random)

    def moody(messages: tuple[Message, ...]) -> str:
        return random.choice([echo, lambda _: "prose", lambda _: '{"numbers": []}', lambda _: "[1"])(messages)

    parts, asker = asyncio.run(ask(PlannedThinker(moody), range(count), size))
    assert [item for some, _ in parts for item in some] == list(range(count))
    assert all(answer is None or list(answer.numbers) == list(some) for some, answer in parts)
    batches = -(-count // size)
    assert batches <= asker.account.calls <= batches * (1 + SPLITTING_CALLS) + SPLITTING_CALLS


async def test_a_model_that_does_not_answer_is_no_bad_answer() -> None:
    class Away:
        async def think(self, messages: tuple[Message, ...]) -> Thought:
            raise ThinkerAway("It is away.", next_step="Wait.")

    with pytest.raises(ThinkerAway):
        await Asker(Away(), asyncio.Semaphore(2)).batches(
            range(40), 10, told=told, shape=Numbers, check=check
        )


@given(st.lists(st.integers(), max_size=200), st.integers(1, 40))
def test_even_parts(items: list[int], size: int) -> None:
    parts = even(items, size)
    assert [item for part in parts for item in part] == items
    assert len(parts) == -(-len(items) // size)
    assert all(len(part) <= size for part in parts)
    assert not parts or max(map(len, parts)) - min(map(len, parts)) <= 1


@given(st.text(max_size=200))
def test_any_text_is_an_answer_or_amiss(text: str) -> None:
    try:
        read(text, Numbers)
    except AnswerAmiss as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "no JSON object"),
        ('{"numbers": 1}', "numbers"),
        ("{'numbers': []}", "not valid JSON"),
        ("{" * 5000 + "}" * 5000, "not valid JSON"),
    ],
)
def test_the_model_is_told_what_is_amiss(text: str, fault: str) -> None:
    with pytest.raises(AnswerAmiss, match=fault):
        read(text, Numbers)


def test_words_around_json_are_not_read() -> None:
    assert read('Sure! {"numbers": [1]} I hope it helps.', Numbers).numbers == (1,)


def test_each_utterance_is_judged_once() -> None:
    def answer(*numbers: int) -> BatchAnswer:
        return BatchAnswer.model_validate(
            {"utterances": [{"n": n, "sentiment": "neutral", "score": 0} for n in numbers]}
        )

    check_batch(answer(2, 1), frozenset({1, 2}))
    for numbers, fault in (
        ((1,), "missing utterances: 2"),
        ((1, 2, 3), "nobody asked"),
        ((1, 1, 2), "more than once"),
    ):
        with pytest.raises(AnswerAmiss, match=fault):
            check_batch(answer(*numbers), frozenset({1, 2}))
