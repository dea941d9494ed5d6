"""A participant who begins in another language of the study: offered, switched, and all that follows it on a host."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from scripted_model import scripted_model, text_of

from vivavoce.protocol.facts import LanguageSettled
from vivavoce.protocol.lines import BUILT_IN_LINES
from vivavoce.protocol.moderator import Moderator
from vivavoce.protocol.offer import OFFER_LINES
from vivavoce.protocol.prompts.pack import load_pack
from vivavoce.protocol.study import Study, Voice
from vivavoce.session.events import SpeechEnded, Utterance
from vivavoce.session.state import SessionState, fold
from vivavoce.settings import LlmProfile, LlmSettings

MARKET = "Hoy fui al mercado y compré pan para todos."
IN_SPANISH = {
    "Small": "Pequeño",
    "A small study.": "Un estudio pequeño.",
    "Do you agree?": "¿Está de acuerdo?",
    "I am an automated interviewer.": "Soy un programa.",
    "Hello. I am an automated interviewer.": "Hola. Soy un programa.",
    "Thank you. Goodbye.": "Gracias. Adiós.",
    "What did you do today?": "¿Qué ha hecho hoy?",
    "What was the best part?": "¿Qué fue lo mejor?",
    "Is there anything else?": "¿Hay algo más?",
    "Could you say more?": "¿Puede decir algo más?",
    "First": "Primero",
    "Last": "Final",
    **{BUILT_IN_LINES["en"][name]: text for name, text in BUILT_IN_LINES["es"].items()},
}


def bilingual(value: Any) -> Any:
    """A study's content with a Spanish text beside each English one."""
    match value:
        case {"en": str(text)}:
            return {"en": text, "es": IN_SPANISH[text]}
        case dict():
            return {key: bilingual(item) for key, item in value.items()}
        case list() | tuple():
            return [bilingual(item) for item in value]
        case _:
            return value


@pytest.fixture
def small(small: Study) -> Study:
    content = bilingual(small.model_dump(exclude={"voices", "languages"}))
    voices = {"en": Voice(engine="kokoro", voice="af_heart"), "es": Voice(engine="kokoro", voice="ef_dora")}
    return Study.model_validate({**content, "languages": ("en", "es"), "voices": voices})


def _heard(move: str) -> Callable[[SessionState], bool]:
    def heard(state: SessionState) -> bool:
        last = state.progress.last_move
        return (
            last is not None
            and last.move == move
            and not state.open_speeches
            and any(turn.move_id == last.move_id for turn in state.turns)
        )

    return heard


def _tell(stage: Any, line: Any, text: str, clip: str, *, language: str) -> None:
    stage.recogniser.texts = [text]
    stage.recogniser.speaks = language
    line.say(clip)


async def test_yes_switches_voice_recogniser_captions_page_and_log(stage: Any) -> None:
    await stage.schedule()
    line = await stage.join()
    await stage.asked("q1")
    _tell(stage, line, MARKET, "lang_es", language="es")
    await stage.until(_heard("language_offer"))
    assert stage.recogniser.asked[-1] == ("en", "es")
    assert stage.recogniser.voices == [("ef_dora", "es")] * len(stage.recogniser.voices) != []
    _tell(stage, line, "Sí, por favor.", "lang_yes", language="es")
    state = await stage.until(lambda state: state.language == "es" and _heard("question")(state))
    assert stage.recogniser.asked[-1] == ("es", "en")
    last = state.progress.last_move
    assert last is not None
    assert last.parts == (OFFER_LINES["es"]["switched"], "Soy un programa.", "¿Qué fue lo mejor?")
    assert {voice for voice, _ in stage.recogniser.voices} == {"ef_dora"}
    _tell(stage, line, "El pan recién hecho.", "kokoro_s04", language="es")
    await stage.asked("q3")
    assert stage.recogniser.asked[-1] == ("es",), "it is settled"
    events = await stage.events()
    settled = [event.payload for event in events if isinstance(event.payload, LanguageSettled)]
    assert [(fact.language, fact.reason) for fact in settled] == [("es", "accepted")]
    assert [e.payload.language for e in events if isinstance(e.payload, Utterance)] == ["es", "es", "es"]
    state = await stage.state()
    assert state == fold(events)
    spoken = {turn.text: turn.language for turn in state.turns if turn.speaker == "moderator"}
    assert spoken[OFFER_LINES["es"]["offer"]] == "es"
    assert spoken["Hello. I am an automated interviewer. What did you do today?"] == "en"
    told = [(m["language"], m["title"]) for m in line.of("language")]
    assert told == [("es", "Pequeño")]
    captions = {m["text"]: m["language"] for m in line.of("caption") if m["final"]}
    assert captions[MARKET] == captions[OFFER_LINES["es"]["offer"]] == captions["¿Hay algo más?"] == "es"
    assert captions["Hello. I am an automated interviewer. What did you do today?"] == "en"


