"""An engine without a server, as one would use it in a program of one's own: loaded once, one thread a call.

A process of its own, that `speech_server.py` talks to: it prints a line when it is ready, then reads requests
`{"clients": 8, "texts": ["…", "…"]}` a line, has as many threads say the texts one after the other, all beginning
together, and prints what each heard as a line of JSON.

    python raw_engine.py piper|kokoro MODEL_FOLDER VOICE
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from ear import Ear, Heard

Speak = Callable[[str], Iterator[bytes]]


def piper(folder: Path, voice: str) -> tuple[int, Speak]:
    """Piper as its README shows it."""
    from piper import PiperVoice

    loaded = PiperVoice.load(folder / f"{voice}.onnx")

    def speak(text: str) -> Iterator[bytes]:
        for chunk in loaded.synthesize(text):
            yield chunk.audio_int16_bytes

    return loaded.config.sample_rate, speak


def kokoro(folder: Path, voice: str) -> tuple[int, Speak]:
    """Our own engine, whose ONNX session several threads may use at once."""
    from vivavoce.speech.engines.base import spoken
    from vivavoce.speech.engines.kokoro import Kokoro
    from vivavoce.speech.messages import EngineOptions

    engine = Kokoro(EngineOptions(folders=(folder,), threads=os.cpu_count() or 1))

    def speak(text: str) -> Iterator[bytes]:
        for stretch in spoken(engine, text, voice):
            yield stretch.pcm.tobytes()

    return engine.sample_rate, speak


def together(speak: Speak, rate: int, clients: int, texts: Sequence[str]) -> list[Heard]:
    """What each of the clients heard of each text."""
    heard: list[Heard] = []
    start = threading.Barrier(clients)

    def client(number: int) -> None:
        start.wait()
        for turn, text in enumerate(texts):
            ear = Ear(rate, time.perf_counter())
            error = None
            try:
                for pcm in speak(text):
                    ear.hear(pcm, time.perf_counter())
            except Exception as failure:  # noqa: BLE001  # whatever an engine raises is a failure in the table
                error = repr(failure)
            heard.append(ear.heard(number, turn, time.perf_counter(), error))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return heard


def main() -> None:
    """Serve the requests on standard input until it closes."""
    engine, folder, voice = sys.argv[1:]
    rate, speak = {"piper": piper, "kokoro": kokoro}[engine](Path(folder), voice)
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        heard = together(speak, rate, request["clients"], request["texts"])
        print(json.dumps([asdict(one) for one in heard]), flush=True)


if __name__ == "__main__":
    main()
