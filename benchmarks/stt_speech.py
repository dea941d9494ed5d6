"""The speech that `stt.py` transcribes: what was said, and the sound, 16 kHz mono.

People are the recordings in `tests/data/speech`, as they are and 8 % slower and faster. Answers are synthesised here,
with every voice that speaks English, at several speeds: sentences as an interview brings them, 1 to 12 s long. They are
made once and kept in the folder that is given; Kokoro gives the same samples each time, and Piper by a fixed seed.
"""

from __future__ import annotations

import json
import wave
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnxruntime
import soxr
from numpy.typing import NDArray

from vivavoce.settings import load
from vivavoce.speech.engines.base import RECOGNISER_RATE, SpeechEngine, spoken
from vivavoce.speech.messages import EngineOptions
from vivavoce.speech.store import ModelStore

PEOPLE = Path(__file__).parents[1] / "tests" / "data" / "speech"

Pcm = NDArray[np.int16]

SPEEDS = (0.9, 1.0, 1.15, 1.3)
"""Of the synthesised voices. Kokoro and Piper at 1.0 say 150 to 170 words a minute; people answer at 130 to 220."""

VOICES = (
    "af_heart",
    "am_michael",
    "bf_emma",
    "bm_george",
    "en_US-joe-medium",
    "af_bella",
    "am_fenrir",
    "bf_isabella",
    "bm_fable",
    "en_US-joe-medium",
    "af_sarah",
    "am_puck",
)

ANSWERS = (
    "No.",
    "Yes, I do.",
    "Not really, no.",
    "I don't know.",
    "Maybe once or twice.",
    "It was fine, I guess.",
    "Twice a week.",
    "About four years ago.",
    "My sister told me.",
    "That's a good question.",
    "Sorry, could you say that again?",
    "I'd rather not answer that.",
    "Can I think about it for a moment?",
    "Mostly on weekends, if I have the time.",
    "I work from home on Mondays and Fridays.",
    "Well, it depends on the weather.",
    "I stopped using it after the second month.",
    "The price was never really the problem for me.",
    "Honestly, I expected something much better than that.",
    "My manager was supportive, but the rest of the team was not.",
    "We moved here from Portland in the spring of last year.",
    "I usually check my messages before breakfast, and then again at noon.",
    "It took me about twenty minutes to find the right button.",
    "There were three of us, and nobody knew what to do.",
    "I remember that the doctor was very kind to my mother.",
    "The first thing I noticed was how quiet the whole building was.",
    "If I could change one thing, it would be the way they handle complaints.",
    "I called the support line twice, and both times I was cut off.",
    "You know, I never really thought about it before you asked.",
    "What I miss most is having lunch with my colleagues.",
    "The app keeps logging me out, so I have to type my password every single time.",
    "I would say that I trust them, but only as far as I have to.",
    "Last winter the heating broke down, and it took them two weeks to send somebody.",
    "My daughter helps me with the computer, because the letters are too small for me.",
    "I think the training was too short, and most of it had nothing to do with my job.",
    "They promised to call me back within a day, and I am still waiting.",
    "To be fair, the people in the shop were friendly and they tried to help.",
    "I like to plan my trips by myself, so I hardly ever book through an agency.",
    "We had to cancel our holiday, and we only got half of the money back.",
    "The bus comes every fifteen minutes, but in the evening it is often late.",
    "I grew up on a farm, so I am used to getting up before the sun rises.",
    "At first I was skeptical, but after a few weeks I could not imagine working without it.",
    "When I started there, nobody explained anything, so I had to learn everything from my neighbor "
    "at the next desk.",
    "It was not the noise that bothered me, it was the feeling that someone was always watching.",
    "I spend roughly sixty dollars a month on it, which is more than I would like to admit.",
    "The instructions were written for experts, and I am certainly not an expert in these things.",
    "My husband and I share one car, so whoever has the longer way to work takes it.",
    "They changed the menu last month, and now I can never find the settings that I need.",
    "I would recommend it to a friend, but I would tell them to read the contract very carefully first.",
    "Looking back, I should have asked for help much earlier, but I was too proud to do it.",
    "We talk on the phone every Sunday evening, and sometimes my brother joins us from Canada.",
    "The hardest part was telling the children that we would have to leave the house and the garden.",
    "I used to read the newspaper every morning, but these days I only look at the headlines on my phone.",
    "There is a small park behind the station where I like to sit and drink my coffee before the "
    "train comes.",
    "I tried to return the jacket, but they said that the receipt was too old and that there was "
    "nothing they could do.",
    "What convinced me in the end was that I could try it for a month without giving them my credit card.",
    "My doctor suggested that I walk for half an hour every day, and that has helped me more than "
    "any of the pills.",
    "For me, a good teacher is somebody who listens first, and who is not afraid to say that they "
    "do not know something.",
    "The meeting was supposed to last an hour, but it went on until almost seven o'clock, and "
    "nobody had eaten anything.",
    "I bought it because a friend of mine had one, and because it looked simple, but setting it up "
    "took me an entire weekend.",
    "If the delivery had been on time I would probably have forgotten about the rest, but it "
    "arrived nine days late and the box was open.",
    "In our village everybody knows everybody, which is wonderful when you need help, and not so "
    "wonderful when you want to be left alone.",
    "I think what people want is to be taken seriously, and not to be passed from one department to "
    "another like a parcel.",
    "When my father became ill we had to decide very quickly, and I do not think that anybody "
    "really told us what our options were.",
    "I liked the idea from the beginning, but I wanted to see the numbers first, and when they "
    "finally sent them they did not add up.",
    "We tried three different programs in two years, and every time we had to move all of our data "
    "by hand, which was a nightmare.",
    "Most of my work happens on the phone, so it matters a great deal to me that I can hear the "
    "other person clearly and without delay.",
    "The nurse who looked after me at night was wonderful, she explained every step and she never "
    "made me feel that I was a burden.",
    "It is difficult to say, because on the one hand I earn more than before, and on the other hand "
    "I hardly see my family during the week.",
    "Every time there is an update something stops working, and then I have to search the internet "
    "until I find somebody with the same problem.",
    "I was born in Lisbon, I studied in Glasgow, and for the last eleven years I have been living "
    "in a small town near the coast.",
    "So I opened the box, and the manual was missing, and when I looked for it on their website it "
    "told me that the page did not exist.",
)


