"""The measurement of the cloud's API still measures, and sees whether the indexes are used."""

from __future__ import annotations

import json

import pytest

from scanner.cli import main
from sync.bench_cloudapi import BAR_MS, use_indexes


def test_a_few_rows_are_measured_and_found_by_index(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bench", "cloudapi", "--cards", "5000", "--rows", "60000", "--asks", "8", "--json"]
    code = main(words)
    told = json.loads(capsys.readouterr().out)
    assert (told["cards"], told["price_rows"]) == (5000, 60_000)
    assert told["plans_use_indexes"], told["plans"]
    assert "ix_card_words" in told["plans"]["search"]
    assert "Index" in told["plans"]["history"]
    slow = [key for key, value in told.items() if key.endswith("p95_ms") and value > BAR_MS]
    assert len([key for key in told if key.endswith("p95_ms")]) >= 3
    assert code == int(bool(slow))
    assert 0 < told["shop_day_not_modified"] <= told["shop_day_hit_rate"] < 1


@pytest.mark.parametrize(
    ("search", "history", "is_fine"),
    [
        ("Bitmap Index Scan on ix_card_words", "Index Scan using price_change_2026_05_idx", True),
        ("Bitmap Index Scan on ix_card_words",
         "Index Scan on price_change_2026_05\n Seq Scan on price_change_other", True),
        ("Seq Scan on card", "Index Scan using price_change_2026_05_idx", False),
        ("Bitmap Index Scan on ix_card_words", "Seq Scan on price_change_2026_05", False),
        ("Bitmap Index Scan on ix_card_words",
         "Index Scan on price_change_2026_05\n Seq Scan on price_change_2026_06", False),
    ],
)  # fmt: skip
def test_a_table_read_from_end_to_end_is_seen(search: str, history: str, is_fine: bool) -> None:
    assert use_indexes(search, history) is is_fine
