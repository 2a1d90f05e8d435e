"""What the doctor makes of systemd's words about the services."""

from __future__ import annotations

from scanner.doctor_checks import Status
from scanner.doctor_services import judged


def said(**states: str) -> str:
    """What `systemctl show` prints: a paragraph for each unit."""
    return "\n\n".join(
        f"ExecMainStatus={'2' if state == 'failed' else '0'}\nId=counterscan-{name}.service\n"
        f"LoadState={'not-found' if state == 'absent' else 'loaded'}\n"
        f"ActiveState={'inactive' if state in ('absent', 'unpaired') else state}\n"
        f"ConditionResult={'no' if state == 'unpaired' else 'yes'}"
        for name, state in states.items()
    )


def test_services_that_run_are_well_and_the_exchange_may_wait_for_its_pairing() -> None:
    check = judged(said(feed="active", web="active", sync="unpaired"))
    assert check.status is Status.GOOD
    assert check.found == (
        "counterscan-feed runs, counterscan-web runs, counterscan-sync waits for its pairing"
    )


def test_one_that_failed_is_named_with_the_way_to_learn_why() -> None:
    check = judged(said(feed="failed", web="active", sync="unpaired"))
    assert check.status is Status.BAD
    assert "counterscan-feed failed (exit 2)" in check.found
    assert "journalctl -n 20 -u counterscan-feed" in check.remedy
    assert "sudo systemctl restart counterscan-feed" in check.remedy


def test_one_that_keeps_ending_is_bad_though_it_has_not_failed() -> None:
    check = judged(said(feed="active", web="activating", sync="active"))
    assert check.status is Status.BAD
    assert "counterscan-web starts again and again" in check.found


def test_one_that_somebody_stopped_is_a_note() -> None:
    check = judged(said(feed="inactive", web="active", sync="active"))
    assert check.status is Status.NOTE
    assert check.remedy == "start: sudo systemctl start counterscan-feed"


def test_a_feed_loop_that_was_never_started_waits_for_nothing() -> None:
    check = judged(said(feed="unpaired", web="active", sync="active"))
    assert check.found.startswith("counterscan-feed is stopped")


def test_where_no_service_is_laid_that_is_no_trouble() -> None:
    for words in ("", said(feed="absent", web="absent", sync="absent")):
        check = judged(words)
        assert check.status is Status.GOOD
        assert "counterscan run" in check.found
