"""Three hours of recording, of which little is speech: the second pass hears that, and only that."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from tests.lib.recorded import ENDED, RATE, House, Scripted, closed, record, started, tone, utterance

HOURS = 3
BLOCK_S = 60


def repeated(path: Path, block: Path, times: int) -> float:
    """Write a recording that is another one many times over, packet by packet; returns its length in seconds."""
    with av.open(str(block)) as source, av.open(str(path), "w", format="ogg") as target:
        stream = source.streams.audio[0]
        copy = target.add_stream_from_template(stream)
        packets = [
            (bytes(packet), packet.pts, packet.duration, packet.time_base)
            for packet in source.demux(stream)
            if packet.pts is not None
        ]
        for time in range(times):
            for data, pts, duration, time_base in packets:
                packet = av.Packet(data)
                packet.time_base = time_base
                packet.pts = packet.dts = pts + round(time * BLOCK_S / time_base)
                packet.duration = duration
                packet.stream = copy
                target.mux(packet)
    return float(times * BLOCK_S)


async def test_three_hours_with_little_in_them(tmp_path: Path) -> None:
    silence = np.zeros(RATE * BLOCK_S, np.int16)
    await record(tmp_path / "block.ogg", [("moderator", 0.0, silence), ("participant", 10.0, tone(1))])
    length_s = repeated(tmp_path / "a.ogg", tmp_path / "block.ogg", HOURS * 3600 // BLOCK_S)
    said = [utterance(n, f"word {n}", n * 600 + 10, n * 600 + 11) for n in range(HOURS * 6)]
    recogniser = Scripted()
    found = await House(tmp_path).transcribe(
        recogniser, started("a.ogg"), *said, closed("a.ogg", length_s), ENDED
    )
    assert found.recording[0].duration_s == pytest.approx(length_s, abs=1)
    assert [segment.source for segment in found.segments] == ["final"] * len(said)
    for segment in found.segments:
        assert segment.words[0].start_s == pytest.approx(segment.start_s, abs=0.31)
    # Only what was said is heard, not the hours around it, and everybody else goes first.
    assert sum(length for length, _, _ in recogniser.asked) < len(said) * 2
    assert {priority for _, _, priority in recogniser.asked} == {"batch"}
