"""Settings: where they come from, what is refused, and that secrets stay secret."""

from __future__ import annotations

import json
import re
import traceback
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from vivavoce import settings
from vivavoce.cli.main import app
from vivavoce.settings import ProfileUnknown, Settings, SettingsError, load
from vivavoce.settings.names import fields_of

SECRET_URL = "postgresql://vivavoce:hunter2@db/vivavoce"
DOC = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory without a settings file, and no variable of ours in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in (*settings.names(), settings.CONFIG_VARIABLE):
        monkeypatch.delenv(name, raising=False)


def _file(tmp_path: Path, text: str, name: str = "vivavoce.toml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def _refusal(environ: dict[str, str] | None = None, config: Path | None = None) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(environ or {}, config=config)
    assert caught.value.code == "settings_invalid"
    return caught.value


class TestSources:
    def test_defaults_hold_when_nothing_is_said(self, tmp_path: Path) -> None:
        found = load({})
        assert found.web.port == 8080
        assert found.speech.engines == ("whisper", "kokoro")
        assert found.data_dir == tmp_path / ".vivavoce"

    def test_the_environment_wins_over_the_file_which_wins_over_the_default(self, tmp_path: Path) -> None:
        _file(tmp_path, "[web]\nport = 9000\nhost = '0.0.0.0'\n")
        found = load({"VIVAVOCE_WEB__PORT": "9001"})
        assert (found.web.port, found.web.host, found.host.slots) == (9001, "0.0.0.0", 4)

    def test_a_named_file_replaces_the_usual_one(self, tmp_path: Path) -> None:
        _file(tmp_path, "[web]\nport = 9000\n")
        other = _file(tmp_path, "[host]\nslots = 7\n", "other.toml")
        found = load({"VIVAVOCE_CONFIG": str(other)})
        assert (found.web.port, found.host.slots) == (8080, 7)
        assert load({"VIVAVOCE_CONFIG": "missing.toml"}, config=other).host.slots == 7

    def test_lists_are_separated_by_commas(self) -> None:
        found = load({"VIVAVOCE_WEB__ICE_SERVERS": "stun:a:3478, turn:b:3478,"})
        assert found.web.ice_servers == ("stun:a:3478", "turn:b:3478")

    def test_an_empty_variable_is_none_but_empties_a_list(self, tmp_path: Path) -> None:
        _file(tmp_path, "[web]\nport = 9000\nice_servers = ['stun:a:1']\n")
        found = load({"VIVAVOCE_WEB__PORT": "", "VIVAVOCE_WEB__ICE_SERVERS": "", "VIVAVOCE_DATABASE_URL": ""})
        assert found.web.port == 9000
        assert found.web.ice_servers == ()
        assert found.database_url is None

    def test_usual_voices_are_an_engine_and_a_voice_for_a_language(self) -> None:
        given = "de=piper/de_DE-thorsten-medium, en-GB = kokoro/bf_emma"
        found = load({"VIVAVOCE_SPEECH__VOICES": given})
        assert found.speech.voices == ("de=piper/de_DE-thorsten-medium", "en-GB = kokoro/bf_emma")
        for wrong in ("de", "de=thorsten", "german voice=piper/x", "de=/x", "de=piper/"):
            with pytest.raises(SettingsError, match=r"speech\.voices.*like de=piper/"):
                load({"VIVAVOCE_SPEECH__VOICES": wrong})
        with pytest.raises(SettingsError, match=r"no engine pipr speaks; there are kokoro, piper"):
            load({"VIVAVOCE_SPEECH__VOICES": "de=pipr/thorsten"})

    def test_paths_become_absolute_and_home_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/home/someone")
        assert load({"VIVAVOCE_DATA_DIR": "~/data"}).data_dir == Path("/home/someone/data")

    def test_other_programs_variables_are_none_of_our_business(self) -> None:
        assert load({"PATH": "/bin", "VIVA": "x", "VIVAVOCE": "y"}) == load({})

    def test_each_setting_can_be_given_by_its_variable(self) -> None:
        values = {
            row.variable: row.default or "" for row in settings.defaults() if "__NAME__" not in row.variable
        }
        assert load(values) == load({})


class TestRefusals:
    @pytest.mark.parametrize(
        ("variable", "nearest"),
        [
            ("VIVAVOCE_WEB__PROT", "VIVAVOCE_WEB__PORT"),
            ("VIVAVOCE_WEB_PORT", "VIVAVOCE_WEB__PORT"),
            ("VIVAVOCE_PORT", "VIVAVOCE_WEB__PORT"),
            ("VIVAVOCE_DATABASE_URI", "VIVAVOCE_DATABASE_URL"),
            ("VIVAVOCE_CONFG", "VIVAVOCE_CONFIG"),
            ("vivavoce_web__port", "VIVAVOCE_WEB__PORT"),
            ("VIVAVOCE_", "`vivavoce settings`"),
            ("VIVAVOCE_XYZZY", "`vivavoce settings`"),
        ],
    )
    def test_an_unknown_variable_is_answered_with_the_nearest(self, variable: str, nearest: str) -> None:
        error = _refusal({variable: "1"})
        assert variable in error.what
        assert nearest in error.next_step

    def test_every_unknown_variable_is_named_at_once(self) -> None:
        error = _refusal({"VIVAVOCE_WEB__PROT": "1", "VIVAVOCE_HOST__SLOT": "1"})
        assert "VIVAVOCE_WEB__PROT" in error.what and "VIVAVOCE_HOST__SLOT" in error.what
        assert "VIVAVOCE_WEB__PORT" in error.next_step and "VIVAVOCE_HOST__SLOTS" in error.next_step

    @pytest.mark.parametrize(
        ("text", "unknown", "nearest"),
        [
            ("[web]\nprot = 1\n", "web.prot", "web.port"),
            ("[wbe]\nport = 1\n", "wbe", "web"),
            ("databse_url = 'x'\n", "databse_url", "database_url"),
        ],
    )
    def test_an_unknown_key_in_the_file_is_answered_with_the_nearest(
        self, tmp_path: Path, text: str, unknown: str, nearest: str
    ) -> None:
        error = _refusal(config=_file(tmp_path, text))
        assert f"There is no setting {unknown}." in error.what
        assert f"Did you mean {nearest}?" in error.next_step

    @pytest.mark.parametrize(
        ("variable", "value", "where"),
        [
            ("VIVAVOCE_WEB__PORT", "http", "web.port"),
            ("VIVAVOCE_WEB__PORT", "65536", "web.port"),
            ("VIVAVOCE_HOST__SLOTS", "0", "host.slots"),
            ("VIVAVOCE_LOG__LEVEL", "INFO", "log.level"),
            ("VIVAVOCE_SPEECH__ENGINES", "whisper,espeak", "speech.engines"),
            ("VIVAVOCE_WEB__PUBLIC_URL", "interviews.example", "web.public_url"),
            ("VIVAVOCE_WEB__PUBLIC_URL", "https://interviews.example/path", "web.public_url"),
            ("VIVAVOCE_WEB__ICE_SERVERS", "a:3478", "web.ice_servers"),
        ],
    )
    def test_a_value_that_does_not_fit_names_its_setting(self, variable: str, value: str, where: str) -> None:
        error = _refusal({variable: value})
        assert error.what.startswith(where)

    def test_a_variable_cannot_step_into_a_plain_value(self, tmp_path: Path) -> None:
        _file(tmp_path, "web = 1\n")
        error = _refusal({"VIVAVOCE_WEB__PORT": "1"})
        assert "VIVAVOCE_WEB__PORT" in error.what and "[web]" in error.next_step

    @pytest.mark.parametrize("make", ["missing", "folder", "binary", "broken"])
    def test_an_unreadable_file_is_named(self, tmp_path: Path, make: str) -> None:
        path = tmp_path / "named.toml"
        if make == "folder":
            path.mkdir()
        elif make == "binary":
            path.write_bytes(b"\xff\xfe\x00password")
        elif make == "broken":
            path.write_text("[web\nport=1", encoding="utf-8")
        error = _refusal({"VIVAVOCE_CONFIG": str(path)})
        assert str(path) in error.what
        assert error.next_step

    @given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30))
    def test_any_name_is_either_a_setting_or_refused(self, tail: str) -> None:
        variable = f"VIVAVOCE_{tail}"
        if variable not in settings.names() and variable != settings.CONFIG_VARIABLE:
            assert variable in _refusal({variable: "1"}).what


