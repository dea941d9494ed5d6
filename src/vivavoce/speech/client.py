"""The slim client of the speech server."""
