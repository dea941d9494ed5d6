"""A session's speech-to-speech model: what joins the duplex to the session's log, study and ears."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vivavoce.breaker import Breaker
from vivavoce.moderator.dialogue import Dialogue
from vivavoce.moderator.director import Director
from vivavoce.moderator.mind import tools
from vivavoce.protocol.prompts.render import instructions
from vivavoce.protocol.requests import tools_for
from vivavoce.session.events import ProviderSwitched, SessionEvent, SpeechEnded, Utterance
from vivavoce.session.usage import Used
from vivavoce.settings import RealtimeProfile
from vivavoce.voice.duplex import Duplex, RealtimeAway, RealtimeLost
from vivavoce.voice.ears import Ear
from vivavoce.voice.failover import RULES, Link, Switched
from vivavoce.voice.realtime import Realtimes


def voice_to_voice(
    links: Sequence[Link[RealtimeProfile]],
    *,
    director: Director,
    dialogue: Dialogue,
    realtimes: Realtimes,
    used: Used,
    switched: Switched,
    failed: Callable[[RealtimeAway], None],
    stand_in: str,
) -> Duplex | None:
    """The session's duplex; None where no profile is to hold it. The arguments are `Duplex`'s own."""
    if not links:
        return None
    study = director.study

    def told() -> str:
        # Before the interview has begun it is about to enter its first phase.
        return instructions(study, director.progress.phase_id or study.path[0].id, director.language)

    return Duplex(
        links,
        open_model=lambda profile: realtimes.open(profile, languages=study.languages),
        tools=tools(tools_for(study)),
        instructions=told,
        history=dialogue.history,
        used=used,
        switched=switched,
        failed=failed,
        stand_in=stand_in,
    )


def take_up(
    links: Sequence[Link[RealtimeProfile]], past: Sequence[SessionEvent]
) -> list[Link[RealtimeProfile]]:
    """The profiles that may hold an interview: of one that is under way, only whoever held it; none, if none did."""
    if not links or not any(isinstance(event.payload, SpeechEnded) for event in past):
        return list(links)
    names = {link.name for link in links}
    holder: str | None = links[0].name
    for event in past:
        switch = event.payload
        if not isinstance(switch, ProviderSwitched) or switch.stage != "realtime":
            continue
        # What was lost comes back to the same profile; what was never reached does not.
        if switch.code != RealtimeLost.code:
            holder = switch.after if switch.after in names else None
    return [link for link in links if link.name == holder]


def own_ear(duplex: Duplex | None) -> Callable[[], Link[Ear] | None]:
    """Gives the model as the session's first ear, once it holds it, if it writes down what it hears."""
    if duplex is None:
        return lambda: None
    ears: dict[str, Link[Ear]] = {}

    def first() -> Link[Ear] | None:
        holder = duplex.holder
        if holder is None or holder.part.transcriber is None:
            return None
        return ears.setdefault(holder.name, Link[Ear](holder.name, duplex, Breaker(RULES)))

    return first


def tell(duplex: Duplex, event: SessionEvent) -> None:
    """Tell the model what was said and heard without it."""
    match event.payload:
        case SpeechEnded(move_id=move_id, heard_text=heard) if not duplex.owns(move_id):
            duplex.tell("assistant", heard)
        case Utterance(model=model, text=text):
            duplex.heard_elsewhere(text, by=model)
        case _:
            pass
