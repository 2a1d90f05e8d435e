"""The log says who started or paused the machine from the cloud."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from firmware.phases import Phase, Wish
from scanner.store import Store
from scanner.tables import utc_now
from scanner.tables_updates import RemoteCommand

Make = Callable[..., Any]


def ask_from_cloud(bench: Any, kind: str, by: str) -> None:
    now = utc_now()
    with Store.open(bench.page.data_dir, role="sync") as sync:
        sync.add_remote_command(
            RemoteCommand(
                name=f"{kind}-{by}", kind=kind, is_allowed=True, issued_by=by, issued_at=now,
                expires_at=now + timedelta(hours=1),
            )
        )  # fmt: skip


def details(bench: Any) -> list[tuple[str, str]]:
    return [(event.kind, event.detail) for event in reversed(bench.page.latest_events(20))]


def test_who_started_and_paused_from_afar_is_in_the_log(make_bench: Make) -> None:
    bench = make_bench(cards=6)
    ask_from_cloud(bench, "start", "")
    bench.work_until(lambda: len(bench.told) == 2)
    ask_from_cloud(bench, "pause", "Ada  of the office")
    bench.work_until_phase(Phase.PAUSED)
    assert details(bench) == [
        ("started", "Started from the cloud."),
        ("paused", "Paused from the cloud by Ada of the office."),
    ]


def test_a_pause_by_somebody_here_is_not_said_to_be_the_clouds(make_bench: Make) -> None:
    bench = make_bench(cards=12)
    bench.ask("start")
    bench.work_until(lambda: len(bench.told) == 2)
    ask_from_cloud(bench, "pause", "Ada")
    bench.work_until_phase(Phase.PAUSED)
    bench.ask("resume")
    bench.work_until(lambda: len(bench.told) == 4)
    bench.ask("pause")
    bench.work_until_phase(Phase.PAUSED)
    assert [detail for kind, detail in details(bench) if kind == "paused"] == [
        "Paused from the cloud by Ada.",
        "",
    ]


def test_a_wish_of_the_cloud_that_was_taken_back_is_forgotten(make_bench: Make) -> None:
    bench = make_bench(cards=12)
    bench.ask("start")
    bench.work_until(lambda: len(bench.told) == 2)
    ask_from_cloud(bench, "pause", "Ada")
    bench.work_until(lambda: bench.loop.state.wish is Wish.PAUSE)
    bench.ask("resume")
    bench.work_until(lambda: len(bench.told) == 5)
    bench.ask("pause")
    bench.work_until_phase(Phase.PAUSED)
    assert details(bench)[-1] == ("paused", "")
