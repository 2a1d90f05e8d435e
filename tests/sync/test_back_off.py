"""How long to wait before the next try."""

from __future__ import annotations

from sync.back_off import FIRST_BACK_OFF_S, BackOff

LONGEST_S = 120.0


def waits(back_off: BackOff, count: int) -> list[float]:
    found = []
    for _ in range(count):
        back_off.begin()
        found.append(back_off.failed(0.0))
    return found


def test_each_try_waits_up_to_twice_as_long_and_never_longer_than_the_longest() -> None:
    for number, wait_s in enumerate(waits(BackOff(LONGEST_S), 100)):
        most_s = min(LONGEST_S, FIRST_BACK_OFF_S * 2**number)
        assert most_s / 2 <= wait_s <= most_s


def test_no_two_devices_wait_in_step() -> None:
    assert len({waits(BackOff(LONGEST_S), 1)[0] for _ in range(50)}) > 40


def test_a_connection_that_held_makes_the_next_failure_the_first_again() -> None:
    back_off = BackOff(LONGEST_S)
    waits(back_off, 10)
    assert back_off.wait_s(0.0) >= LONGEST_S / 2
    back_off.steady()
    assert waits(back_off, 1)[0] <= FIRST_BACK_OFF_S
    assert back_off.wait_s(FIRST_BACK_OFF_S) <= 0
