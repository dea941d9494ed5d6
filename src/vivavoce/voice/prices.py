"""The price table: every model, guard and engine of the settings with its price, or an error that names what to set.

Language models are priced by genai-prices (https://github.com/pydantic/genai-prices, MIT), which knows each provider's
rules; hosted speech by `prices.toml`; what runs on machines of the team's own by the hour of those machines. A price of
the settings goes before all of them. Nothing is free because nobody knows what it costs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from vivavoce.errors import VivavoceError
from vivavoce.session.usage import Use
from vivavoce.settings import PriceSettings, RealtimeProfile, Settings
from vivavoce.settings.profiles import by_language
from vivavoce.settings.speech import LOCAL_ENGINES
from vivavoce.voice.tariff import MachineTariff, OwnTariff, PackageTariff, Tariff, UnitTariff

HOST = "host"
"""The machine that sessions run on, with its local engines."""

OWN_PRICES = "settings"

OPENAI_HOST = "api.openai.com"

MODEL, GUARD, ENGINE = "model profile", "guard profile", "speech engine"
"""What has a price, for people."""

BY_TOKENS, BY_SOUND = "INPUT_USD and …OUTPUT_USD", "CHARACTERS_USD, or …MINUTE_USD"
BY_BOTH = "INPUT_USD, …OUTPUT_USD, …INPUT_AUDIO_USD and …OUTPUT_AUDIO_USD"
"""The ends of the variables that set it."""

_A_MILLION_EACH = Use("llm", "", input_tokens=1_000_000, output_tokens=1_000_000)


class PriceUnknown(VivavoceError):
    """Something has no price. It is not taken to be free."""

    code = "price_unknown"


@dataclass(frozen=True)
class Priced:
    """What one thing costs: by the piece, and by the hour of a machine if it runs on one of the team's own."""

    tariff: Tariff
    machine: MachineTariff | None = None


