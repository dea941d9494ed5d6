"""The recording: real files, a real encoder, a real kill."""

from __future__ import annotations

import asyncio
import hashlib
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import av
import numpy as np
import pytest

from vivavoce.errors import VivavoceError
from vivavoce.transport.recorded import Measured, RecordingUnreadable, measure, read_recording
from vivavoce.transport.recording import HOLD_S, Recorder, RecordingFailed, RecordingOverflow

RATE = 48_000
PIECE = 960
CHILD = Path(__file__).with_name("recording_child.py")
SPEECH = Path(__file__).parents[2] / "data" / "speech"


def tone(seconds: float, hz: float = 440.0) -> np.ndarray:
    return (8000 * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)).astype(np.int16)


def loud(sound: np.ndarray, threshold: int = 500) -> np.ndarray:
    """Indices of the samples above `threshold`."""
    return np.flatnonzero(np.abs(sound.astype(np.int32)) > threshold)


async def put(recorder: Recorder, voice: str, sound: np.ndarray, at_s: float) -> None:
    for begin in range(0, len(sound), PIECE):
        getattr(recorder, voice)(sound[begin : begin + PIECE].tobytes(), at_s + begin / RATE)
        if begin % (PIECE * 50) == 0:
            await asyncio.sleep(0.001)