class TestUpstreams:
    FISH: ClassVar = {
        "VIVAVOCE_SPEECH__UPSTREAMS__MY_FISH__KIND": "fish",
        "VIVAVOCE_SPEECH__UPSTREAMS__MY_FISH__URL": "http://gpu:8080/",
        "VIVAVOCE_SPEECH__UPSTREAMS__MY_FISH__API_KEY": "hunter2",
        "VIVAVOCE_SPEECH__UPSTREAMS__MY_FISH__VOICES": "anna=de-DE, bert",
        "VIVAVOCE_SPEECH__ENGINES": "whisper,my-fish",
    }

    def test_one_is_named_and_run(self, tmp_path: Path) -> None:
        _file(
            tmp_path,
            "[speech]\nengines = ['whisper', 'gpu', 'my-fish']\n"
            "[speech.upstreams.gpu]\nkind = 'voxtral'\nurl = 'https://gpu.example'\nsocket = true\nwhole_s = 30\n"
            "[speech.upstreams.my-fish]\nkind = 'fish'\nurl = 'http://other'\n",
        )
        speech = load({name: value for name, value in self.FISH.items() if "ENGINES" not in name}).speech
        assert speech.engines == ("whisper", "gpu", "my-fish")
        assert (speech.upstreams["gpu"].socket, speech.upstreams["gpu"].whole_s) == (True, 30.0)
        fish = speech.upstreams["my-fish"]
        assert (fish.kind, fish.url, fish.voices) == ("fish", "http://gpu:8080", ("anna=de-DE", "bert"))
        assert fish.api_key is not None
        assert fish.api_key.get_secret_value() == "hunter2"

    @pytest.mark.parametrize(
        ("variable", "nearest"),
        [
            ("VIVAVOCE_SPEECH__UPSTREAMS__MY_FISH__ULR", "VIVAVOCE_SPEECH__UPSTREAMS__MY_FISH__URL"),
            ("VIVAVOCE_SPEECH__UPSTREAMS__X__APIKEY", "VIVAVOCE_SPEECH__UPSTREAMS__X__API_KEY"),
            ("VIVAVOCE_SPEECH__UPSTREAM__X__MODEL", "VIVAVOCE_SPEECH__UPSTREAMS__NAME__MODEL"),
            ("VIVAVOCE_SPEECH__UPSTREAMS", "Did you mean VIVAVOCE_SPEECH__"),
            ("VIVAVOCE_SPEECH__UPSTREAMS__1__URL", "VIVAVOCE_SPEECH__UPSTREAMS__1__URL"),
        ],
    )
    def test_an_unknown_part_of_one_is_answered_with_the_nearest(self, variable: str, nearest: str) -> None:
        error = _refusal({variable: "1"})
        assert f"There is no setting {variable}." in error.what
        assert nearest in error.next_step

    def test_so_it_is_in_the_file(self, tmp_path: Path) -> None:
        text = "[speech.upstreams.my-fish]\nkind = 'fish'\nurl = 'http://gpu'\napikey = 'hunter2'\n"
        error = _refusal(config=_file(tmp_path, text))
        assert "There is no setting speech.upstreams.my-fish.apikey." in error.what
        assert "Did you mean speech.upstreams.my-fish.api_key?" in error.next_step
        assert "hunter2" not in "".join(traceback.format_exception(error))

    @pytest.mark.parametrize(
        ("part", "value", "what"),
        [
            ("URL", "gpu:8080", "speech.upstreams.my-fish.url does not fit"),
            ("URL", "ftp://gpu", "speech.upstreams.my-fish.url does not fit"),
            ("URL", "http://", "speech.upstreams.my-fish.url does not fit"),
            ("URL", "http://user:hunter2@gpu", "speech.upstreams.my-fish.url does not fit"),
            ("URL", "http://gpu:99999", "speech.upstreams.my-fish.url does not fit"),
            ("URL", "http://gpu/?key=hunter2", "speech.upstreams.my-fish.url does not fit"),
            ("URL", "http://my gpu", "speech.upstreams.my-fish.url does not fit"),
            ("KIND", "piper", "speech.upstreams.my-fish.kind does not fit"),
            ("KIND", "openai", "needs the name of a model"),
            ("ROLE", "stt", "only kind openai"),
            ("SOCKET", "true", "belongs to kind voxtral"),
            ("RESPONSE_FORMAT", "pcm", "belongs to kind openai"),
            ("VOICES", "anna=german shepherd", "each should be like nova"),
            ("CONCURRENCY", "0", "speech.upstreams.my-fish.concurrency does not fit"),
            ("WHOLE_S", "nan", "speech.upstreams.my-fish.whole_s does not fit"),
        ],
    )
    def test_a_part_that_does_not_fit_is_named(self, part: str, value: str, what: str) -> None:
        error = _refusal({**self.FISH, f"VIVAVOCE_SPEECH__UPSTREAMS__MY_FISH__{part}": value})
        assert what in error.what
        assert "hunter2" not in str(error)

    @pytest.mark.parametrize("name", ["kokoro", "My-Fish", "my_fish", "-fish", "my--fish", ""])
    def test_a_name_has_to_be_one(self, tmp_path: Path, name: str) -> None:
        text = f"[speech.upstreams.'{name}']\nkind = 'fish'\nurl = 'http://gpu'\n"
        assert "the name of an upstream" in _refusal(config=_file(tmp_path, text)).what

    def test_an_engine_that_is_none_is_answered_with_the_nearest(self) -> None:
        error = _refusal({**self.FISH, "VIVAVOCE_SPEECH__ENGINES": "my-fihs"})
        assert "there is no engine my-fihs; did you mean my-fish?" in error.what

    def test_the_examples_of_the_how_to_are_settings(self, tmp_path: Path) -> None:
        page = (DOC.parents[1] / "how-to" / "gpu-speech.md").read_text(encoding="utf-8")
        examples = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
        found = [load({}, config=_file(tmp_path, text)).speech for text in examples]
        assert [list(speech.upstreams) for speech in found] == [["voxtral", "fish", "openai"], ["ears"]]

    def test_its_rows_say_where_they_come_from_and_hide_the_key(self, tmp_path: Path) -> None:
        path = _file(tmp_path, "[speech.upstreams.gpu]\nkind = 'voxtral'\nurl = 'http://gpu'\n", "my.toml")
        rows = {row.name: row for row in settings.describe(self.FISH, config=path)}
        assert rows["speech.upstreams.gpu.url"].source == str(path)
        assert rows["speech.upstreams.gpu.whole_s"].source == "default"
        key = rows["speech.upstreams.my-fish.api_key"]
        assert (key.variable, key.source) == ("VIVAVOCE_SPEECH__UPSTREAMS__MY_FISH__API_KEY", "environment")
        assert key.value == "**********"
        assert "speech.upstreams.NAME.url" in {row.name for row in settings.describe({})}


