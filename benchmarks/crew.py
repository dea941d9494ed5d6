"""Workers of the pipeline, in processes that may be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from footprint import processor_s


@dataclass
class Crew:
    """Workers, each `vivavoce worker` in a process.

    Attributes:
        environment: of each, beside that of this process.
        stages: that they do.
        log: takes what they say.
        running: those that are at work.
        cpu: user and system seconds of every worker there was, by its process id: its own, and its children's.
    """

    environment: dict[str, str]
    stages: tuple[str, ...]
    log: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])
    cpu: dict[int, tuple[float, float]] = field(default_factory=dict[int, tuple[float, float]])

    def start(self) -> None:
        """One more."""
        with self.log.open("ab") as log:
            self.running.append(
                subprocess.Popen(
                    [sys.executable, "-m", "vivavoce", "worker", "--stages", ",".join(self.stages)],
                    env={**os.environ, **self.environment},
                    stdout=log,
                    stderr=log,
                )
            )

    def look(self) -> None:
        """Note what they have used so far."""
        for worker in self.running:
            assert worker.poll() is None, f"a worker ended by itself:\n{self.log.read_text()[-3000:]}"
            self.cpu[worker.pid] = processor_s(worker.pid)

    def kill(self, victim: subprocess.Popen[bytes]) -> None:
        """SIGKILL one of them."""
        self.look()
        victim.kill()
        assert victim.wait() == -signal.SIGKILL
        self.running.remove(victim)

    def end(self) -> None:
        """Stop them all as `systemctl stop` does."""
        for worker in self.running:
            worker.terminate()
        for worker in self.running:
            worker.wait(60)
        self.running.clear()

    @property
    def cpu_s(self) -> tuple[float, float]:
        """Seconds of the workers themselves, and of their children."""
        return sum(own for own, _ in self.cpu.values()), sum(theirs for _, theirs in self.cpu.values())
