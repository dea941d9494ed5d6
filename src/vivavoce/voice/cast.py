"""Who speaks and who hears in a language: the study's choice, then the settings', then what comes built in."""

from __future__ import annotations

from vivavoce.errors import VivavoceError
from vivavoce.protocol.languages import base_language, describe
from vivavoce.protocol.study import Study
from vivavoce.protocol.voices import DEFAULT_VOICES
from vivavoce.settings import SpeechSettings
from vivavoce.settings.profiles import for_language
from vivavoce.voice.wording import Voice


class VoiceMissing(VivavoceError):
    """A language of a study has no voice, or none that there is an engine for."""

    code = "voice_missing"


class Cast:
    """The voices and recognisers of the settings.

    Args:
        settings: of the speech server.
    """

    def __init__(self, settings: SpeechSettings) -> None:
        self._settings = settings

    def voice(self, study: Study, language: str) -> Voice:
        """The moderator's voice in a language of a study.

        Raises:
            VoiceMissing: nobody names one.
        """
        own = study.voices.get(language)
        if own is not None:
            return Voice(own.engine, own.voice, language, own.speed)
        usual = for_language(self._settings.voices, language)
        if usual is not None:
            engine, _, voice = usual.partition("/")
            return Voice(engine.strip(), voice.strip(), language)
        built_in = DEFAULT_VOICES.get(base_language(language))
        if built_in is None:
            raise VoiceMissing(
                f"The study {study.id!r} has no voice in {describe(language)}, and none comes by default.",
                next_step="Name one under `voices:` in the study, or set "
                f"VIVAVOCE_SPEECH__VOICES={language}=ENGINE/VOICE.",
            )
        return Voice(built_in.engine, built_in.voice, language, built_in.speed)

    def hearing(self, language: str) -> str:
        """The speech server's model that hears a language."""
        return for_language(self._settings.stt_models, language) or self._settings.stt_model

    def check(self, study: Study) -> None:
        """See that every language of a study has a voice, of an engine that runs. A server elsewhere knows its own.

        Raises:
            VoiceMissing: one has not.
        """
        for language in study.languages:
            engine = self.voice(study, language).engine
            if self._settings.url is None and engine not in self._settings.engines:
                raise VoiceMissing(
                    f"The voice of the study {study.id!r} in {describe(language)} is one of the engine {engine!r}, "
                    f"which does not run here: there are {', '.join(self._settings.engines)}.",
                    next_step="Add it to VIVAVOCE_SPEECH__ENGINES (with [speech.upstreams.NAME] in the settings file "
                    "if it is a server elsewhere), or name another voice in the study.",
                )