class TestSecrets:
    def test_no_way_of_printing_shows_a_secret(self) -> None:
        found = load({"VIVAVOCE_DATABASE_URL": SECRET_URL})
        assert found.database_url is not None
        assert found.database_url.get_secret_value() == SECRET_URL
        printed = [
            repr(found),
            str(found),
            found.model_dump_json(),
            str(found.model_dump()),
            str(settings.describe({"VIVAVOCE_DATABASE_URL": SECRET_URL})),
        ]
        assert [text for text in printed if "hunter2" in text] == []

    def test_errors_never_quote_values(self, tmp_path: Path) -> None:
        files = [
            f"database_url = ['{SECRET_URL}']\n",
            f"database_url = '{SECRET_URL}'\nbroken",
            f"database_url = {SECRET_URL}\n",
        ]
        for number, text in enumerate(files):
            error = _refusal(config=_file(tmp_path, text, f"{number}.toml"))
            assert "hunter2" not in "".join(traceback.format_exception(error))
        error = _refusal({"VIVAVOCE_DATABASE_URL": SECRET_URL, "VIVAVOCE_WEB__PORT": "hunter2"})
        assert "hunter2" not in "".join(traceback.format_exception(error))

    def test_a_password_inside_a_plain_url_is_masked_too(self) -> None:
        rows = settings.describe({"VIVAVOCE_RECORDINGS_URL": "s3://key:hunter2@bucket/prefix"})
        shown = next(row.value for row in rows if row.name == "recordings_url")
        assert shown == "s3://**********@bucket/prefix"

    def test_a_setting_that_sounds_secret_is_one(self) -> None:
        sounds = re.compile(r"key|secret|password|token|credential|database_url")
        found = {path[-1]: str(field.annotation) for path, field in fields_of(Settings)}
        secret = {name for name, kind in found.items() if "SecretStr" in kind}
        assert secret == {name for name in found if sounds.search(name)} != set()