class PriceTable:
    """The prices of a deployment.

    Args:
        models: by name of the model profile, text models and speech-to-speech ones.
        guards: by name of the guard profile.
        engines: by name of the speech engine.
        host: the hour of this machine.
    """

    def __init__(
        self,
        models: Mapping[str, Priced],
        guards: Mapping[str, Priced],
        engines: Mapping[str, Priced],
        host: MachineTariff,
    ) -> None:
        self._models = dict(models)
        self._guards = dict(guards)
        self._engines = dict(engines)
        self.host = host

    @classmethod
    def of(cls, settings: Settings) -> PriceTable:
        """The table of the settings.

        Raises:
            PriceUnknown: something that they name has no price; the message names the settings to set.
        """
        money = settings.money
        elsewhere = settings.speech.url is not None
        unknown: list[str] = []
        steps: list[str] = []
        if money.machine_hour_usd is None:
            unknown.append("Nobody said what an hour of this machine costs.")
            steps.append("Set VIVAVOCE_MONEY__MACHINE_HOUR_USD; it may be 0.")
        host = MachineTariff(
            HOST, OWN_PRICES, money.machine_hour_usd or Decimal(0), sessions=settings.host.slots
        )
        thinkers = settings.llm.profiles.keys() | settings.guard.profiles.keys()
        thinkers |= settings.realtime.profiles.keys()
        strangers = money.prices.keys() - thinkers - settings.speech.upstreams.keys()
        strangers -= settings.stt.profiles.keys() | settings.tts.profiles.keys()
        if not elsewhere and (strangers := strangers - set(LOCAL_ENGINES)):
            unknown.append(
                f"There is no model profile, guard profile or speech engine {', '.join(sorted(strangers))} to price."
            )
            steps.append("Name it in the settings, or take its price away.")

        models: dict[str, Priced] = {}
        guards: dict[str, Priced] = {}
        engines: dict[str, Priced] = {}

        def enter(table: dict[str, Priced], name: str, found: Priced | None, what: str, pieces: str) -> None:
            if found is not None:
                table[name] = found
                return
            unknown.append(f"The price of {what} is not known.")
            steps.append(_how(name, pieces))

        def by_tokens(name: str, url: str | None, model: str, provider: str) -> Priced | None:
            found = _own(name, model, money.prices.get(name), pieces=("input_usd",))
            return found or _hosted(model_tariff(url, model, provider=provider))

        for name, profile in settings.llm.profiles.items():
            found = by_tokens(name, profile.base_url, profile.model, profile.provider)
            enter(models, name, found, f"{MODEL} {name!r} ({profile.model})", BY_TOKENS)
        for name, profile in settings.guard.profiles.items():
            found = by_tokens(name, profile.base_url, profile.model, "openai")
            enter(guards, name, found, f"{GUARD} {name!r} ({profile.model})", BY_TOKENS)
        for name, spoken in settings.realtime.profiles.items():
            own = money.prices.get(name)
            found = _spoken(name, spoken, own)
            enter(models, name, found, f"speech-to-speech profile {name!r} ({spoken.model})", BY_BOTH)
            if spoken.transcriber is not None:
                at = urlsplit(spoken.base_url).hostname if spoken.base_url else OPENAI_HOST
                written = _own(name, spoken.transcriber, own, pieces=("minute_usd",))
                written = written or _hosted(speech_tariff(at, spoken.transcriber))
                what = f"{spoken.transcriber!r}, which {name!r} hears with,"
                enter(engines, name, written, what, "MINUTE_USD")
        hears = (
            settings.speech.stt_model,
            *(name for _, name in by_language(settings.speech.stt_models)),
        )
        wanted = hears if elsewhere else settings.speech.engines
        hosted = (*settings.stt.profiles, *settings.tts.profiles)
        priced = (name for name in money.prices if name not in thinkers)
        for name in dict.fromkeys((*wanted, *hosted, *priced)):
            upstream = settings.speech.upstreams.get(name)
            called = name if upstream is None or upstream.model is None else upstream.model
            found = _own(name, called, money.prices.get(name), pieces=("characters_usd", "minute_usd"))
            if found is None and name in LOCAL_ENGINES:
                found = Priced(OwnTariff(name, OWN_PRICES))
            elif found is None and upstream is not None:
                found = _hosted(speech_tariff(urlsplit(upstream.url).hostname, upstream.model))
            enter(engines, name, found, f"{ENGINE} {name!r}", BY_SOUND)
        if unknown:
            raise PriceUnknown(" ".join(unknown), next_step=" ".join(steps))
        return cls(models, guards, engines, host)

    def model(self, profile: str) -> Priced:
        """What a model profile costs.

        Raises:
            PriceUnknown: there is no such profile.
        """
        return self._found(self._models, profile, MODEL, BY_TOKENS)

    def guard(self, profile: str) -> Priced:
        """What a guard profile costs.

        Raises:
            PriceUnknown: there is no such profile.
        """
        return self._found(self._guards, profile, GUARD, BY_TOKENS)

    def engine(self, name: str) -> Priced:
        """What a speech engine costs.

        Raises:
            PriceUnknown: the settings say nothing of it.
        """
        return self._found(self._engines, name, ENGINE, BY_SOUND)

    @staticmethod
    def _found(table: Mapping[str, Priced], name: str, what: str, pieces: str) -> Priced:
        found = table.get(name)
        if found is None:
            raise PriceUnknown(f"The price of {what} {name!r} is not known.", next_step=_how(name, pieces))
        return found


def _how(name: str, pieces: str) -> str:
    variable = f"VIVAVOCE_MONEY__PRICES__{name.upper().replace('-', '_')}__"
    return f"Set {variable}MACHINE_HOUR_USD if it runs on a machine of yours (it may be 0), else {variable}{pieces}."


def _own(name: str, model: str, price: PriceSettings | None, *, pieces: tuple[str, ...]) -> Priced | None:
    """A price of the settings, if it says what one of these pieces costs, or the machine's hour."""
    if price is None:
        return None
    if price.machine_hour_usd is not None:
        machine = MachineTariff(name, OWN_PRICES, price.machine_hour_usd, price.machine_sessions)
        return Priced(OwnTariff(model, OWN_PRICES), machine)
    if all(getattr(price, piece) is None for piece in pieces):
        return None
    return Priced(
        UnitTariff(
            provider=name,
            model=model,
            source=OWN_PRICES,
            input_usd=price.input_usd,
            cached_usd=price.cached_usd,
            output_usd=price.output_usd,
            input_audio_usd=price.input_audio_usd,
            cached_audio_usd=price.cached_audio_usd,
            output_audio_usd=price.output_audio_usd,
            characters_usd=price.characters_usd,
            minute_usd=price.minute_usd,
        )
    )


