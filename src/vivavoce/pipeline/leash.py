"""Run a module as a program that does not outlive its parent: `python -m vivavoce.pipeline.leash PARENT MODULE …`.

PARENT is the parent's process id. A worker that is killed takes what it set to work with it, where the kernel does that
(Linux); elsewhere the module runs on until it is through.
"""

from __future__ import annotations

import runpy
import sys

from vivavoce import lifeline


def main() -> None:
    """Run the module as if it had been called by itself."""
    parent, module = int(sys.argv[1]), sys.argv[2]
    lifeline.die_with(parent)
    del sys.argv[1:3]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
