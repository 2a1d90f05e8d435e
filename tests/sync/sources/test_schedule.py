from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sync.cloud.sources.records import DAILY_S, Outcome, Reach, Run
from sync.cloud.sources.schedule import Job, Plan, due, next_turn

NOW = datetime(2026, 5, 2, 12, 0, tzinfo=UTC)
BULK = Plan("bulk", ("magic", "pokemon"), DAILY_S, 0)
FINE = Plan("fine", ("pokemon",), DAILY_S, 100)
LISTINGS = Plan("listings", ("pokemon",), 0, 100)


def run(
    source: str, hours_ago: float, outcome: Outcome = Outcome.DONE, reach: Reach = Reach.ALL,
    game: str = "pokemon", retryable: bool = True,
) -> Run:  # fmt: skip
    at = NOW - timedelta(hours=hours_ago)
    return Run(source, game, reach, at, at, outcome, retryable=retryable)


def jobs(*runs: Run, plan: Plan = FINE) -> set[Reach]:
    return {job.reach for job in due([plan], runs, NOW)}


def test_at_first_everything_is_due_in_the_order_of_use() -> None:
    assert due([BULK, FINE, LISTINGS], [], NOW) == [
        Job("fine", "pokemon", Reach.TOP), Job("listings", "pokemon", Reach.TOP),
        Job("bulk", "magic", Reach.ALL), Job("bulk", "pokemon", Reach.ALL),
        Job("fine", "pokemon", Reach.ALL),
    ]  # fmt: skip


def test_the_most_scanned_by_the_hour_and_everything_once_a_day() -> None:
    top = Reach.TOP
    assert jobs(run("fine", 0.9, reach=top), run("fine", 19)) == set()
    assert jobs(run("fine", 1.0, reach=top), run("fine", 19)) == {top}
    assert jobs(run("fine", 0.1, reach=top), run("fine", 20)) == {Reach.ALL}
    assert jobs(run("fine", 19, Outcome.UNCHANGED), run("fine", 0, reach=top)) == set()


def test_one_game_or_source_does_not_stand_for_another() -> None:
    found = due([BULK], [run("bulk", 1, game="magic"), run("other", 1)], NOW)
    assert found == [Job("bulk", "pokemon", Reach.ALL)]


def test_after_failures_the_pauses_grow() -> None:
    failed = Outcome.FAILED
    assert jobs(run("bulk", 0.1, failed), plan=Plan("bulk", ("pokemon",), DAILY_S, 0)) == set()
    plan = Plan("bulk", ("pokemon",), DAILY_S, 0)
    assert jobs(run("bulk", 0.2, failed), plan=plan) == {Reach.ALL}
    thrice = [run("bulk", hours, failed) for hours in (3, 2, 0.5)]
    assert jobs(*thrice, plan=plan) == set()
    thrice = [run("bulk", hours, failed) for hours in (3, 2, 0.7)]
    assert jobs(*thrice, plan=plan) == {Reach.ALL}
    often = [run("bulk", 60 - hours, failed) for hours in range(54)]
    assert jobs(*often, plan=plan) == {Reach.ALL}


def test_what_a_person_must_mend_is_left_for_a_day() -> None:
    plan = Plan("bulk", ("pokemon",), DAILY_S, 0)
    refused = Outcome.FAILED
    assert jobs(run("bulk", 23, refused, retryable=False), plan=plan) == set()
    assert jobs(run("bulk", 24, refused, retryable=False), plan=plan) == {Reach.ALL}


def test_a_run_that_was_stopped_is_made_again_and_a_clock_put_back_stops_nothing() -> None:
    plan = Plan("bulk", ("pokemon",), DAILY_S, 0)
    assert jobs(run("bulk", 1, Outcome.STOPPED), plan=plan) == {Reach.ALL}
    assert jobs(run("bulk", -30), plan=plan) == {Reach.ALL}


def test_where_not_all_fit_into_an_hour_each_has_its_turn() -> None:
    cards = [("pokemon", f"c{n}") for n in range(25)]
    assert next_turn(cards, 30, NOW) == cards
    asked: list[tuple[str, str]] = []
    for hour in range(5):
        turn = next_turn(cards, 10, NOW + timedelta(hours=hour))
        assert len(set(turn)) == 10
        asked += turn
    assert {asked.count(each) for each in cards} == {2}