class TestDescription:
    def test_each_row_says_where_its_value_came_from(self, tmp_path: Path) -> None:
        path = _file(tmp_path, "[web]\nport = 9000\nhost = '::1'\n", "my.toml")
        rows = {row.name: row for row in settings.describe({"VIVAVOCE_WEB__PORT": "9001"}, config=path)}
        assert (rows["web.port"].value, rows["web.port"].source) == ("9001", "environment")
        assert (rows["web.host"].value, rows["web.host"].source) == ("::1", str(path))
        assert (rows["host.slots"].value, rows["host.slots"].source) == ("4", "default")
        assert rows["database_url"].value is None

    def test_every_setting_is_described(self) -> None:
        assert [row.name for row in settings.defaults() if not row.description] == []

    def test_the_reference_page_lists_every_setting_as_it_is(self) -> None:
        lines = DOC.read_text(encoding="utf-8").splitlines()
        table = [line for line in lines if line.startswith("| `VIVAVOCE_")]
        expected = [
            f"| `{row.variable}` | `{row.name}` | {f'`{row.default}`' if row.default else '–'} | {row.description}"
            for row in settings.defaults()
        ]
        assert len(table) == len(expected)
        assert [want for want, line in zip(expected, table, strict=True) if not line.startswith(want)] == []


