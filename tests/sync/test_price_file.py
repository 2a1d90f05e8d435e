from __future__ import annotations

from pathlib import Path

import pytest

from sync.cloud.price_file import COLUMNS, PriceFileError, read_price_file

GOOD = "demo,S1,S1-001,normal,NM,EUR,2.50,till,2026-05-01T06:00:00Z"


def written(tmp_path: Path, row: str) -> Path:
    file = tmp_path / "prices.csv"
    file.write_text(f"{','.join(COLUMNS)}\n{GOOD}\n{row}\n")
    return file


def test_prices_are_read_by_game_and_set(tmp_path: Path) -> None:
    [(where, prices)] = read_price_file(written(tmp_path, GOOD.replace("001", "002"))).items()
    assert where == ("demo", "S1")
    assert [price.amount_minor for price in prices] == [250, 250]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (GOOD.replace("normal", "shiny"), "finish is 'shiny' but must be 'normal'"),
        (GOOD.replace("NM", "good"), "condition is 'good' but must be"),
        (GOOD.replace("2026-05-01T06:00:00Z", "yesterday"), "as_of is 'yesterday' but must be a"),
        (
            GOOD.replace("2026-05", "2962-05"),
            "as_of is '2962-05-01T06:00:00Z' but must not be still",
        ),
        (GOOD.replace("2.50", "cheap"), "cheap"),
        (GOOD.replace("2.50", "0.00"), "amount is 0: leave out what has no price"),
        (GOOD.replace("S1-001", ""), "card_id is '' but"),
    ],
)
def test_a_wrong_row_is_told_by_line_and_column(tmp_path: Path, row: str, complaint: str) -> None:
    with pytest.raises(PriceFileError) as caught:
        read_price_file(written(tmp_path, row))
    assert "prices.csv, line 3: " in str(caught.value)
    assert complaint in str(caught.value)
    assert "validation" not in str(caught.value)
