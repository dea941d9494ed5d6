"""What the participant's page is told: state, progress, captions. Nothing is sent twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from vivavoce.agent.conversation import AgentState
from vivavoce.protocol.progress import progress_view
from vivavoce.protocol.study import Study
from vivavoce.session.state import SessionState

Message = Mapping[str, Any]


class Page:
    """The page at the other end of a session's line.

    Args:
        send: gives a message to the line, if there is one; must not block.
        study: for titles and progress.
    """

    def __init__(self, send: Callable[[Message], None], *, study: Study) -> None:
        self._send = send
        self._study = study
        self._agent: AgentState | Literal["ending"] = "waiting"
        self._participant_speaking = False
        self._last: dict[str, Message] = {}
        self._told = ""

    def hello(self, session: SessionState, *, resumed: bool, at_s: float) -> None:
        """A line came up: everything is told anew, what is being asked too."""
        self._last.clear()
        self._told = session.language
        self._send(
            {
                "type": "hello",
                "v": 1,
                "session_id": session.session_id,
                "language": session.language,
                "title": self._study.title.text(session.language),
                "phases": len(self._study.path),
                "resumed": resumed,
            }
        )
        self.state(session)
        self.progress(session, at_s)
        asked = session.progress.last_move
        # A reply whose end is not known yet shows itself, as far as it may be heard.
        if asked is not None and asked.move != "reply":
            language = asked.language or session.language
            self.caption("moderator", asked.move_id, asked.text, language=language, final=True)

    def agent(self, state: AgentState, session: SessionState) -> None:
        """The moderator speaks, listens or thinks; after the last words that is nobody's concern."""
        if self._agent != "ending":
            self._agent = state
            self.state(session)

    def ending(self, session: SessionState) -> None:
        """All has been said: nobody listens any more, though the end is not stored yet."""
        self._agent = "ending"
        self.state(session)

    def participant(self, speaking: bool, session: SessionState) -> None:
        """The participant speaks or is silent."""
        self._participant_speaking = speaking
        self.state(session)

    def state(self, session: SessionState) -> None:
        """Tell who speaks, if that changed."""
        self._tell(
            {
                "type": "state",
                "status": session.status.value,
                "agent": self._agent,
                "participant": "speaking" if self._participant_speaking else "silent",
            }
        )

    def progress(self, session: SessionState, at_s: float) -> None:
        """Tell how far the interview is, if that changed; whole seconds."""
        view = progress_view(self._study, session.progress, at_s, language=session.language)
        limit = session.timers.hard_limit_s
        self._tell(
            {
                "type": "progress",
                "phase": {
                    "id": self._study.path[view.phase_index].id,
                    "title": view.phase_title,
                    "index": view.phase_index,
                    "count": view.phase_count,
                },
                "fraction": round(view.fraction, 3),
                "elapsed_s": int(at_s),
                "remaining_s": max(0, int(limit - at_s)),
            }
        )

    def language(self, session: SessionState) -> None:
        """Tell which language the interview goes on in, if that changed."""
        if session.language == self._told:
            return
        self._told = session.language
        title = self._study.title.text(session.language)
        self._send({"type": "language", "language": session.language, "title": title})

    def caption(self, speaker: str, caption_id: str, text: str, *, language: str, final: bool) -> None:
        """Show what is being said, and in which language."""
        self._tell(
            {
                "type": "caption",
                "speaker": speaker,
                "id": caption_id,
                "text": text,
                "language": language,
                "final": final,
            },
            key=f"caption.{speaker}",
        )

    def notice(self, code: str, text: str) -> None:
        """Tell the participant something that is not part of the conversation."""
        self._send({"type": "notice", "code": code, "text": text})

    def ended(self, session: SessionState) -> None:
        """The interview is over."""
        reason = session.reason
        self._send(
            {
                "type": "ended",
                "status": session.status.value,
                "reason": reason.value if reason else "finished",
                "text": "",
            }
        )

    def _tell(self, message: Message, *, key: str | None = None) -> None:
        key = key or str(message["type"])
        if self._last.get(key) != message:
            self._last[key] = message
            self._send(message)