class TestCommand:
    def test_it_prints_values_sources_and_meanings_with_secrets_masked(self) -> None:
        result = CliRunner().invoke(
            app, ["settings"], env={"VIVAVOCE_DATABASE_URL": SECRET_URL, "VIVAVOCE_WEB__PORT": "9001"}
        )
        assert result.exit_code == 0
        assert "VIVAVOCE_WEB__PORT = 9001  (environment)" in result.output
        assert "VIVAVOCE_DATABASE_URL = **********  (environment)" in result.output
        assert "hunter2" not in result.output
        assert all(row.description in result.output for row in settings.defaults())

    def test_json_is_for_machines(self, tmp_path: Path) -> None:
        path = _file(tmp_path, "[host]\nslots = 9\n", "my.toml")
        result = CliRunner().invoke(app, ["settings", "--json", "--config", str(path)])
        rows = {row["name"]: row for row in json.loads(result.output)}
        assert rows["host.slots"] | {"description": ""} == {
            "name": "host.slots",
            "variable": "VIVAVOCE_HOST__SLOTS",
            "value": "9",
            "default": "4",
            "source": str(path),
            "description": "",
        }
        assert rows["database_url"]["value"] is None

    def test_a_wrong_setting_still_gets_the_list_it_is_sent_to(self) -> None:
        result = CliRunner().invoke(app, ["settings"], env={"VIVAVOCE_XYZZY": "1"})
        assert isinstance(result.exception, SettingsError)
        assert "VIVAVOCE_WEB__PORT = 8080  (default)" in result.output


PROFILES = """
[llm]
default = "my-model"
[llm.profiles.my-model]
base_url = "http://gpu:8000/v1/"
model = "big"
"""


