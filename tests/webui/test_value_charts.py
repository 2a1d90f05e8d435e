"""Charts: bars that add up, and a line that holds its value from day to day."""

from __future__ import annotations

from webui.value_charts import HEIGHT, MAX_BARS, MAX_POINTS, bars, curve


def test_bars_are_shares_of_the_longest_and_the_rest_is_one() -> None:
    found = bars([(f"set {n}", "1", 1000 - n) for n in range(MAX_BARS + 3)])
    assert len(found) == MAX_BARS + 1
    assert (found[0].share, found[1].amount_minor) == (99.9, 999) or found[0].share <= 100
    assert found[-1].label == "3 more"
    assert sum(bar.amount_minor for bar in found) == sum(1000 - n for n in range(MAX_BARS + 3))
    assert bars([]) == []
    assert bars([("nothing", "", 0)])[0].share == 0


def test_the_line_steps_and_holds_until_today() -> None:
    drawn = curve([("2026-01-01", 100), ("2026-01-06", 400)], "2026-01-11")
    assert drawn is not None
    assert drawn.top_minor == 500
    assert drawn.line == "M0.0 160.0H300.0V40.0H600.0V40.0"
    assert drawn.area.endswith(f"V{HEIGHT:.1f}H0Z")
    assert (drawn.first_day, drawn.last_day, drawn.last_minor) == ("2026-01-01", "2026-01-11", 400)


def test_one_day_is_a_line_too_and_no_value_is_none() -> None:
    one = curve([("2026-01-01", 70)], "2026-01-01")
    assert one is not None
    assert one.line == "M0.0 60.0H600.0"
    assert curve([], "2026-01-01") is None
    assert curve([("2026-01-01", 0)], "2026-01-01") is None


def test_years_of_days_are_thinned_with_their_end_kept() -> None:
    points = [(f"20{y:02d}-{m:02d}-01", y * 100 + m) for y in range(20, 60) for m in range(1, 13)]
    drawn = curve(points, "2060-01-01")
    assert drawn is not None
    assert len(drawn.points) == MAX_POINTS + 1
    assert drawn.last_minor == points[-1][1]
