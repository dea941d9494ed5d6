"""The dialogue: the interview so far as a model is told it, read off the session's log.

The log is the only memory: what the participant said, what reached their ear of what the moderator said, and every tool
call with its answer. So a model that is asked again, on another host or after a restart, is told the same.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from livekit.agents import llm

from vivavoce.session.events import MoveDecided, SessionEvent, SpeechEnded, ToolCalled, Utterance

CUT_OFF = " –"
"""After words of the moderator's that were cut short."""

GO_ON = "…"
"""The user's part where a reply broke off and is gone on with: templates let no model speak twice in a row."""


@dataclass
class _Said:
    role: llm.ChatRole
    text: str
    move_id: str | None = None


class Dialogue:
    """Add every event of the log, in order; `context` gives the conversation at any time.

    Args:
        joined: the participant's first line, for servers whose template wants the user to begin.
    """

    def __init__(self, *, joined: str) -> None:
        self._entries: list[_Said | ToolCalled] = [_Said("user", joined)]
        self._moves: dict[str, _Said] = {}
        self._calls = 0

    def add(self, event: SessionEvent) -> None:
        """Take the log's next event."""
        match event.payload:
            case Utterance(text=text):
                self._entries.append(_Said("user", text.strip()))
            case MoveDecided(move_id=move_id):
                # Its place in the conversation is here; its words are known when they have been heard.
                said = _Said("assistant", "", move_id)
                self._moves[move_id] = said
                self._entries.append(said)
            case SpeechEnded(move_id=str(move_id), heard_text=heard, interrupted=interrupted):
                if move_id in self._moves and heard.strip():
                    self._moves[move_id].text = heard.strip() + (CUT_OFF if interrupted else "")
            case ToolCalled() as called:
                self._calls += 1
                self._entries.append(called)
            case _:
                pass

    def next_call_id(self) -> str:
        """A name for the next tool call, unique in this interview.

        Nine letters and digits, which is what Mistral's templates insist on
        (https://github.com/mistralai/mistral-common/blob/main/src/mistral_common/protocol/instruct/validator.py).
        """
        return f"call{self._calls + 1:05d}"

    def context(
        self, *, instructions: str, situation: str, saying: tuple[str, str] | None = None
    ) -> llm.ChatContext:
        """The conversation as a chat.

        Args:
            instructions: the system's message.
            situation: goes before the participant's last words.
            saying: (move id, words) of a reply that is under way and has not been heard yet.
        """
        context = self.history(saying=saying)
        items: list[llm.ChatItem] = [llm.ChatMessage(role="system", content=[instructions]), *context.items]
        users = [item for item in items if isinstance(item, llm.ChatMessage) and item.role == "user"]
        users[-1].content[0] = f"{situation}\n{users[-1].content[0]}"
        if isinstance(items[-1], llm.ChatMessage) and items[-1].role == "assistant":
            items.append(llm.ChatMessage(role="user", content=[GO_ON]))
        return llm.ChatContext(items)

    def history(self, *, saying: tuple[str, str] | None = None) -> llm.ChatContext:
        """The conversation as a chat, without instructions.

        Args:
            saying: see `context`.
        """
        items: list[llm.ChatItem] = []
        for entry in self._entries:
            if isinstance(entry, ToolCalled):
                items += _call(entry)
                continue
            text = entry.text
            if saying is not None and not text and entry.move_id == saying[0]:
                text = saying[1]
            if not text:
                continue
            last = items[-1] if items else None
            if isinstance(last, llm.ChatMessage) and last.role == entry.role:
                last.content[-1] = f"{last.content[-1]} {text}"
            else:
                items.append(llm.ChatMessage(role=entry.role, content=[text]))
        return llm.ChatContext(items)


def _call(called: ToolCalled) -> list[llm.ChatItem]:
    """A call and its answer, in a shape that every server's template can take, however broken the call was."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", called.tool)[:64] or "unnamed"
    return [
        llm.FunctionCall(call_id=called.call_id, name=name, arguments=_arguments(called.arguments)),
        llm.FunctionCallOutput(
            call_id=called.call_id, name=name, output=called.answer, is_error=not called.accepted
        ),
    ]


def _arguments(written: str) -> str:
    """What a model wrote, as an object that can be sent on; an empty one for what can not."""
    try:
        arguments = json.loads(written or "{}")
        sent = json.dumps(
            arguments if isinstance(arguments, dict) else {}, ensure_ascii=False, allow_nan=False
        )
        sent.encode()  # half a surrogate pair is good JSON and no text
    except (ValueError, RecursionError):
        return "{}"
    return sent
