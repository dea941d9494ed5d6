"""Tool history survives every provider's message format: nothing is lost, and each call is followed by its result."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vivavoce.moderator.dialogue import CUT_OFF, GO_ON, Dialogue
from vivavoce.protocol.facts import MoveDecided, ToolCalled
from vivavoce.session.events import Payload, SessionEvent, SpeechEnded, Utterance
from vivavoce.voice.gemini import UNSIGNED, _Signatures

pytestmark = pytest.mark.livekit

Format = Literal["openai", "aws", "google"]
Item: TypeAlias = tuple[str, ...]
"""(`user` or `assistant`, text), (`call`, id, name, arguments) or (`result`, id, text)."""

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(str.strip)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(st.text(), VALUES, max_size=3).map(json.dumps) | st.text(max_size=20)

SAID = st.tuples(st.just("said"), TEXTS)
MOVED = st.tuples(st.just("moved"), TEXTS, st.sampled_from(["heard", "cut", "unheard"]))
CALLED = st.tuples(st.just("called"), st.text(min_size=1, max_size=70), ARGUMENTS, TEXTS, st.booleans())
HISTORIES = st.lists(SAID | MOVED | CALLED, max_size=14)


def payloads(history: list[tuple[Any, ...]]) -> list[Payload]:
    """The log of a history."""
    log: list[Payload] = []
    calls = 0
    for number, (kind, *what) in enumerate(history):
        if kind == "said":
            log.append(
                Utterance(
                    utterance_id=f"u{number}", text=what[0], start_s=0, end_s=0, language="en",
                    confidence=1, model="w",
                )
            )  # fmt: skip
        elif kind == "moved":
            text, heard = what
            move = f"m{number}"
            log.append(
                MoveDecided(
                    move_id=move, move="reply", phase_id="p", text=text, parts=(text,), at_s=0,
                    expects_answer=True, worded_by="model",
                )
            )  # fmt: skip
            log.append(
                SpeechEnded(
                    speech_id=move, move_id=move, start_s=0, end_s=0, planned_text=text,
                    heard_text="" if heard == "unheard" else text, interrupted=heard != "heard",
                )
            )  # fmt: skip
        else:
            calls += 1
            tool, arguments, answer, accepted = what
            log.append(
                ToolCalled(
                    call_id=f"call{calls:05d}", tool=tool, arguments=arguments, accepted=accepted,
                    answer=answer, at_s=0,
                )
            )  # fmt: skip
    return log


def expected(history: list[tuple[Any, ...]]) -> list[Item]:
    """What a model should be told of a history, whoever's it is."""
    items: list[Item] = [("user", "[now]\n(joined)")]
    calls = 0
    for kind, *what in history:
        if kind == "said":
            items.append(("user", what[0].strip()))
        elif kind == "moved" and what[1] != "unheard":
            items.append(("assistant", what[0].strip() + (CUT_OFF if what[1] == "cut" else "")))
        elif kind == "called":
            calls += 1
            items += [("call", f"call{calls:05d}"), ("result", f"call{calls:05d}", what[2])]
    return items


def openai_items(messages: list[dict[str, Any]]) -> list[Item]:
    items: list[Item] = []
    for message in messages:
        if message["role"] == "tool":
            items.append(("result", message["tool_call_id"], _text(message["content"])))
            continue
        if message.get("content"):
            items.append((message["role"], _text(message["content"])))
        for call in message.get("tool_calls", ()):
            assert isinstance(_strict(call["function"]["arguments"]), dict)
            _name(call["function"]["name"])
            items.append(("call", call["id"]))
    return items


def _text(content: Any) -> str:
    return content if isinstance(content, str) else " ".join(part["text"] for part in content)


