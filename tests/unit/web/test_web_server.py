"""How the application is served."""

from __future__ import annotations

from fastapi import FastAPI

from vivavoce.web.audio import MAX_BINARY_BYTES
from vivavoce.web.server import server_config


def test_limits_are_set_and_logging_is_left_to_us() -> None:
    config = server_config(FastAPI(), graceful_s=3)
    assert config.ws_max_size == MAX_BINARY_BYTES
    assert config.access_log is False and config.log_config is None
    assert config.limit_concurrency and config.timeout_graceful_shutdown == 3
    assert not config.server_header and not config.ws_per_message_deflate