class TestProfiles:
    def test_a_profile_of_the_file_is_completed_by_the_environment(self, tmp_path: Path) -> None:
        path = _file(tmp_path, PROFILES)
        environ = {
            "VIVAVOCE_LLM__PROFILES__MY_MODEL__API_KEY": "hunter2",
            "VIVAVOCE_LLM__PROFILES__OTHER__MODEL": "s",
        }
        environ["VIVAVOCE_LLM__PROFILES__OTHER__BASE_URL"] = "http://localhost:1/v1"
        found = load(environ, config=path)
        name, profile = found.llm.profile(None)
        assert (name, profile.base_url, profile.first_word_s) == ("my-model", "http://gpu:8000/v1", 4.0)
        assert profile.api_key is not None and profile.api_key.get_secret_value() == "hunter2"
        assert found.llm.profile("other")[1].model == "s"
        rows = {row.name: row for row in settings.describe(environ, config=path)}
        assert rows["llm.profiles.my-model.api_key"].value == "**********"
        assert rows["llm.profiles.my-model.api_key"].source == "environment"
        assert rows["llm.profiles.my-model.model"].source == str(path)
        assert "hunter2" not in repr(found) + str(list(rows.values()))

    def test_unknown_ones_are_refused_with_the_nearest(self, tmp_path: Path) -> None:
        found = load({}, config=_file(tmp_path, PROFILES))
        with pytest.raises(settings.ProfileUnknown) as caught:
            found.llm.profile("my-modle")
        assert caught.value.next_step == "Did you mean 'my-model'?"
        other = _file(tmp_path, PROFILES.replace('default = "my-model"', 'default = "m"'), "b.toml")
        with pytest.raises(settings.ProfileUnknown, match="There is no model profile 'm'"):
            load({}, config=other)
        with pytest.raises(settings.ProfileUnknown, match="no default"):
            Settings().llm.profile(None)

    @pytest.mark.parametrize(
        ("change", "what", "next_step"),
        [
            (('model = "big"', 'modle = "big"'), "There is no setting llm.profiles.my-model.modle.", ""),
            (("http://gpu:8000/v1/", "gpu:8000"), "llm.profiles.my-model.base_url does not fit", ""),
            (('model = "big"', ""), "llm.profiles.my-model.model does not fit", ""),
        ],
    )
    def test_parts_that_do_not_fit_are_named(
        self, tmp_path: Path, change: tuple[str, str], what: str, next_step: str
    ) -> None:
        assert what in _refusal(config=_file(tmp_path, PROFILES.replace(*change))).what

    def test_a_misspelt_part_in_the_environment(self) -> None:
        assert "There is no setting VIVAVOCE_LLM__PROFILES__A__MODLE." in (
            _refusal({"VIVAVOCE_LLM__PROFILES__A__MODLE": "x"}).what
        )

    @pytest.mark.parametrize(
        ("profile", "what"),
        [
            ('fallbacks = ["nobody"]', "the fallback nobody of my-model should be another profile"),
            ('fallbacks = ["my-model"]', "the fallback my-model of my-model should be another profile"),
            ('region = "eu-central-1"', "region belongs to providers aws and google"),
            ('project = "p"', "project belongs to provider google"),
            ('provider = "aws"', "provider aws takes no api_key"),
            ('provider = "azure"', "llm.profiles.my-model.provider does not fit"),
        ],
    )
    def test_a_profile_that_cannot_be_is_refused(self, tmp_path: Path, profile: str, what: str) -> None:
        text = PROFILES.replace('model = "big"', f'model = "big"\napi_key = "k"\n{profile}')
        assert what in _refusal(config=_file(tmp_path, text)).what

    def test_an_order_is_a_profile_and_what_stands_in_for_it(self, tmp_path: Path) -> None:
        text = PROFILES.replace('model = "big"', 'model = "big"\nfallbacks = ["cloud"]')
        text += '\n[llm.profiles.cloud]\nprovider = "google"\nmodel = "gemini"\n'
        found = load({}, config=_file(tmp_path, text))
        assert list(found.llm.order(None)) == ["my-model", "cloud"]
        assert list(found.llm.order("cloud")) == ["cloud"]

    def test_a_language_may_have_a_profile_of_its_own(self, tmp_path: Path) -> None:
        text = PROFILES + '\n[llm.profiles.cloud]\nprovider = "google"\nmodel = "gemini"\n'
        settings = {
            "VIVAVOCE_LLM__DEFAULT": "my-model",
            "VIVAVOCE_LLM__PER_LANGUAGE": "JA=cloud, pt-BR = cloud",
        }
        llm = load(settings, config=_file(tmp_path, text)).llm
        assert [llm.profile(None, code)[0] for code in ("ja", "ja-JP", "pt-br", "pt", "en")] == [
            "cloud", "cloud", "cloud", "my-model", "my-model",
        ]  # fmt: skip
        assert llm.profile("my-model", "ja")[0] == "my-model", "what a study names goes before"
        assert list(llm.order(None, "ja")) == ["cloud"]
        with pytest.raises(ProfileUnknown, match="'clod'"):
            load({"VIVAVOCE_LLM__PER_LANGUAGE": "ja=clod"}, config=_file(tmp_path, text))
        with pytest.raises(SettingsError, match="each should be like ja=my-model"):
            load({"VIVAVOCE_LLM__PER_LANGUAGE": "cloud"}, config=_file(tmp_path, text))
