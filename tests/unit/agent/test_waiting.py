"""Who is next."""

from __future__ import annotations

from vivavoce.agent.waiting import WaitingRoom


def test_places_go_in_the_order_of_asking() -> None:
    room = WaitingRoom(forget_s=40)
    assert [room.place(name, now=0) for name in ("a", "b", "c")] == [1, 2, 3]
    assert [room.place(name, now=15) for name in ("c", "a", "b")] == [3, 1, 2]
    room.leave("a")
    assert room.place("c", now=20) == 2


def test_who_does_not_ask_again_is_forgotten() -> None:
    room = WaitingRoom(forget_s=40)
    room.place("a", now=0)
    assert room.place("b", now=30) == 2
    assert room.place("b", now=41) == 1
