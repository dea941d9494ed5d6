"""The command line: parses, calls, prints."""

from vivavoce.cli.main import main

__all__ = ["main"]
