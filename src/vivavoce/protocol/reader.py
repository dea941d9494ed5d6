"""Reads a study file's tree into a draft of the study, with every default filled in.

The draft has the shape of a `Study` but may still be wrong: what the file lacks is empty, and nothing has
been checked that takes more than one value to judge (`protocol.check` does that). The file's keys are
documented in `docs/reference/study-file.md`.
"""

from __future__ import annotations

import difflib
from decimal import Decimal
from typing import get_args

from vivavoce.protocol.guard import SAFE_LINES, Guard, read_guard
from vivavoce.protocol.languages import LANGUAGES, base_language, describe, is_language, nearest_code
from vivavoce.protocol.lines import BUILT_IN_LINES, LINE_NAMES
from vivavoce.protocol.moderator import read_moderator
from vivavoce.protocol.offer import LanguageOffer, OfferLine
from vivavoce.protocol.place import Notes, Place, Table
from vivavoce.protocol.retention import read_retention
from vivavoce.protocol.study import (
    END,
    SCHEMA,
    Consent,
    Limits,
    Phase,
    Probe,
    Question,
    Safety,
    Study,
    Topic,
    Trigger,
    TriggerKind,
    Voice,
    Wording,
)
from vivavoce.protocol.texts import Texts
from vivavoce.protocol.tree import Listing, Node
from vivavoce.protocol.tree import Mapping as MapNode
from vivavoce.protocol.turns import DEFAULT_TURN_PROFILE, TURN_PROFILES, TurnProfile
from vivavoce.protocol.voices import DEFAULT_VOICES, ENGINES, KOKORO_VOICES

_TRIGGER_KINDS: tuple[TriggerKind, ...] = get_args(TriggerKind)
_OFFER_LINES: tuple[OfferLine, ...] = get_args(OfferLine)
_NO_PROBES = "none"
_INHERIT = "inherit"
_LONGEST_HOURS = 4
_MOST_SITTINGS = 20


def read_study(root: Node) -> tuple[Study, Notes]:
    """The draft of the study, and the problems met on the way."""
    notes = Notes()
    return _Reader().study(Place(root, (), notes)), notes


