"""How often somebody may ask: token buckets, bounded in number. Pure: the time comes in as an argument."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """A bucket that holds `burst` and is refilled by `per_s` each second."""

    per_s: float
    burst: float


CALLS = Rate(per_s=20, burst=200)
"""Calls to the API from one address. Generous: a whole university may stand behind one."""

GUESSES = Rate(per_s=0.1, burst=20)
"""Unknown invitations from one address: a mistyped link is forgiven, a search is not worth the wait."""


@dataclass
class _Bucket:
    level: float
    at: float


class RateLimiter:
    """One bucket a key. When there are more than `max_keys`, the one unused longest is forgotten: it has refilled most.

    Args:
        rate: of every bucket.
        max_keys: bounds the memory (about 200 bytes each).
    """

    def __init__(self, rate: Rate, *, max_keys: int = 10_000) -> None:
        self._rate = rate
        self._max_keys = max_keys
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str, *, now: float) -> float:
        """Take one from the key's bucket.

        Args:
            key: who asks.
            now: seconds of a clock that never goes back.

        Returns:
            0.0 if there was one, else the seconds until there will be; nothing is taken then.
        """
        wait = self.wait(key, now=now)
        if wait == 0.0:
            self._bucket(key, now).level -= 1.0
        return wait

    def wait(self, key: str, *, now: float) -> float:
        """Seconds until the key's bucket holds one, 0.0 if it does. Takes nothing."""
        level = self._bucket(key, now).level
        return 0.0 if level >= 1.0 else (1.0 - level) / self._rate.per_s

    def __len__(self) -> int:
        return len(self._buckets)

    def _bucket(self, key: str, now: float) -> _Bucket:
        bucket = self._buckets.setdefault(key, _Bucket(self._rate.burst, now))
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._max_keys:
            self._buckets.popitem(last=False)
        bucket.level = min(self._rate.burst, bucket.level + max(0.0, now - bucket.at) * self._rate.per_s)
        bucket.at = max(bucket.at, now)
        return bucket


def client_key(address: str | None) -> str:
    """The key for a client's address: IPv6 by its /64, which is what one household or machine is given."""
    if address is None:
        return "unknown"
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip.packed[:8] + bytes(8), 64)))
    return str(ip)
