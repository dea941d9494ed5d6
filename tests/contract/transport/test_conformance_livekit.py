"""What every transport must do, through a real SFU. A file of its own, so that it runs beside the other transports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sfu import running_sfu
from tests.contract.transport.conftest import Wire
from tests.contract.transport.test_conformance import *  # noqa: F403

from vivavoce.transport.livekit_client import LiveKitParticipant


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with running_sfu(tmp_path_factory.mktemp("sfu")) as sfu:
        yield Wire(
            "livekit", LiveKitParticipant, sfu, slack_s=0.1, likeness=0.8, lines=3, lets_go_at_once=False
        )
