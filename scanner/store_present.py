"""What the answer of a scan is by now: the one place that every reader asks.

The view `present_answer` (`migrations/0017_batch_words.sql`) decides: a person's correction that
stands, else the last retry that changed the answer, else the scan itself. `PRESENT_ANSWER` is that
view for whoever needs it inside a query: a review queue, an inventory, an export.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Float, Integer, MetaData, String, Table, select
from sqlmodel import Session

from scanner.store_open import in_parts
from scanner.tables import UtcDateTime

PRESENT_ANSWER = Table(
    "present_answer",
    MetaData(),
    Column("scan_id", Integer, primary_key=True),
    Column("source", String),
    Column("row_id", Integer),
    Column("decision", String),
    Column("reasons", JSON),
    Column("game", String),
    Column("card_id", String),
    Column("name", String),
    Column("set_name", String),
    Column("number", String),
    Column("variant", String),
    Column("finish", String),
    Column("score", Float),
    Column("candidates", JSON),
    Column("recognizer", String),
    Column("model_id", String),
    Column("pack_id", String),
    Column("crop_path", String),
    Column("answered_at", UtcDateTime),
    Column("language", String),
    Column("condition", String),
    Column("probability", Float),
)

FROM_SCAN, FROM_RETRY, FROM_PERSON = "scan", "retry", "person"


@dataclass(frozen=True, slots=True)
class PresentAnswer:
    """The answer of a scan that stands now.

    `source` is `scan`, `retry` or `person`, `row_id` the row that says so in the table `scan`,
    `retry` or `correction`, `answered_at` when it was added. The rest is as in `tables.Scan`; of a
    person's answer `score` and `probability` are 1 and `candidates` are still the machine's.
    `language` and `condition` are empty where neither a person nor the batch says them.
    """

    scan_id: int
    source: str
    row_id: int
    decision: str
    reasons: list[str]
    game: str
    card_id: str
    name: str
    set_name: str
    number: str
    variant: str
    finish: str
    score: float
    candidates: list[dict[str, Any]]
    recognizer: str
    model_id: str
    pack_id: str
    crop_path: str
    answered_at: datetime
    language: str = ""
    condition: str = ""
    probability: float | None = None


def read_present_answers(session: Session, scan_ids: Iterable[int]) -> dict[int, PresentAnswer]:
    """The present answers of these scans by their ids; ids that are not in the log are left out."""
    found: dict[int, PresentAnswer] = {}
    for part in in_parts(scan_ids):
        rows = session.execute(select(PRESENT_ANSWER).where(PRESENT_ANSWER.c.scan_id.in_(part)))
        found.update({row.scan_id: PresentAnswer(*row) for row in rows})
    return found
