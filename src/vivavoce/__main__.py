"""The `vivavoce` command from its first moment: `vivavoce` and `python -m vivavoce`.

Loading takes a while, in which the process that is number 1 of a container would not hear SIGTERM at all: the kernel
gives that one no signal that it has no handler for.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

SERVERS = frozenset({"serve", "demo", "speech", "agent"})
"""Commands that stay until they are told to end: for these that is success."""


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGTERM, _end)
    from vivavoce.cli.main import main as run

    run()


def _end(number: int, _frame: FrameType | None) -> None:
    # Until a command has a handler of its own, nothing has been begun that would have to be put away.
    os._exit(0 if SERVERS.intersection(sys.argv[1:2]) else 128 + number)


if __name__ == "__main__":
    main()
