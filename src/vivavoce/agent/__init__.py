"""Where sessions run: the host, the session runner, timers and lease at work."""