async def test_each_voice_is_on_its_side_and_in_its_place(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "s1.ogg")
    await put(recorder, "participant", tone(1.0), 2.0)
    await put(recorder, "moderator", tone(1.5), 4.0)
    info = await recorder.close()

    participant, moderator = read_recording(info.path)
    for sound, begin_s, end_s in ((participant, 2.0, 3.0), (moderator, 4.0, 5.5)):
        where = loud(sound) / RATE
        assert where[0] == pytest.approx(begin_s, abs=0.002)
        assert where[-1] == pytest.approx(end_s, abs=0.002)
    assert info.duration_s == pytest.approx(5.5, abs=0.001)
    content = info.path.read_bytes()
    assert (info.bytes, info.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (info.late_s, info.overflow_s, info.error) == (0, 0, None)
    assert await recorder.close() == info


async def test_it_is_a_file_that_players_know(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "s1.ogg")
    await put(recorder, "moderator", tone(1.0), 0.0)
    info = await recorder.close()
    assert info.path.read_bytes()[:4] == b"OggS"
    with av.open(str(info.path)) as container:
        stream = container.streams.audio[0]
        assert (container.format.name, stream.codec_context.name, stream.rate) == ("ogg", "opus", RATE)
        assert stream.channels == 2
        assert container.start_time == 0


async def test_it_stays_in_step_although_the_sound_card_drifts(tmp_path: Path) -> None:
    """Twenty minutes with a participant's clock 300 ppm slow, which is an hour at 100 ppm: a click in both voices each
    minute, spoken at the same moment."""
    slow, minutes = 300e-6, 20
    recorder = Recorder(tmp_path / "long.ogg")
    silent = bytes(RATE * 2)
    click = np.zeros(RATE, np.int16)
    click[RATE // 2 : RATE // 2 + PIECE] = tone(0.02, 2000)
    for second in range(minutes * 60):
        sound = click.tobytes() if second % 60 == 0 else silent
        recorder.participant(sound, second * (1 + slow))
        recorder.moderator(sound, float(second))
        while recorder.waiting_s > 0.2:
            await asyncio.sleep(0.005)
    info = await recorder.close()

    participant, moderator = read_recording(info.path)
    assert info.duration_s == pytest.approx(minutes * 60 * (1 + slow), abs=0.02)
    for minute in range(minutes):
        around = slice(minute * 60 * RATE, (minute * 60 + 2) * RATE)
        said_s = minute * 60 * slow + 0.5
        assert loud(participant[around], 2000)[0] / RATE == pytest.approx(said_s, abs=0.020)
        assert loud(moderator[around], 2000)[0] / RATE == pytest.approx(0.5, abs=0.003)


async def test_what_one_says_cannot_be_heard_in_the_others_channel(tmp_path: Path) -> None:
    """Real speech on the right, the noise of a room on the left: speech in the left channel is 60 dB down or more."""
    with av.open(str(SPEECH / "kokoro_s01.wav")) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        speech = np.concatenate(
            [r.to_ndarray().reshape(-1) for f in container.decode(audio=0) for r in resampler.resample(f)]
        ).astype(np.int16)
    noise = np.random.default_rng(1).normal(0, 40, len(speech)).astype(np.int16)
    recorder = Recorder(tmp_path / "s1.ogg")
    for begin in range(0, len(speech), PIECE):
        recorder.participant(noise[begin : begin + PIECE].tobytes(), begin / RATE)
        recorder.moderator(speech[begin : begin + PIECE].tobytes(), begin / RATE)
    info = await recorder.close()

    left, right = (x[: len(speech)].astype(float) for x in read_recording(info.path))
    said = speech[: len(left)].astype(float)

    def share(channel: np.ndarray) -> float:
        """How much of what was said is in `channel`, at the worst alignment, in dB."""
        spectrum = np.fft.rfft(channel, 2 * len(said)) * np.conj(np.fft.rfft(said, 2 * len(said)))
        return 20 * float(np.log10(np.abs(np.fft.irfft(spectrum)).max() / (said**2).sum()))

    assert share(right) > -1
    assert share(left) < -60


def test_a_killed_process_loses_less_than_five_seconds(tmp_path: Path) -> None:
    chance = random.Random(7)
    children: list[tuple[Path, float, subprocess.Popen[str]]] = []
    for attempt in range(3):
        path = tmp_path / f"{attempt}.ogg"
        command = [sys.executable, str(CHILD), str(path)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        children.append((path, chance.uniform(5.5, 8.5), child))
    for path, until_s, child in sorted(children, key=lambda c: c[1]):
        assert child.stdout is not None
        spoken_s = 0.0
        while spoken_s < until_s:
            spoken_s = float(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        child.wait()
        spoken_s = float((child.stdout.read().split() or [spoken_s])[-1])

        participant, moderator = read_recording(path)
        assert spoken_s - len(participant) / RATE < 5.0
        measured = measure(path)
        assert measured.duration_s == pytest.approx(len(participant) / RATE, abs=0.05)
        assert measured.bytes == path.stat().st_size
        for sound in (participant, moderator):
            assert len(loud(sound, 5000)) / len(sound) > 0.4, "what is there is whole"
            assert loud(sound)[-1] / RATE > spoken_s - 5.0


async def test_a_session_taken_up_again_goes_on_in_a_part_that_knows_its_place(tmp_path: Path) -> None:
    path = tmp_path / "s1.part1.ogg"
    first = Recorder(path)
    await put(first, "participant", tone(1.0), 0.0)
    await first.close()
    second = Recorder(tmp_path / "s1.part2.ogg", start_s=30.0)
    await put(second, "participant", tone(1.0), 31.0)
    info = await second.close()

    participant, moderator = read_recording(path, info.path)
    where = loud(participant) / RATE
    assert where[0] < 0.002
    assert where[where > 10][0] == pytest.approx(31.0, abs=0.002)
    assert where[-1] == pytest.approx(32.0, abs=0.002)
    assert len(moderator) == len(participant)
    assert info.duration_s == pytest.approx(2.0, abs=0.001)


async def test_a_file_is_measured_as_its_writer_did(tmp_path: Path) -> None:
    for number, (start_s, seconds) in enumerate([(0.0, 3.0), (30.0, 0.37), (12.34, 5.5)]):
        recorder = Recorder(tmp_path / f"{number}.ogg", start_s=start_s)
        await put(recorder, "moderator", tone(seconds), start_s)
        info = await recorder.close()
        measured = measure(info.path)
        assert measured == Measured(measured.duration_s, info.bytes, info.sha256)
        assert measured.duration_s == pytest.approx(info.duration_s, abs=0.03)


async def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "s1.ogg"
    path.write_bytes(b"precious")
    with pytest.raises(RecordingFailed, match=r"s1\.ogg"):
        Recorder(path)
    assert path.read_bytes() == b"precious"


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingFailed, match="No such file"):
        Recorder(tmp_path / "nowhere" / "s1.ogg")


def test_a_full_disk_is_reported_once_and_the_session_goes_on(tmp_path: Path) -> None:
    """A child process may write 40 kB and no more; the kernel refuses the rest as it does on a full disk."""
    script = textwrap.dedent(
        """
        import asyncio, resource, sys
        from pathlib import Path
        import numpy as np
        from vivavoce.transport.recording import Recorder
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
        noise = np.random.default_rng(1).integers(-8000, 8000, 960).astype(np.int16).tobytes()
        async def main():
            faults = []
            recorder = Recorder(Path(sys.argv[1]), on_fault=faults.append)
            for i in range(1500):
                recorder.participant(noise, i * 0.02)
                if i % 50 == 0:
                    await asyncio.sleep(0.01)
            info = await recorder.close()
            await asyncio.sleep(0.01)
            print([f.code for f in faults], info.error.code, info.bytes <= 40_000, info.overflow_s)
            print(faults[0])
        asyncio.run(main())
        """
    )
    path = tmp_path / "s1.ogg"
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    summary, message = done.stdout.strip().splitlines()
    assert summary == "['recording_failed'] recording_failed True 0.0"
    assert "s1.ogg cannot be written" in message
    participant, _ = read_recording(path)
    assert len(participant) / RATE > 1, "what fitted is there"


async def test_an_encoder_that_cannot_keep_up_leaves_a_reported_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vivavoce.transport.recording.QUEUE_S", 0.5)
    faults: list[VivavoceError] = []
    recorder = Recorder(tmp_path / "s1.ogg", on_fault=faults.append)
    for i in range(3000):  # a minute at once: no thread is that quick
        recorder.participant(bytes(PIECE * 2), i * 0.02)
    info = await recorder.close()
    assert faults
    assert all(isinstance(fault, RecordingOverflow) for fault in faults)
    assert info.overflow_s > 0
    assert info.error is None


async def test_sound_that_comes_late_finds_its_place_within_reason(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "s1.ogg")
    await put(recorder, "moderator", tone(10.0, 300), 0.0)
    await put(recorder, "participant", tone(1.0), 10.0 - HOLD_S + 0.1)
    await put(recorder, "participant", tone(0.5), 1.0)
    info = await recorder.close()
    participant, _ = read_recording(info.path)
    assert loud(participant)[0] / RATE == pytest.approx(10.0 - HOLD_S + 0.1, abs=0.21)
    assert info.late_s == pytest.approx(0.5, abs=0.05)


def test_what_is_no_recording_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.ogg"
    path.write_bytes(b"not sound at all" * 100)
    for read in (read_recording, measure):
        with pytest.raises(RecordingUnreadable, match=r"x\.ogg cannot be read"):
            read(path)
