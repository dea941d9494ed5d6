"""What LiveKit Agents does before it makes a worker's processes, and we do sooner."""

from __future__ import annotations

import inspect
import re

import pytest
from livekit.agents import AgentServer
from livekit.agents.utils import http_context

from vivavoce.agent import entry

pytestmark = pytest.mark.livekit


def test_a_process_that_we_start_loads_what_livekit_would_have_it_load() -> None:
    source = inspect.getsource(AgentServer.run)
    assert re.findall(r'"(livekit\.agents\.ipc\.\w+)"', source) == entry.LIVEKITS
    assert "http_context._set_default_cert_env()" in source and callable(http_context._set_default_cert_env)