def aws_items(messages: list[dict[str, Any]]) -> list[Item]:
    roles = [message["role"] for message in messages]
    assert all(one != other for one, other in itertools.pairwise(roles)), "Converse wants turns"
    items: list[Item] = []
    for message in messages:
        for block in message["content"]:
            if "text" in block:
                assert block["text"].strip(), "Converse refuses blank text"
                items.append((message["role"], block["text"]))
            elif "toolUse" in block:
                _strict(json.dumps(block["toolUse"]["input"]))
                _name(block["toolUse"]["name"])
                items.append(("call", block["toolUse"]["toolUseId"]))
            else:
                [content] = block["toolResult"]["content"]
                items.append(("result", block["toolResult"]["toolUseId"], content["text"]))
    return items


def google_items(turns: list[dict[str, Any]]) -> list[Item]:
    items: list[Item] = []
    for turn in turns:
        for part in turn["parts"]:
            if "text" in part:
                items.append(("user" if turn["role"] == "user" else "assistant", part["text"]))
            elif "function_call" in part:
                assert part["thought_signature"] == UNSIGNED
                _strict(json.dumps(part["function_call"]["args"]))
                _name(part["function_call"]["name"])
                items.append(("call", part["function_call"]["id"]))
            else:
                answer = part["function_response"]
                [text] = answer["response"].values()
                items.append(("result", answer["id"], text))
    return items


READ = {"openai": openai_items, "aws": aws_items, "google": google_items}


def _strict(text: str) -> Any:
    """JSON as servers read it: no NaN, and all of it can be sent."""
    text.encode()

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    value = json.loads(text, parse_constant=refuse)
    json.dumps(value, ensure_ascii=False).encode()
    return value


def _name(name: str) -> None:
    assert 1 <= len(name) <= 64 and name.isascii(), "what every provider takes as a tool's name"


def merged(items: list[Item]) -> list[Item]:
    """Texts of one speaker in a row as one."""
    result: list[Item] = []
    for item in items:
        if result and item[0] == result[-1][0] and item[0] in ("user", "assistant"):
            result[-1] = (item[0], f"{result[-1][1]} {item[1]}")
        else:
            result.append(item)
    return result


@pytest.mark.parametrize("format", list(READ))
@given(history=HISTORIES)
@example(history=[("called", "probe", '{"a": NaN}', "No.", False)])
@example(history=[("called", "probe", '{"a": 1e999}', "No.", False)])
@example(history=[("called", "probe", '{"a": "\\ud800"}', "No.", False)])
@example(history=[("called", "probe", '{"a":' + "[" * 100_000, "No.", False)])
@example(
    history=[("called", "a", "{}", "1", True), ("called", "b", "{}", "2", True), ("moved", "Hm.", "heard")]
)
def test_nothing_is_lost_and_each_call_is_followed_by_its_result(
    format: Format, history: list[tuple[Any, ...]]
) -> None:
    dialogue = Dialogue(joined="(joined)")
    for number, payload in enumerate(payloads(history), start=1):
        now = datetime(2030, 1, 1, tzinfo=UTC)
        dialogue.add(SessionEvent(session_id="s", seq=number, at=now, payload=payload))
    context = dialogue.context(instructions="Be brief.", situation="[now]")
    more: dict[str, Any] = {"thought_signatures": _Signatures(UNSIGNED)} if format == "google" else {}
    messages, extra = context.to_provider_format(format, **more)
    if format == "openai":
        assert messages[0]["role"] == "system"
        messages = messages[1:]
    else:
        assert extra.system_messages == ["Be brief."]
    items = READ[format](messages)
    for place, item in enumerate(items):
        if item[0] == "call":
            assert items[place + 1][:2] == ("result", item[1])
    wanted = merged(expected(history))
    if wanted[-1][0] == "assistant":
        wanted.append(("user", GO_ON))
    # The state of the interview goes before the participant's last words.
    assert _without_state(merged(items)) == _without_state(wanted)


def _without_state(items: list[Item]) -> list[Item]:
    return [(item[0], item[1].replace("[now]\n", ""), *item[2:]) for item in items]