async def test_no_stays_in_the_sessions_language_and_voice(stage: Any) -> None:
    await stage.schedule()
    line = await stage.join()
    await stage.asked("q1")
    _tell(stage, line, MARKET, "lang_es", language="es")
    await stage.until(_heard("language_offer"))
    stage.recogniser.voices.clear()
    _tell(stage, line, "No, thank you.", "kokoro_s04", language="en")
    state = await stage.until(_heard("question"))
    assert state.language == "en"
    assert state.progress.last_move is not None
    assert state.progress.last_move.parts == (OFFER_LINES["en"]["kept"], "What was the best part?")
    assert stage.recogniser.voices == [], "all of it was prepared"
    assert line.of("language") == []


async def test_another_host_goes_on_in_the_language_that_was_settled(open_stage: Any) -> None:
    from vivavoce.session.clock import ManualClock, SystemClock
    from vivavoce.session.errors import LeaseLost
    from vivavoce.session.memory import MemorySessionStore

    clock = ManualClock(SystemClock().now())
    store = MemorySessionStore(clock)
    async with open_stage(store=store) as first:
        await first.schedule()
        line = await first.join()
        await first.asked("q1")
        _tell(first, line, MARKET, "lang_es", language="es")
        await first.until(_heard("language_offer"))
        _tell(first, line, "Sí.", "lang_yes", language="es")
        await first.until(_heard("question"))
        runner = await first.host.admit("s1", "webrtc", take_over=True)
        runner.lose(LeaseLost("s1", holder="first"))
    clock.advance(60)
    async with open_stage(store=store) as second:
        line = await second.join()
        state = await second.until(_heard("welcome_back"))
        assert state.turns[-1].text.endswith("¿Qué fue lo mejor?")
        assert line.of("hello")[0]["language"] == "es"
        assert {language for _, language in second.recogniser.voices} == {"es"}


def _llm(server: Any, **more: Any) -> LlmSettings:
    profile = LlmProfile(base_url=server.url, model="scripted", first_word_s=10, stall_s=10)
    spanish = profile.model_copy(update={"model": "spanish"})
    return LlmSettings(default="m", profiles={"m": profile, "m-es": spanish}, **more)


class TestWithAModel:
    @pytest.fixture
    def small(self, small: Study) -> Study:
        return small.model_copy(update={"moderator": Moderator(mode="semi_structured")})

    @pytest.fixture
    async def server(self) -> AsyncIterator[Any]:
        async with scripted_model() as model:
            yield model

    async def test_the_model_is_told_in_the_new_language(self, open_stage: Any, server: Any) -> None:
        async with open_stage(llm=_llm(server, unreviewed_prompts=True, per_language=("es=m-es",))) as stage:
            await stage.schedule()
            line = await stage.join()
            await stage.asked("q1")
            _tell(stage, line, MARKET, "lang_es", language="es")
            await stage.until(_heard("language_offer"))
            assert server.requests == [], "the offer is the study's, not the model's"
            _tell(stage, line, "Sí.", "lang_yes", language="es")
            await stage.until(_heard("question"))
            _tell(stage, line, "El pan recién hecho, me encantó.", "kokoro_s04", language="es")
            await stage.asked("q3")
            assert server.requests[-1]["model"] == "spanish", "and one that is good at it"
            system = text_of(server.requests[-1]["messages"][0])
            assert load_pack("es").rules[0] in system and load_pack("en").rules[0] not in system
            said = [text_of(m) for m in server.requests[-1]["messages"] if m["role"] == "user"]
            assert any(MARKET in text for text in said), "what was said before the switch is not forgotten"
            state = await stage.state()
            spoken = [e.payload for e in await stage.events() if isinstance(e.payload, SpeechEnded)]
            assert len(spoken) == 4 and state.fault_count == 0

    async def test_nobody_meets_prompts_that_nobody_has_reviewed(self, open_stage: Any, server: Any) -> None:
        """An invitation of a pilot outlives it: the interview is held in the study's own words."""
        async with open_stage(llm=_llm(server)) as stage:
            await stage.schedule()
            line = await stage.join()
            await stage.asked("q1")
            _tell(stage, line, "I went to the market.", "kokoro_s04", language="en")
            await stage.asked("q2")
            assert [note.fault.code for note in (await stage.state()).faults] == ["prompts_unreviewed"]
            assert server.requests == []
