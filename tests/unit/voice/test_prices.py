"""The price table: every price known at the start, or an error that names what to set."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.session.usage import Use
from vivavoce.settings import load
from vivavoce.settings.errors import SettingsError
from vivavoce.voice import prices
from vivavoce.voice.prices import PriceTable, PriceUnknown, managed
from vivavoce.voice.tariff import MachineTariff, UnitTariff

HOUR = {"VIVAVOCE_MONEY__MACHINE_HOUR_USD": "0"}
OPENAI = {
    "VIVAVOCE_LLM__PROFILES__GPT__BASE_URL": "https://api.openai.com/v1",
    "VIVAVOCE_LLM__PROFILES__GPT__MODEL": "gpt-4o-mini",
}
VLLM = {
    "VIVAVOCE_LLM__PROFILES__MY_VLLM__BASE_URL": "http://gpu.example:8000/v1",
    "VIVAVOCE_LLM__PROFILES__MY_VLLM__MODEL": "gpt-4o-mini",
}
HOSTED_TTS = {
    "VIVAVOCE_SPEECH__UPSTREAMS__NOVA__KIND": "openai",
    "VIVAVOCE_SPEECH__UPSTREAMS__NOVA__URL": "https://api.openai.com",
    "VIVAVOCE_SPEECH__UPSTREAMS__NOVA__MODEL": "tts-1",
    "VIVAVOCE_SPEECH__ENGINES": "whisper,nova",
}


REALTIME = {
    "VIVAVOCE_REALTIME__PROFILES__VOICE__MODEL": "gpt-realtime",
    "VIVAVOCE_REALTIME__PROFILES__VOICE__TRANSCRIBER": "gpt-4o-mini-transcribe",
}
SPOKEN = Use(
    "realtime",
    "voice",
    input_tokens=3_000_000,
    cached_tokens=2_000_000,
    output_tokens=2_000_000,
    input_audio_tokens=2_000_000,
    output_audio_tokens=1_000_000,
    cached_audio_tokens=1_000_000,
)
"""A million of each: text and sound, fresh and cached (no fresh text), written and spoken."""


@pytest.fixture(autouse=True)
def _no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def table(*environments: dict[str, str]) -> PriceTable:
    return PriceTable.of(load({key: value for each in environments for key, value in each.items()}))


def test_the_hour_of_this_machine_must_be_said_even_if_it_is_nothing() -> None:
    with pytest.raises(PriceUnknown) as error:
        table()
    assert "VIVAVOCE_MONEY__MACHINE_HOUR_USD" in error.value.next_step
    assert table(HOUR).host.hour_usd == 0
    assert table(HOUR).engine("kokoro").tariff.amount(Use("tts", "kokoro", characters=10**6)) == 0


def test_a_hosted_model_is_priced_by_the_package_with_its_cache() -> None:
    tariff = table(HOUR, OPENAI).model("gpt").tariff
    assert (tariff.provider, tariff.model) == ("openai", "gpt-4o-mini")
    assert tariff.source.startswith("genai-prices ")
    # $0.15 read, $0.075 of the cache, $0.60 written, a million each.
    use = Use("llm", "gpt", input_tokens=10_000, cached_tokens=8_000, output_tokens=1_000)
    assert tariff.amount(use) == 300 + 600 + 600


def test_a_count_of_cached_tokens_that_cannot_be_is_no_failure() -> None:
    tariff = table(HOUR, OPENAI).model("gpt").tariff
    assert tariff.amount(Use("llm", "gpt", input_tokens=10, cached_tokens=99, cache_written_tokens=99)) >= 0


def test_a_model_on_a_server_nobody_knows_is_not_free_whatever_its_name() -> None:
    with pytest.raises(PriceUnknown) as error:
        table(HOUR, VLLM)
    assert "'my-vllm'" in error.value.what
    assert "VIVAVOCE_MONEY__PRICES__MY_VLLM__MACHINE_HOUR_USD" in error.value.next_step
    assert "VIVAVOCE_MONEY__PRICES__MY_VLLM__INPUT_USD" in error.value.next_step


def test_a_machine_of_the_teams_is_priced_by_its_hour() -> None:
    hour = {
        "VIVAVOCE_MONEY__PRICES__MY_VLLM__MACHINE_HOUR_USD": "1.20",
        "VIVAVOCE_MONEY__PRICES__MY_VLLM__MACHINE_SESSIONS": "8",
    }
    priced = table(HOUR, VLLM, hour).model("my-vllm")
    assert priced.tariff.amount(Use("llm", "my-vllm", input_tokens=10**6)) == 0
    assert priced.machine is not None
    assert priced.machine.amount(Use("machine", "my-vllm", seconds=3600)) == 150_000


def test_a_price_of_the_settings_goes_before_all_others() -> None:
    own = {
        "VIVAVOCE_MONEY__PRICES__GPT__INPUT_USD": "1",
        "VIVAVOCE_MONEY__PRICES__GPT__OUTPUT_USD": "2",
    }
    tariff = table(HOUR, OPENAI, own).model("gpt").tariff
    assert (tariff.source, tariff.amount(Use("llm", "gpt", input_tokens=3, output_tokens=4))) == (
        "settings",
        11,
    )


def test_hosted_speech_is_priced_by_our_table() -> None:
    tariff = table(HOUR, HOSTED_TTS).engine("nova").tariff
    assert tariff.provider == "openai"
    assert tariff.amount(Use("tts", "nova", characters=1_000, seconds=60)) == 15_000


@pytest.mark.parametrize(
    "change",
    [
        {"VIVAVOCE_SPEECH__UPSTREAMS__NOVA__MODEL": "tts-99"},
        {"VIVAVOCE_SPEECH__UPSTREAMS__NOVA__URL": "http://gpu.example"},
        {
            "VIVAVOCE_SPEECH__UPSTREAMS__NOVA__MODEL": "tts-99",
            # Says nothing of what a voice is paid by.
            "VIVAVOCE_MONEY__PRICES__NOVA__INPUT_USD": "1",
            "VIVAVOCE_MONEY__PRICES__NOVA__OUTPUT_USD": "1",
        },
    ],
)
def test_speech_that_nobody_priced_is_an_error(change: dict[str, str]) -> None:
    with pytest.raises(PriceUnknown, match="'nova'") as error:
        table(HOUR, HOSTED_TTS, change)
    assert "VIVAVOCE_MONEY__PRICES__NOVA__CHARACTERS_USD" in error.value.next_step


GUARD = {"VIVAVOCE_GUARD__PROFILES__LLAMA__BASE_URL": "http://gpu.example:8001/v1"}


def test_a_guard_needs_a_price_too() -> None:
    with pytest.raises(PriceUnknown, match="guard profile 'llama'") as error:
        table(HOUR, GUARD)
    assert "VIVAVOCE_MONEY__PRICES__LLAMA__INPUT_USD" in error.value.next_step
    own = {
        "VIVAVOCE_MONEY__PRICES__LLAMA__INPUT_USD": "1",
        "VIVAVOCE_MONEY__PRICES__LLAMA__OUTPUT_USD": "2",
    }
    tariff = table(HOUR, GUARD, own).guard("llama").tariff
    assert tariff.amount(Use("guard", "llama", input_tokens=300, output_tokens=3)) == 306
    with pytest.raises(PriceUnknown, match="speech engine 'llama'"):
        table(HOUR, GUARD, own).engine("llama")


def test_a_guard_of_a_hosted_api_is_priced_by_the_package() -> None:
    hosted = {
        "VIVAVOCE_GUARD__PROFILES__LLAMA__BASE_URL": "https://api.groq.com/openai/v1",
        "VIVAVOCE_GUARD__PROFILES__LLAMA__MODEL": "meta-llama/llama-guard-4-12b",
    }
    tariff = table(HOUR, hosted).guard("llama").tariff
    assert tariff.provider == "groq"
    assert tariff.amount(Use("guard", "llama", input_tokens=10**6)) > 0


def test_everything_unknown_is_said_at_once() -> None:
    with pytest.raises(PriceUnknown) as error:
        table(VLLM, HOSTED_TTS, {"VIVAVOCE_SPEECH__UPSTREAMS__NOVA__MODEL": "tts-99"})
    for what in ("this machine", "my-vllm", "nova"):
        assert what in error.value.what


def test_a_price_for_nothing_there_is_refused() -> None:
    with pytest.raises(PriceUnknown, match="nobody-knows"):
        table(HOUR, {"VIVAVOCE_MONEY__PRICES__NOBODY_KNOWS__MINUTE_USD": "1"})


def test_a_languages_own_recogniser_may_be_written_with_spaces() -> None:
    elsewhere = {
        "VIVAVOCE_SPEECH__URL": "http://speech.example:8100",
        "VIVAVOCE_SPEECH__STT_MODELS": "ja = my-ears",
        "VIVAVOCE_MONEY__PRICES__WHISPER__MINUTE_USD": "0.01",
        "VIVAVOCE_MONEY__PRICES__MY_EARS__MINUTE_USD": "0.02",
    }
    assert table(HOUR, elsewhere).engine("my-ears").tariff.amount(Use("stt", "my-ears", seconds=60)) == 20_000


def test_an_engine_of_a_speech_server_elsewhere_needs_a_price_of_the_settings() -> None:
    elsewhere = {"VIVAVOCE_SPEECH__URL": "http://speech.example:8100"}
    prices_of = table(HOUR, elsewhere, {"VIVAVOCE_MONEY__PRICES__FISH__MINUTE_USD": "0.02"})
    assert prices_of.engine("fish").tariff.amount(Use("tts", "fish", seconds=30)) == 10_000
    with pytest.raises(PriceUnknown, match="'other'"):
        prices_of.engine("other")


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"MACHINE_HOUR_USD": "1", "MINUTE_USD": "1"}, "either machine_hour_usd"),
        ({"MACHINE_SESSIONS": "2"}, "either machine_hour_usd"),
        ({"INPUT_USD": "1"}, "belong together"),
        ({"MINUTE_USD": "-1"}, "greater than or equal to 0"),
        ({"MINUTE_USD": "nan"}, "finite"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused(variables: dict[str, str], problem: str) -> None:
    environment = {f"VIVAVOCE_MONEY__PRICES__KOKORO__{name}": value for name, value in variables.items()}
    with pytest.raises(SettingsError, match=problem):
        load({**HOUR, **environment})


def test_every_entry_of_our_table_has_a_price_a_source_and_a_date() -> None:
    data: dict[str, Any] = tomllib.loads((Path(prices.__file__).parent / "prices.toml").read_text("utf-8"))
    date.fromisoformat(data["version"])
    seen: set[tuple[str, str]] = set()
    for entry in data["price"]:
        assert (entry["host"], entry["model"]) not in seen
        seen.add((entry["host"], entry["model"]))
        amounts = [entry[key] for key in ("characters_usd", "minute_usd") if key in entry]
        assert len(amounts) == 1 and Decimal(amounts[0]) > 0
        assert entry["source"].startswith("https://")
        assert isinstance(entry["checked"], date) and entry["checked"].isoformat() <= data["version"]


def test_there_are_managed_services_to_compare_with() -> None:
    services = managed()
    assert len(services) == 3
    for each in services:
        assert each.llm.amount(Use("llm", "", input_tokens=10**6, output_tokens=10**6)) > 0
        assert each.tts.amount(Use("tts", "", characters=10**6, seconds=60)) > 0
        assert each.stt.amount(Use("stt", "", seconds=3600)) > 0


@given(
    tokens=st.tuples(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7)),
    usd=st.decimals(0, 100, places=4),
)
def test_a_unit_tariff_never_pays_back(tokens: tuple[int, int, int], usd: Decimal) -> None:
    tariff = UnitTariff("p", "m", "t", input_usd=usd, cached_usd=usd / 2, output_usd=usd)
    use = Use("llm", "m", input_tokens=tokens[0], cached_tokens=tokens[1], output_tokens=tokens[2])
    assert 0 <= tariff.amount(use) <= (tokens[0] + tokens[2]) * usd + 1


@given(st.lists(st.floats(0, 600), max_size=50))
def test_a_machines_time_in_pieces_costs_what_it_costs_whole(pieces: list[float]) -> None:
    machine = MachineTariff("host", "t", Decimal("3.7"), 4)
    in_pieces = sum(machine.amount(Use("machine", "host", seconds=round(s, 3))) for s in pieces)
    whole = machine.amount(Use("machine", "host", seconds=round(sum(round(s, 3) for s in pieces), 3)))
    assert abs(in_pieces - whole) <= len(pieces)


def test_a_speech_to_speech_model_is_priced_by_its_text_and_its_sound() -> None:
    prices = table(HOUR, REALTIME)
    tariff = prices.model("voice").tariff
    assert (tariff.provider, tariff.model) == ("openai", "gpt-realtime")
    # Cached text $0.40, sound $32 and cached $0.40, written $16, spoken $64, a million each.
    assert tariff.amount(SPOKEN) == 112_800_000
    transcriber = prices.engine("voice").tariff
    assert transcriber.amount(Use("stt", "voice", seconds=60)) == 3_000


def test_a_price_of_ours_for_sound_goes_first() -> None:
    names = ("INPUT", "CACHED", "OUTPUT", "INPUT_AUDIO", "CACHED_AUDIO", "OUTPUT_AUDIO")
    own = {f"VIVAVOCE_MONEY__PRICES__VOICE__{name}_USD": str(usd) for usd, name in enumerate(names, start=1)}
    tariff = table(HOUR, REALTIME, own).model("voice").tariff
    # Cached text 2, sound 4 and cached 5, written 3, spoken 6.
    assert tariff.amount(SPOKEN) == 20_000_000


@pytest.mark.parametrize(
    "change",
    [
        {"VIVAVOCE_REALTIME__PROFILES__VOICE__MODEL": "gpt-nobody-knows"},
        # Known as a text model only.
        {"VIVAVOCE_REALTIME__PROFILES__VOICE__MODEL": "gpt-4o-mini"},
        {"VIVAVOCE_REALTIME__PROFILES__VOICE__TRANSCRIBER": "nobody-hears"},
        {"VIVAVOCE_REALTIME__PROFILES__VOICE__BASE_URL": "https://elsewhere.example/v1"},
    ],
)
def test_speech_to_speech_that_nobody_priced_is_an_error(change: dict[str, str]) -> None:
    with pytest.raises(PriceUnknown) as error:
        table(HOUR, REALTIME, change)
    assert "VIVAVOCE_MONEY__PRICES__VOICE__" in error.value.next_step
