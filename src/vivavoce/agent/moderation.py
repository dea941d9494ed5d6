"""A session's moderation: the conversation, those who may hold it and those who judge them, joined to log and study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from vivavoce.agent.conversation import Conversation
from vivavoce.agent.equipment import Equipment
from vivavoce.agent.journal import Journal
from vivavoce.agent.moderators import moderators
from vivavoce.agent.scribe import Scribe
from vivavoce.agent.speaking import own_ear, take_up, tell, voice_to_voice
from vivavoce.errors import VivavoceError
from vivavoce.moderator.dialogue import Dialogue
from vivavoce.moderator.director import Director
from vivavoce.moderator.guard.watch import Watch
from vivavoce.protocol.listening import expected
from vivavoce.protocol.prompts.pack import load_pack
from vivavoce.protocol.study import Study
from vivavoce.session.events import Fault, Payload, ProviderSwitched, SessionEvent
from vivavoce.session.usage import Used
from vivavoce.transport.desk import Desk
from vivavoce.voice.duplex import STUDY, Duplex, RealtimeAway
from vivavoce.voice.failover import Switch, Switched
from vivavoce.voice.tts import ServerTTS


@dataclass(frozen=True)
class Moderation:
    """One session's, not started yet.

    Attributes:
        conversation: what is heard and said.
        watch: has what a model says judged.
        duplex: the speech-to-speech model that may hold the interview; None: there is none.
        patience_s: the longest that a model takes for a reply.
    """

    conversation: Conversation
    watch: Watch
    duplex: Duplex | None
    patience_s: float


def moderation(
    study: Study,
    equipment: Equipment,
    *,
    journal: Journal,
    past: Sequence[SessionEvent],
    desk: Desk,
    scribe: Scribe,
    used: Used,
    post: Callable[[Payload], None],
    now_s: Callable[[], float],
) -> Moderation:
    """Put together who moderates a session as its study wants and its host can, knowing what was said before.

    Args:
        study: what is asked.
        equipment: of the host.
        journal: the session's pen, whose events models are told.
        past: the session's log so far, if a model moderates.
        desk: the session's sound.
        scribe: writes down what happens in the conversation.
        used: told of what models and engines use.
        post: writes faults and changes of provider.
        now_s: the session clock.
    """

    def note(stage: Literal["guard", "llm", "realtime"], error: VivavoceError) -> None:
        post(Fault(stage=stage, code=error.code, message=str(error), recovered=True))

    def realtime_failed(error: RealtimeAway) -> None:
        note("realtime", error)

    def switched(stage: Literal["stt", "tts", "llm", "realtime"]) -> Switched:
        def write(switch: Switch) -> None:
            post(ProviderSwitched(stage=stage, at_s=now_s(), **asdict(switch)))

        return write

    def language() -> str:
        return journal.state.language

    found = moderators(study, equipment, language=language, used=used, switched=switched("llm"), note=note)
    models, thinks = found.models, found.think
    dialogue = Dialogue(joined=load_pack(language()).labels.joined if thinks else "")
    watch = Watch(study, language, found.judges, write=post, now_s=now_s)
    if thinks:
        for event in past:
            dialogue.add(event)
            watch.remember(event.payload)
        journal.watch(lambda event, _: dialogue.add(event))
    director = Director(
        study,
        language=language,
        progress=lambda: journal.state.progress,
        record=scribe.record,
        thinks=thinks,
    )
    duplex = voice_to_voice(
        take_up(found.voices, past),
        director=director,
        dialogue=dialogue,
        realtimes=equipment.realtimes,
        used=used,
        switched=switched("realtime"),
        failed=realtime_failed,
        stand_in=models().current.name if models is not None else STUDY,
    )
    if duplex is not None:
        journal.watch(lambda event, _: tell(duplex, event))
    conversation = Conversation(
        desk=desk,
        director=director,
        ears=equipment.providers.ears(switched=switched("stt"), first=own_ear(duplex)),
        voice=ServerTTS(
            equipment.providers.speakers(switched=switched("tts"), used=used),
            equipment.wording,
            equipment.cast.voice(study, language()),
        ),
        voices=lambda spoken: equipment.cast.voice(study, spoken),
        hearing=equipment.cast.hearing,
        listening=lambda: expected(study, journal.state.progress, language()),
        detector=equipment.hearing.detector,
        sound_judge=equipment.hearing.sound_judge(),
        interruption_s=director.profile().interruption_min_s,
        new_utterance_id=scribe.new_utterance_id,
        listener=scribe,
        models=models,
        dialogue=dialogue,
        watch=watch,
        now_s=now_s,
        used=used,
        duplex=duplex,
    )
    return Moderation(conversation, watch, duplex, found.patience_s)
