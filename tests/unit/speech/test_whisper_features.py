"""The features are those of the reference, computed for the sound alone."""

from __future__ import annotations

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor

from vivavoce.speech.engines.whisper_features import Features, mel_filters

RATE = 16_000


@pytest.mark.parametrize("bands", [80, 128])
def test_the_filters_are_the_references(bands: int) -> None:
    reference = FeatureExtractor(feature_size=bands).mel_filters
    assert np.allclose(mel_filters(bands), reference, atol=1e-7)


@pytest.mark.parametrize("sound_s", [0.05, 0.73, 2.0, 5.995, 6.0, 7.5])
@pytest.mark.parametrize("level", [0.3, 1e-3])
def test_a_window_is_as_the_reference_has_it_filled_with_silence(sound_s: float, level: float) -> None:
    random = np.random.default_rng(5)
    sound = random.normal(0, level, int(sound_s * RATE)).astype(np.float32)
    window = np.zeros(6 * RATE, np.float32)
    window[: len(sound)] = sound[: len(window)]
    reference = FeatureExtractor()(window, padding=0)[:, :600]
    features = Features(80)(sound, 6.0)
    assert features.shape == (80, 600)
    # The last frame that sees a sound longer than the window is mirrored there, and silent here.
    whole = slice(0, 598) if len(sound) >= len(window) - 200 else slice(None)
    assert np.abs(features - reference)[:, whole].max() < 2e-3


def test_a_window_is_a_whole_number_of_the_encoders_steps() -> None:
    assert Features(80)(np.zeros(100, np.float32), 3.333).shape == (80, 332)
