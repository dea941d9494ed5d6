"""Work for a child process: what takes the processor long, or a library that this process must not load."""

from __future__ import annotations

import asyncio
import os
import sys

from vivavoce.errors import VivavoceError

KILL_S = 5.0

LEASH = "vivavoce.pipeline.leash"


class ChildFailed(VivavoceError):
    """A child process ended with an error, or did not end in time."""

    code = "child_failed"

    def __init__(self, module: str, why: str, *, returncode: int | None) -> None:
        super().__init__(
            f"{module} failed: {why}.", next_step="Look at what it was given; then `vivavoce jobs retry`."
        )
        self.returncode = returncode


async def run_apart(module: str, *arguments: str, timeout_s: float, stdin: bytes = b"") -> bytes:
    """Run `python -m module arguments…` and give what it wrote to standard output.

    Cancelling the call ends it, and it does not outlive this process, however that ends (`pipeline.leash`).

    Args:
        module: such as `vivavoce.transport.tracks`.
        arguments: for its command line; never anything that was said, for others can read it.
        timeout_s: seconds it may take.
        stdin: what it reads.

    Raises:
        ChildFailed: it exited with another code than 0, or took too long.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        LEASH,
        str(os.getpid()),
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(timeout_s):
            out, err = await process.communicate(stdin)
    except TimeoutError:
        raise ChildFailed(module, f"it took longer than {timeout_s:.0f} s", returncode=None) from None
    finally:
        if process.returncode is None:
            process.kill()
            await asyncio.wait_for(process.wait(), KILL_S)
    if process.returncode != 0:
        lines = err.decode(errors="replace").strip().splitlines()
        why = lines[-1].rstrip(".") if lines else f"exit code {process.returncode}"
        raise ChildFailed(module, why, returncode=process.returncode)
    return out