def _spoken(name: str, profile: RealtimeProfile, own: PriceSettings | None) -> Priced | None:
    found = _own(name, profile.model, own, pieces=("input_audio_usd",))
    return found or _hosted(
        model_tariff(profile.base_url, profile.model, provider=profile.provider, sound=True)
    )


def _hosted(tariff: Tariff | None) -> Priced | None:
    return None if tariff is None else Priced(tariff)


def model_tariff(
    url: str | None, model: str, *, provider: str = "openai", sound: bool = False
) -> Tariff | None:
    """A model's price out of genai-prices; None: it has none.

    Args:
        url: of the server's API; None: the provider's usual one.
        model: its name there.
        provider: whose API it is, as genai-prices and our settings name it.
        sound: it hears and speaks, so that a price that knows text only is none.
    """
    from genai_prices import (
        Usage,
        calc_price,
    )  # 0.7 s and 40 MB, which a command that spends nothing does without

    def price(use: Use) -> Any:
        cached = min(use.cached_tokens, use.input_tokens)
        usage = Usage(
            input_tokens=use.input_tokens,
            cache_read_tokens=cached,
            cache_write_tokens=min(use.cache_written_tokens, use.input_tokens - cached),
            output_tokens=use.output_tokens,
            input_audio_tokens=use.input_audio_tokens,
            output_audio_tokens=use.output_audio_tokens,
            cache_audio_read_tokens=min(use.cached_audio_tokens, cached),
        )
        if url is None:
            return calc_price(usage, model_ref=model, provider_id=provider)
        return calc_price(usage, model_ref=model, provider_api_url=url)

    try:
        found = price(_A_MILLION_EACH)
    except LookupError:
        return None
    if found.total_price <= 0:
        return None  # known by name only
    audio = (found.model_price.input_audio_mtok, found.model_price.output_audio_mtok)
    if sound and None in audio:
        return None
    return PackageTariff(
        provider=found.provider.id,
        model=model,
        source=f"genai-prices {version('genai-prices')}",
        usd=lambda use: price(use).total_price,
    )


def speech_tariff(host: str | None, model: str | None) -> Tariff | None:
    """A hosted voice's or recogniser's price out of our own table; None: it has none.

    Args:
        host: of the server, without its port.
        model: its name there.
    """
    table = _table()
    for entry in table["price"]:
        if (entry["host"], entry["model"]) == (host, model):
            return UnitTariff(
                provider=entry["provider"],
                model=entry["model"],
                source=f"vivavoce {table['version']}",
                characters_usd=_decimal(entry.get("characters_usd")),
                minute_usd=_decimal(entry.get("minute_usd")),
            )
    return None


@dataclass(frozen=True)
class Managed:
    """Hosted services that could hold an interview between them, to compare with."""

    name: str
    llm: Tariff
    tts: Tariff
    stt: Tariff


def managed() -> list[Managed]:
    """Those of our table."""
    found: list[Managed] = []
    for entry in _table()["managed"]:
        llm = model_tariff(entry["llm"]["url"], entry["llm"]["model"])
        tts = speech_tariff(entry["tts"]["host"], entry["tts"]["model"])
        stt = speech_tariff(entry["stt"]["host"], entry["stt"]["model"])
        assert llm is not None and tts is not None and stt is not None, f"{entry['name']} has no price"
        found.append(Managed(entry["name"], llm, tts, stt))
    return found


@dataclass(frozen=True)
class Voice:
    """A speech-to-speech model that is paid by the piece, to compare with."""

    name: str
    tariff: Tariff


def voices(settings: Settings) -> list[Voice]:
    """Those of the settings, and those of our table that are none of them."""
    found: list[Voice] = []
    for name, profile in settings.realtime.profiles.items():
        priced = _spoken(name, profile, settings.money.prices.get(name))
        if priced is not None and priced.machine is None:
            found.append(Voice(f"profile {name}", priced.tariff))
    ours = [each.tariff for each in found]
    for entry in _table()["voice"]:
        tariff = model_tariff(None, entry["model"], provider=entry["provider"], sound=True)
        assert tariff is not None, f"{entry['name']} has no price"
        if tariff not in ours:
            found.append(Voice(entry["name"], tariff))
    return found


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(resources.files("vivavoce.voice").joinpath("prices.toml").read_text("utf-8"))
