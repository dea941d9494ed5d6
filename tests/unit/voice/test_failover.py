"""Which provider is asked next, and what is told of it."""

from __future__ import annotations

from vivavoce.breaker import Breaker
from vivavoce.errors import VivavoceError
from vivavoce.voice.failover import LEFT_ALONE, RECOVERED, RULES, Link, Route, Switch


class Providers:
    """Providers that are up or down, and a session or two that ask them."""

    def __init__(self, *names: str) -> None:
        self.now = 0.0
        self.down: set[str] = set()
        self.links = [Link(name, name, Breaker(RULES)) for name in names]
        self.switches: list[Switch] = []
        self.asked: list[str] = []
        self.route = self.session()

    def session(self) -> Route[str]:
        return Route(self.links, now=lambda: self.now, switched=self.switches.append)

    def ask(self, route: Route[str] | None = None, *, anyway: bool = False) -> str | None:
        self.asked = []
        for attempt in (route or self.route).attempts(anyway=anyway):
            with attempt:
                self.asked.append(attempt.part)
                if attempt.part not in self.down:
                    attempt.answers()
                    return attempt.name
                attempt.failed(VivavoceError(f"{attempt.name} is down.", next_step=""))
        return None


def test_the_first_that_answers_goes_on_and_the_switch_is_told_once() -> None:
    providers = Providers("main", "spare")
    assert providers.ask() == "main" and providers.switches == []
    providers.down = {"main"}
    assert providers.ask() == "spare" and providers.asked == ["main", "spare"]
    assert providers.ask() == "spare"
    assert [(switch.before, switch.after, switch.message) for switch in providers.switches] == [
        ("main", "spare", "main is down.")
    ]
    assert providers.route.current.name == "spare"


def test_one_that_failed_again_and_again_is_passed_over_by_all_sessions_until_it_is_tried_again() -> None:
    providers = Providers("main", "spare")
    providers.down = {"main"}
    for _ in range(RULES.failures):
        providers.ask()
    other = providers.session()
    assert providers.ask(other) == "spare" and providers.asked == ["spare"]
    assert (providers.switches[-1].code, providers.switches[-1].after) == (LEFT_ALONE, "spare")
    providers.now += RULES.open_s
    assert providers.ask(other) == "spare" and providers.asked == ["main", "spare"], "one tries it again"
    assert providers.ask(other) == "spare" and providers.asked == ["spare"], "and it is left alone for longer"
    providers.down = set()
    providers.now += 2 * RULES.open_s
    assert providers.ask(other) == "main"
    assert (providers.switches[-1].code, providers.switches[-1].before) == (RECOVERED, "spare")
    assert providers.ask() == "main"


def test_while_one_request_tries_it_again_the_others_do_not() -> None:
    providers = Providers("main", "spare")
    providers.down = {"main"}
    for _ in range(RULES.failures):
        providers.ask()
    providers.now += RULES.open_s
    trying = next(providers.route.attempts())
    assert trying.name == "main"
    assert providers.ask(providers.session()) == "spare" and providers.asked == ["spare"]
    with trying:
        pass  # whoever asked went away: nothing was learnt
    assert next(providers.session().attempts()).name == "main"


def test_a_provider_that_breaks_off_every_answer_is_left_alone_too() -> None:
    providers = Providers("main", "spare")
    for _ in range(RULES.failures):
        with next(providers.route.attempts()) as attempt:
            assert attempt.name == "main"
            attempt.answers()
            attempt.failed(VivavoceError("It broke off.", next_step=""))
    assert providers.ask() == "spare" and providers.asked == ["spare"]


def test_the_last_one_that_may_be_asked_is_worth_more_patience() -> None:
    providers = Providers("main", "spare")
    assert [attempt.alone for attempt in providers.route.attempts()] == [False, True]
    providers.down = {"spare"}
    for _ in range(RULES.failures):
        [_, spare] = providers.route.attempts()
        with spare:
            spare.failed(VivavoceError("Down.", next_step=""))
    assert [attempt.alone for attempt in providers.route.attempts()] == [True]


def test_where_all_are_left_alone_they_are_asked_only_if_there_is_nothing_else_to_do() -> None:
    providers = Providers("main", "spare")
    providers.down = {"main", "spare"}
    for _ in range(RULES.failures):
        assert providers.ask() is None
    assert not providers.route.open
    assert providers.ask() is None and providers.asked == []
    providers.down = {"main"}
    assert providers.ask(anyway=True) == "spare" and providers.asked == ["main", "spare"]
    assert providers.route.open, "its answer ended the rest"