class _Reader:
    def __init__(self) -> None:
        self.texts = Texts(())

    @property
    def languages(self) -> tuple[str, ...]:
        return self.texts.languages

    def study(self, root: Place) -> Study:
        with root.table("a study file") as file:
            schema = file.need("schema", f"schema: {SCHEMA}")
            if schema is not None:
                schema.choice((SCHEMA,), "schema of study files that is known here")
            study_id = self._slug(file, "my-study")
            self.texts = Texts(self._languages(file))
            title = self.texts.wording(file.need("title", 'title: "…"'), one_for_all=True)
            about = self.texts.wording(file.need("about", 'about: "…"'), one_for_all=True)
            organisation = self._text(file, "organisation", "University of …")
            contact = self._text(file, "contact", "name@example.org")
            voices = self._voices(file)
            moderator = read_moderator(file.get("moderator"), self.languages)
            language_offer = self._language_offer(file.get("language_offer"))
            guard = self._guard(file)
            consent = self._consent(file)
            limits = self._limits(file)
            retention = read_retention(file.get("retention"))
            turn_profiles = self._turn_profiles(file)
            topics = tuple(self._topic(place) for place in self._list(file, "topics"))
            probes = tuple(self._probe(place) for place in self._list(file, "probes"))
            lines = self._lines(file)
            opening = self.texts.wording(file.need("opening", 'opening: "Hello, and thank you for coming."'))
            closing = self.texts.wording(file.need("closing", 'closing: "Thank you very much. Goodbye."'))
            safety = self._safety(file)
            phases = self._phases(file, tuple(probe.id for probe in probes))
        return Study(
            id=study_id,
            title=title,
            about=about,
            organisation=organisation,
            contact=contact,
            languages=self.languages,
            voices=voices,
            moderator=moderator,
            language_offer=language_offer,
            guard=guard,
            consent=consent,
            limits=limits,
            retention=retention,
            turn_profiles=turn_profiles,
            topics=topics,
            probes=probes,
            lines=lines,
            opening=opening,
            closing=closing,
            safety=safety,
            phases=phases,
        )

    # Parts

    def _languages(self, file: Table) -> tuple[str, ...]:
        place = file.need("languages", "languages: [en]")
        if place is None:
            return ()
        codes: list[str] = []
        items = place.items()
        for item in items:
            code = item.text()
            if code and not is_language(code):
                meant = nearest_code(code)
                item.note(
                    f"{code[:40]!r} is no language code.",
                    f"Write `{meant}`."
                    if meant
                    else "Write an ISO 639-1 code such as `en`, `de` or `pt-BR`.",
                )
            elif code in codes:
                item.note(f"{code!r} is there twice.", "Remove one of them.")
            elif code:
                codes.append(code)
        if not items and (place.is_null or isinstance(place.node, Listing)):
            place.note("The study has no language.", "Write `languages: [en]`.")
        return tuple(codes)

    def _voices(self, file: Table) -> dict[str, Voice]:
        place = file.get("voices")
        given = {} if place is None else dict(place.entries())
        voices: dict[str, Voice] = {}
        for code, item in given.items():
            if self.texts.known(code, item):
                voices[code] = self._voice(item, code)
        for code in self.languages:
            if code not in voices and base_language(code) not in DEFAULT_VOICES:
                file.warn(
                    "voices",
                    f"There is no voice for {describe(code)}, and none comes by default: the settings must have one.",
                    f"Add `voices:` with `{code}: {{engine: …, voice: …}}`, or set VIVAVOCE_SPEECH__VOICES.",
                )
        return voices

    def _voice(self, place: Place, code: str) -> Voice:
        with place.table("a voice") as table:
            engine_place = table.need("engine", "engine: kokoro")
            voice_place = table.need("voice", "voice: af_heart")
            speed_place = table.get("speed")
            engine = engine_place.slug() if engine_place else ""
            voice = voice_place.text() if voice_place else ""
            speed = 1.0
            if speed_place is not None:
                speed = speed_place.number(least=0.5, most=2.0, unit="times the usual speed", default=1.0)
            if engine_place is not None and engine not in ENGINES:
                self._check_engine(engine_place, engine)
            elif voice and voice_place is not None:
                self._check_voice(voice_place, engine, voice, base_language(code))
        return Voice(engine=engine, voice=voice, speed=speed)

    @staticmethod
    def _check_engine(place: Place, engine: str) -> None:
        """Another engine may be a speech server elsewhere, which the settings know; a slip of the pen is none."""
        meant = difflib.get_close_matches(engine, ENGINES, n=1, cutoff=0.8)
        if meant:
            place.warn(
                f"The engine {engine!r} is none of ours; if it is an upstream of the settings, all is well.",
                f"Did you mean `{meant[0]}`?",
            )

    @staticmethod
    def _check_voice(place: Place, engine: str, voice: str, language: str) -> None:
        if engine == "piper":
            speaks = voice.split("_")[0]
            if speaks != language and speaks in LANGUAGES and "_" in voice:
                place.note(
                    f"The voice {voice!r} speaks {LANGUAGES[speaks]}, not {LANGUAGES[language]}.",
                    f"Name a piper voice that begins with `{language}_`.",
                )
            return
        own = KOKORO_VOICES.get(language, ())
        if voice in own:
            return
        if any(voice in names for names in KOKORO_VOICES.values()):
            message = f"The kokoro voice {voice!r} does not speak {LANGUAGES[language]}."
        else:
            message = f"Kokoro has no voice {voice[:40]!r}."
        if own:
            place.note(message, f"Write one of: {', '.join(own)}.")
        else:
            place.note(message, f"Kokoro does not speak {LANGUAGES[language]}; name a piper voice.")

    def _guard(self, file: Table) -> Guard:
        built_in = {code: SAFE_LINES.get(base_language(code), "") for code in self.languages}
        otherwise = {code: text for code, text in built_in.items() if text}
        return read_guard(
            file.get("guard"), lambda place: self.texts.wording(place, otherwise=otherwise).root
        )

    def _consent(self, file: Table) -> Consent:
        place = file.need(
            "consent", advice="Add `consent:` with `version`, `text` and `disclosure` under it."
        )
        if place is None:
            return Consent(version="", text=Wording({}), disclosure=Wording({}))
        with place.table("the consent") as table:
            version = self._text(table, "version", "1")
            text = self.texts.wording(table.need("text", 'text: "I agree that …"'))
            disclosure = self.texts.wording(
                table.need(
                    "disclosure", 'disclosure: "You are talking with a computer program, not a person."'
                )
            )
        return Consent(version=version, text=text, disclosure=disclosure)

    def _limits(self, file: Table) -> Limits:
        place = file.get("limits")
        if place is None:
            return Limits()
        with place.table("the limits") as table:
            hard = table.get("hard_limit_minutes")
            return Limits(
                hard_limit_minutes=45.0
                if hard is None
                else hard.number(least=1, most=_LONGEST_HOURS * 60, unit="minutes", default=45.0),
                join_s=self._seconds(table, "join_s", 60),
                idle_prompt_s=self._seconds(table, "idle_prompt_s", 60),
                idle_s=self._seconds(table, "idle_s", 120),
                rejoin_s=self._seconds(table, "rejoin_s", 120),
                wrap_up_before_s=self._seconds(table, "wrap_up_before_s", 300),
                sittings=self._sittings(table),
                session_usd=self._dollars(table, "session_usd", 5),
                study_usd=self._dollars(table, "study_usd", 100),
            )

    @staticmethod
    def _sittings(table: Table) -> int:
        place = table.get("sittings")
        if place is None:
            return 1
        return place.integer(least=1, most=_MOST_SITTINGS, unit="sittings", default=1)

    @staticmethod
    def _dollars(table: Table, key: str, example: float) -> Decimal | None:
        place = table.get(key)
        if place is None:
            return None
        return Decimal(str(place.number(least=0.01, most=1_000_000, unit="US dollars", default=example)))

    @staticmethod
    def _seconds(table: Table, key: str, example: float) -> float | None:
        place = table.get(key)
        if place is None:
            return None
        return place.number(least=5, most=_LONGEST_HOURS * 3600, unit="seconds", default=example)

    def _turn_profiles(self, file: Table) -> dict[str, TurnProfile]:
        profiles = dict(TURN_PROFILES)
        place = file.get("turn_profiles")
        for name, item in [] if place is None else place.entries():
            base = TURN_PROFILES.get(name, TURN_PROFILES[DEFAULT_TURN_PROFILE])
            profiles[name] = self._turn_profile(item, base)
        return profiles

    @staticmethod
    def _turn_profile(place: Place, base: TurnProfile) -> TurnProfile:
        with place.table("a turn profile") as table:

            def wait(key: str, default: float) -> float:
                value = table.get(key)
                return (
                    default
                    if value is None
                    else value.number(least=0.05, most=60, unit="seconds", default=default)
                )

            threshold = table.get("vad_threshold")
            factors = table.get("language_factor")
            return TurnProfile(
                min_wait_s=wait("min_wait_s", base.min_wait_s),
                max_wait_s=wait("max_wait_s", base.max_wait_s),
                thinking_wait_s=wait("thinking_wait_s", base.thinking_wait_s),
                interruption_min_s=wait("interruption_min_s", base.interruption_min_s),
                vad_threshold=None
                if threshold is None
                else threshold.number(least=0.05, most=0.95, unit="(a probability)", default=0.5),
                language_factor={
                    **base.language_factor,
                    **{
                        code: item.number(least=0.25, most=4, unit="(times the wait)", default=1.0)
                        for code, item in ([] if factors is None else factors.entries())
                    },
                },
            )

    def _topic(self, place: Place) -> Topic:
        with place.table("a topic") as table:
            return Topic(id=self._slug(table, "my-topic"), title=self._text(table, "title", "…"))

    def _probe(self, place: Place) -> Probe:
        with place.table("a probe") as table:
            probe_id = self._slug(table, "tell-me-more")
            wording = self.texts.wording(table.need("wording", 'wording: "Could you tell me a little more?"'))
            when = table.need("when", "when: short_answer")
            uses = table.get("max_per_interview")
            return Probe(
                id=probe_id,
                wording=wording,
                when=Trigger(kind="always") if when is None else self._trigger(when),
                max_per_interview=3
                if uses is None
                else uses.integer(least=1, most=50, unit="times", default=3),
            )

    def _trigger(self, place: Place) -> Trigger:
        if not isinstance(place.node, MapNode):
            kind = place.choice(_TRIGGER_KINDS, "condition for a probe") or "always"
            if kind == "keywords":
                place.note("`keywords` needs the words.", "Write `when: {keywords: [word, another word]}`.")
            return Trigger(kind=kind)
        with place.table("a probe's condition") as table:
            words = table.get("short_answer")
            keywords = table.get("keywords")
            if words is not None and keywords is not None:
                place.note("A probe has one condition, not two.", "Make two probes of it.")
            if words is not None:
                return Trigger(
                    kind="short_answer", words=words.integer(least=1, most=500, unit="words", default=12)
                )
            if keywords is not None:
                return Trigger(kind="keywords", keywords=self.texts.phrases(keywords))
            if not list(table):
                place.note("`when` is empty.", f"Write one of: {', '.join(_TRIGGER_KINDS)}.")
        return Trigger(kind="always")

    def _lines(self, file: Table) -> dict[str, Wording]:
        built_in = {code: BUILT_IN_LINES.get(base_language(code), {}) for code in self.languages}
        place = file.get("lines")
        lines: dict[str, Wording] = {}
        if place is None:
            given: dict[str, Place] = {}
        else:
            with place.table("the lines") as table:
                given = {name: item for name in LINE_NAMES if (item := table.get(name)) is not None}
        for name in LINE_NAMES:
            otherwise = {code: texts[name] for code, texts in built_in.items() if texts}
            if name in given:
                lines[name] = self.texts.wording(given[name], otherwise=otherwise)
            else:
                lines[name] = Wording(otherwise)
        for code in self.languages:
            missing = [name for name in LINE_NAMES if name not in given]
            if not built_in[code] and missing:
                example = "; ".join(f"{name} ({LINE_NAMES[name]})" for name in missing)
                file.note(
                    "lines",
                    f"There are no standard lines in {describe(code)}.",
                    f'Write them under `lines:`, each with `{code}: "…"`: {example}.',
                )
        return lines

    def _language_offer(self, place: Place | None) -> LanguageOffer:
        if place is None:
            return LanguageOffer()
        if not isinstance(place.node, MapNode):
            return LanguageOffer(made=place.flag())
        lines: dict[OfferLine, dict[str, str]] = {}
        with place.table("the language offer") as table:
            for name in _OFFER_LINES:
                item = table.get(name)
                texts = [] if item is None else item.entries()
                given = {code: text.text() for code, text in texts if self.texts.known(code, text)}
                if given:
                    lines[name] = given
        return LanguageOffer(lines=lines)

    def _safety(self, file: Table) -> Safety | None:
        place = file.get("safety")
        if place is None:
            return None
        with place.table("the safety section") as table:
            return Safety(
                words=self.texts.phrases(table.need("words", "words: [word, another word]")),
                closing=self.texts.wording(table.need("closing", 'closing: "… You can call …"')),
            )

    def _phases(self, file: Table, probes: tuple[str, ...]) -> tuple[Phase, ...]:
        place = file.need("phases", advice="Add `phases:` with at least one phase under it: `- id: warm-up`.")
        items = [] if place is None else place.items()
        if place is not None and not items:
            place.note("The study has no phases.", "Write at least one, beginning with `- id: interview`.")
        phases = [self._phase(item, probes) for item in items]
        return tuple(
            phase
            if phase.next is not None
            else phase.model_copy(update={"next": phases[index + 1].id if index + 1 < len(phases) else END})
            for index, phase in enumerate(phases)
        )

    def _phase(self, place: Place, probes: tuple[str, ...]) -> Phase:
        with place.table("a phase") as table:
            phase_id = self._slug(table, "warm-up")
            least = table.need("min_minutes", "min_minutes: 1")
            most = table.need("max_minutes", "max_minutes: 5")
            profile = table.get("turn_profile")
            tone = table.get("tone")
            instructions = table.get("instructions")
            intro = table.get("intro")
            questions = table.need(
                "questions", advice="Add `questions:` with `- id: first-question` under it."
            )
            following = table.get("next")
            found = [] if questions is None else questions.items()
            if questions is not None and not found:
                questions.note("The phase has no questions.", "Write at least one, or remove the phase.")
            return Phase(
                id=phase_id,
                title=self.texts.wording(table.need("title", 'title: "…"'), one_for_all=True),
                objective=self._text(table, "objective", "What this phase is to find out"),
                min_minutes=0.0
                if least is None
                else least.number(least=0, most=240, unit="minutes", default=0.0),
                max_minutes=5.0
                if most is None
                else most.number(least=0.25, most=240, unit="minutes", default=5.0),
                turn_profile=DEFAULT_TURN_PROFILE if profile is None else profile.text(),
                tone="" if tone is None else tone.text(),
                instructions="" if instructions is None else instructions.text(),
                intro=None if intro is None else self.texts.wording(intro),
                questions=tuple(self._question(item, probes) for item in found),
                next=None if following is None else following.text(),
            )

    def _question(self, place: Place, probes: tuple[str, ...]) -> Question:
        with place.table("a question") as table:
            repeat = table.get("repeat")
            required = table.get("required")
            most = table.get("max_probes")
            return Question(
                id=self._slug(table, "first-question"),
                wording=self.texts.wording(table.need("wording", 'wording: "…"')),
                repeat=None if repeat is None else self.texts.wording(repeat),
                required=required is not None and required.flag(),
                topics=tuple(item.text() for item in self._list(table, "topics")),
                probes=self._question_probes(table.get("probes"), probes),
                max_probes=1 if most is None else most.integer(least=0, most=10, unit="probes", default=1),
            )

    @staticmethod
    def _question_probes(place: Place | None, probes: tuple[str, ...]) -> tuple[str, ...]:
        if place is None:
            return probes
        if not isinstance(place.node, Listing):
            word = place.choice((_INHERIT, _NO_PROBES), "list of probes")
            return probes if word == _INHERIT else ()
        return tuple(item.text() for item in place.items())

    # Single values

    @staticmethod
    def _list(table: Table, key: str) -> list[Place]:
        place = table.get(key)
        return [] if place is None else place.items()

    @staticmethod
    def _slug(table: Table, example: str) -> str:
        place = table.need("id", f"id: {example}")
        return "" if place is None else place.slug()

    @staticmethod
    def _text(table: Table, key: str, example: str) -> str:
        place = table.need(key, f'{key}: "{example}"')
        return "" if place is None else place.text()
