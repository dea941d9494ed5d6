"""The voices a study file can name, as far as they are known beforehand.

An engine that is not here may be an upstream of the settings (`voice.cast` sees to that).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict


class Voice(BaseModel):
    """The moderator's voice in one language. `speed` multiplies the engine's own speaking rate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: str
    voice: str
    speed: float = 1.0


ENGINES = ("kokoro", "piper")
"""Those of ours that speak."""

# Kokoro-82M's voices by language; a name's second letter says female or male.
KOKORO_VOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "en": (
            "af_alloy", "af_aoede", "af_bella", "af_heart", "af_jessica", "af_kore", "af_nicole", "af_nova",
            "af_river", "af_sarah", "af_sky", "am_adam", "am_echo", "am_eric", "am_fenrir", "am_liam",
            "am_michael", "am_onyx", "am_puck", "am_santa", "bf_alice", "bf_emma", "bf_isabella", "bf_lily",
            "bm_daniel", "bm_fable", "bm_george", "bm_lewis",
        ),
        "es": ("ef_dora", "em_alex", "em_santa"),
        "fr": ("ff_siwis",),
        "hi": ("hf_alpha", "hf_beta", "hm_omega", "hm_psi"),
        "it": ("if_sara", "im_nicola"),
        "ja": ("jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo"),
        "pt": ("pf_dora", "pm_alex", "pm_santa"),
        "zh": (
            "zf_xiaobei", "zf_xiaoni", "zf_xiaoxiao", "zf_xiaoyi",
            "zm_yunjian", "zm_yunxi", "zm_yunxia", "zm_yunyang",
        ),
    }
)  # fmt: skip

DEFAULT_VOICES: Mapping[str, Voice] = MappingProxyType(
    {
        "de": Voice(engine="piper", voice="de_DE-thorsten-medium"),
        "en": Voice(engine="kokoro", voice="af_heart"),
        "es": Voice(engine="kokoro", voice="ef_dora"),
        "fr": Voice(engine="kokoro", voice="ff_siwis"),
        "hi": Voice(engine="kokoro", voice="hf_alpha"),
        "it": Voice(engine="kokoro", voice="if_sara"),
        "ja": Voice(engine="kokoro", voice="jf_alpha"),
        "pt": Voice(engine="kokoro", voice="pf_dora"),
        "zh": Voice(engine="kokoro", voice="zf_xiaobei"),
    }
)
"""The voice of a language where neither the study nor the settings name one."""
