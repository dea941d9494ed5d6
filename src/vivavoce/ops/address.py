"""The address that a server of ours listens on: had at once, or refused with what to do."""

from __future__ import annotations

import socket

from vivavoce.errors import VivavoceError


class AddressTaken(VivavoceError):
    """The address to listen on cannot be had."""

    code = "address_taken"


def bind(host: str, port: int, *, next_step: str) -> socket.socket:
    """A socket bound to that address; port 0 takes a free one. The caller closes it.

    Args:
        host: an address or name, of IPv4 or IPv6.
        port: TCP port.
        next_step: what to do if it cannot be had.

    Raises:
        AddressTaken: nothing can listen there.
    """
    # With the protocol's number: asyncio looks at it before it has small writes sent at once (TCP_NODELAY).
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise AddressTaken(
            f"Nothing can listen on {host}:{port}: {error.strerror}.", next_step=next_step
        ) from error
    return sock
