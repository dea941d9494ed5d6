"""Failover: which of several providers is asked, and who is told that another one answers now.

A process has one `Link` a provider, with a circuit breaker that all its sessions share; a session has a `Route` along
them. A provider whose breaker is open is passed over at once. When it may be tried again, one request of one session
tries it: so an outage costs one participant one short wait now and then, and a recovery is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

import structlog

from vivavoce.breaker import Breaker, BreakerRules, BreakerState
from vivavoce.errors import VivavoceError

log = structlog.get_logger(__name__)

T = TypeVar("T")

RULES = BreakerRules(failures=3, open_s=10.0, longest_open_s=60.0)
"""Fewer failures in a row may be bad luck. In half an hour's outage about thirty requests try the provider again."""

RECOVERED = "recovered"
"""`Switch.code` where an earlier provider of the order answers again."""

LEFT_ALONE = "left_alone"
"""`Switch.code` where the provider was passed over for what it did to other requests."""


@dataclass(frozen=True)
class Link(Generic[T]):
    """A provider in the order, shared by the sessions of a process.

    Attributes:
        name: of its profile.
        part: what is asked.
        breaker: whether it is left alone.
    """

    name: str
    part: T
    breaker: Breaker


@dataclass(frozen=True)
class Switch:
    """Another provider answers than before.

    Attributes:
        before: the profile that answered until now.
        after: the one that answers now.
        code: why: the code of the failure, `RECOVERED` or `LEFT_ALONE`.
        message: the same in words.
    """

    before: str
    after: str
    code: str
    message: str


Switched = Callable[[Switch], None]


class Route(Generic[T]):
    """One session's way along the providers.

    Args:
        links: in order of preference; at least one.
        now: a clock that does not go back, seconds; the same for all routes of a process.
        switched: told when another provider answers.
    """

    def __init__(
        self, links: Sequence[Link[T]], *, now: Callable[[], float], switched: Switched = lambda switch: None
    ) -> None:
        self.links = tuple(links)
        self.now = now
        self._switched = switched
        self._current = self.links[0].name
        self._failure: VivavoceError | None = None

    @property
    def current(self) -> Link[T]:
        """The provider that answered last; before any did, the first."""
        return next(link for link in self.links if link.name == self._current)

    @property
    def open(self) -> bool:
        """Whether there is a provider that may be asked now."""
        return any(self._may(link) for link in self.links)

    def attempts(self, *, anyway: bool = False) -> Iterator[Attempt[T]]:
        """The providers to ask now, one after the other, until one of them answers.

        Args:
            anyway: where all are to be left alone, ask them all the same: there is nothing else to do.
        """
        asked = False
        for place, link in enumerate(self.links):
            if link.breaker.admit(self.now()):
                asked = True
                alone = not any(self._may(later) for later in self.links[place + 1 :])
                yield Attempt(self, link, alone=alone)
        if anyway and not asked:
            for link in self.links:
                yield Attempt(self, link, alone=link is self.links[-1])

    def failed(self, link: Link[T], error: VivavoceError) -> None:
        """Note that a provider failed; `Attempt` calls it."""
        link.breaker.failed(self.now())
        log.warning("provider failed", profile=link.name, code=error.code, error=error.what)
        if link.name == self._current:
            self._failure = error

    def answers(self, link: Link[T]) -> None:
        """Note that a provider answers; `Attempt` calls it."""
        before, failure = self._current, self._failure
        self._failure = None
        if link.name == before:
            return
        self._current = link.name
        names = [one.name for one in self.links]
        if failure is not None:
            switch = Switch(before, link.name, failure.code, failure.what)
        elif names.index(link.name) < names.index(before):
            switch = Switch(before, link.name, RECOVERED, f"{link.name!r} answers again.")
        else:
            switch = Switch(
                before, link.name, LEFT_ALONE, f"{before!r} has failed and is left alone for now."
            )
        self._switched(switch)

    def _may(self, link: Link[T]) -> bool:
        return link.breaker.state(self.now()) is not BreakerState.OPEN


class Attempt(Generic[T]):
    """One request to one provider: a context manager, in which `answers` and `failed` are noted.

    Left without either, the provider is as good or bad as before: the caller went away.

    Attributes:
        name: of the profile.
        part: what is asked.
        alone: nobody is left to ask after it, so that it is worth more patience.
    """

    def __init__(self, route: Route[T], link: Link[T], *, alone: bool) -> None:
        self.name = link.name
        self.part = link.part
        self.alone = alone
        self._route = route
        self._link = link
        self._answered = False
        self._failed = False

    def answers(self) -> None:
        """It has begun to answer."""
        if not self._answered:
            self._answered = True
            self._route.answers(self._link)

    def failed(self, error: VivavoceError) -> None:
        """It did not answer, or not to the end."""
        self._failed = True
        self._route.failed(self._link, error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._failed:
            return
        if self._answered:
            self._link.breaker.succeeded()
        else:
            self._link.breaker.abandoned()
