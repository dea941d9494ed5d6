"""What connections to the speech server get from the socket that it listens on."""

from __future__ import annotations

import socket

from vivavoce.speech.serving import SEND_BUFFER, hurry


def test_connections_send_at_once_and_hold_little() -> None:
    with socket.socket() as listening, socket.socket() as caller:
        listening.bind(("127.0.0.1", 0))
        hurry(listening)
        listening.listen()
        caller.connect(listening.getsockname())
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * SEND_BUFFER