@dataclass(frozen=True, slots=True)
class Clip:
    """Somebody says something. `pcm` is mono at `RECOGNISER_RATE`."""

    name: str
    said: str
    pcm: Pcm

    @property
    def sound_s(self) -> float:
        """Its length, seconds."""
        return len(self.pcm) / RECOGNISER_RATE


def people() -> list[Clip]:
    """The recordings of English speakers."""
    return [clip for clip in recordings() if clip.name.startswith("real_")]


def recordings() -> list[Clip]:
    """All English sound of `tests/data/speech`."""
    references = json.loads((PEOPLE / "refs.json").read_text(encoding="utf-8"))
    return [
        Clip(name, reference["text"], read(PEOPLE / f"{name}.wav"))
        for name, reference in references.items()
        if reference.get("lang", "en-us") == "en-us"
    ]


def paced(clips: Sequence[Clip]) -> list[Clip]:
    """The same, 8 % slower and faster as a tape would be: voices get deeper and higher."""
    return [
        replace(clip, name=f"{clip.name}@{pace}", pcm=_resampled(clip.pcm, int(16_000 * pace), 16_000))
        for clip in clips
        for pace in (0.92, 1.0, 1.08)
    ]


def answers(folder: Path) -> list[Clip]:
    """The synthesised ones; made when the folder has them not."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"answer_{number:02}.wav" for number in range(len(ANSWERS))]
    if not all(path.exists() for path in paths):
        _speak(paths)
    return [Clip(path.stem, said, read(path)) for path, said in zip(paths, ANSWERS, strict=True)]


def _speak(paths: Sequence[Path]) -> None:
    onnxruntime.set_seed(7)  # before the sessions are made: Piper draws its noise from it
    # Here, since a recogniser's tests have no business loading voices.
    from vivavoce.speech.engines.kokoro import Kokoro
    from vivavoce.speech.engines.piper import Piper

    store = ModelStore(load().models_dir)

    def options(model: str) -> EngineOptions:
        return EngineOptions(folders=(store.path(model),), threads=1)

    engines: dict[bool, SpeechEngine] = {
        True: Piper(options("piper-en_US-joe-medium")),
        False: Kokoro(options("kokoro-82m-int8")),
    }
    for number, (path, said) in enumerate(zip(paths, ANSWERS, strict=True)):
        voice = VOICES[number % len(VOICES)]
        engine = engines[voice.startswith("en_US")]
        speed = SPEEDS[number // len(VOICES) % len(SPEEDS)]
        pcm = np.concatenate([stretch.pcm for stretch in spoken(engine, said, voice, speed=speed)])
        write(path, _resampled(pcm, engine.sample_rate, RECOGNISER_RATE))


def noisy(clip: Clip, decibels: float) -> Clip:
    """With noise that falls with frequency, as rooms and streets have it, so many dB under the speech."""
    random = np.random.default_rng(len(clip.pcm))
    white = np.fft.rfft(random.normal(size=len(clip.pcm)))
    pink = np.fft.irfft(white / np.sqrt(np.maximum(np.arange(len(white)), 20)), len(clip.pcm))
    return _mixed(clip, pink, decibels)


def beside(clip: Clip, others: Sequence[Clip], decibels: float) -> Clip:
    """With other people who talk, so many dB under the speech."""
    babble = sum(
        (np.resize(other.pcm, len(clip.pcm)).astype(float) for other in others), np.zeros(len(clip.pcm))
    )
    return _mixed(clip, babble, decibels)


def _mixed(clip: Clip, noise: NDArray[np.float64], decibels: float) -> Clip:
    level = np.sqrt((clip.pcm.astype(float) ** 2).mean())
    noise = noise * level / 10 ** (decibels / 20) / np.sqrt((noise**2).mean())
    return replace(clip, pcm=np.clip(clip.pcm + noise, -32768, 32767).astype(np.int16))


def quiet(clip: Clip, decibels: float) -> Clip:
    """So many dB lower."""
    return replace(clip, pcm=(clip.pcm * 10 ** (-decibels / 20)).astype(np.int16))


def read(path: Path) -> Pcm:
    """The samples of a file."""
    with wave.open(str(path)) as reader:
        assert reader.getframerate() == RECOGNISER_RATE
        return np.frombuffer(reader.readframes(reader.getnframes()), "<i2")


def write(path: Path, pcm: Pcm) -> None:
    """Keep samples in a file."""
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RECOGNISER_RATE)
        writer.writeframes(pcm.astype("<i2").tobytes())


def _resampled(pcm: Pcm, rate: int, to: int) -> Pcm:
    return pcm if rate == to else np.asarray(soxr.resample(pcm, rate, to), np.int16)
