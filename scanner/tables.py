"""The tables of the device's log. Rows are only ever added; each table has one writing process.

| table | written by | holds |
|---|---|---|
| `batch` | feed | one stack of cards, from its start |
| `batch_event` | feed | each change of a batch or of the machine: started, paused, a fault |
| `scan` | feed | one card seen once |
| `retry` | feed | a scan's kept crop tried again with other packs or models |
| `packs_in_use` | feed | which packs and models the scans from here on were tried with |
| `correction` | web | what a person says that a scan shows |
| `price` | sync | what a printing was worth, by one source at one time |
| `sync_…`, `price_confirmed` | sync | see `scanner/tables_sync.py` |
| `update_…`, `remote_…`, `sync_answer` | sync | see `scanner/tables_updates.py` |
| `feed_movement` | feed | each card the feeder was told to bring or was seen to let go |
| `route`, `bin_emptied` | feed | where each card went; see `scanner/tables_bins.py` |
| `rule_set`, `rules_chosen`, `card_list` | web | rules and lists; see `scanner/tables_rules.py` |
| `offer_word`, `offer_made` | web | what is paid for cards; see `scanner/tables_offers.py` |
| `alert_…` | feed, sync, web | alerts and who closed them; see `scanner/tables_alerts.py` |
| `shared_…` | web, sync | alert rules of all scanners; see `scanner/tables_shared.py` |
| `batch_rules` | feed | the rules that a batch is sorted by; see `scanner/tables_rules.py` |
| `hand_count`, `batch_word` | web | counts by hand, names anew; see `scanner/tables_batches.py` |
| `stock_…`, `saved_filter` and so on | web | the shop's stock; see `scanner/tables_stock.py` |
| `command` | web | what the page asks of the machine, read between cards, or of the exchange |
| `command_done` | feed | which commands the loop has obeyed |

Ids are never used twice, not even after a backup was restored: others refer to them. The order of
scans and events is that of ids and of `after_scan`; durations come from monotonic stamps, which
compare within one `boot_id` only. What a scan's answer is by now, after retries and corrections,
the view `present_answer` alone says (`scanner/store_present.py`). The tables as declared here must
equal what `scanner/migrations` makes; a test holds that.
"""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from sqlalchemy import JSON, BigInteger, Column, DateTime, Dialect, Index, TypeDecorator
from sqlmodel import Field, SQLModel

_NUMBERED = {"sqlite_autoincrement": True}


def utc_now() -> datetime:
    """Wall time in UTC. It labels rows and never orders them: a Pi has no clock battery."""
    return datetime.now(UTC)


@cache
def boot_id() -> str:
    """Names the time since the machine was switched on: what monotonic stamps compare within."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:13]
    except OSError:
        return uuid.uuid4().hex[:13]  # not Linux: stamps then compare within this process


class UtcDateTime(TypeDecorator[datetime]):
    """Wall time kept in UTC; SQLite itself forgets the zone, so that it is put back on reading."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn an aware time into UTC without a zone."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the stored time its zone again."""
        return None if value is None else value.replace(tzinfo=UTC)


class Batch(SQLModel, table=True):
    """One stack, start to end. `mode` is as in `scanner.routing.Mode`.

    `expected_cards` is 0 when nobody counted. `kind` is `machine`, or `upload` for pictures that
    came in over the page, the API or a watched folder (`upload_id`). `game` and `sets` are what
    recognition is limited to, empty for no limit; `condition` and `language`
    (`scanner/card_words.py`) hold for each card of which nobody says otherwise.
    """

    __tablename__ = "batch"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    name: str
    expected_cards: int = 0
    driver: str
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    mode: str = Field(default="scan", sa_column_kwargs={"server_default": "scan"})
    kind: str = Field(default="machine", index=True)
    store: str = ""
    location: str = ""
    game: str = ""
    sets: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    condition: str = ""
    language: str = ""
    upload_id: int = Field(default=0, index=True)


class BatchEvent(SQLModel, table=True):
    """A change in a batch or in the machine: `kind` is a state's name, `detail` a sentence.

    `after_scan` is the id of the last scan before it (0 when there was none), so that scans and
    events have one order that no clock can disturb.
    """

    __tablename__ = "batch_event"
    __table_args__ = (Index("ix_batch_event_batch_id_kind", "batch_id", "kind"), _NUMBERED)

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int | None = Field(default=None, foreign_key="batch.id")
    kind: str = Field(index=True)
    detail: str = ""
    after_scan: int = 0
    added_mono_ns: int = Field(default_factory=time.monotonic_ns, sa_type=BigInteger)
    boot_id: str = Field(default_factory=boot_id)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Scan(SQLModel, table=True):
    """One card seen once. `id` is the device-wide order, `sequence` the place in the batch, from 1.

    `candidates` is a JSON list of `{printing, game, name, set, number, variant,
    score}`, best first;
    `reasons` a JSON list of sentences; `stages_ms` a JSON object of stage times in milliseconds;
    `corners_px` a JSON list of four [x, y]; `crop_path` is relative to the data folder and may
    point at a file that the retention limit has since removed.
    `feed_key` is the mechanism's own count of the card, unique, so that a card whose scan was
    committed just before a power cut is not scanned again; it is None where there is no mechanism.
    `probability` is the calibrated chance, 0…1, that `candidates[0]` is the card; None where nobody
    said it, as in rows from before it was kept. `captured_mono_ns` is when the frame was taken, on
    the monotonic clock of `boot_id`.
    """

    __tablename__ = "scan"
    __table_args__ = (
        Index("ix_scan_batch_id_sequence", "batch_id", "sequence", unique=True),
        _NUMBERED,
    )

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id")
    sequence: int
    feed_key: str | None = Field(default=None, unique=True)
    decision: str = Field(index=True)
    reasons: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    view: str = "card"
    game: str = ""
    card_id: str = Field(default="", index=True)
    name: str = ""
    set_name: str = ""
    number: str = ""
    variant: str = ""
    finish: str = "unknown"
    score: float = 0.0
    candidates: list[dict[str, str | float]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    corners_px: list[list[float]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    upside_down: bool = False
    stages_ms: dict[str, float] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False)
    )
    crop_path: str = ""
    recognizer: str = "embedder"
    model_id: str = ""
    pack_id: str = ""
    driver: str = ""
    captured_mono_ns: int = Field(default_factory=time.monotonic_ns, sa_type=BigInteger)
    boot_id: str = Field(default_factory=boot_id)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    probability: float | None = None


class Retry(SQLModel, table=True):
    """What came of trying a scan's kept crop again, once for each `tried_with` (`PacksInUse`).

    `outcome` is `accepted` or `review` where the answer is better than the one before it, `nothing`
    where it is not, `unreadable` where the crop's file is damaged. The other columns are as in
    `Scan`.
    """

    __tablename__ = "retry"
    __table_args__ = (
        Index("ix_retry_scan_id_tried_with", "scan_id", "tried_with", unique=True),
        _NUMBERED,
    )

    id: int | None = Field(default=None, primary_key=True)
    scan_id: int = Field(foreign_key="scan.id")
    tried_with: str
    outcome: str
    decision: str
    reasons: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    game: str = ""
    card_id: str = ""
    name: str = ""
    set_name: str = ""
    number: str = ""
    variant: str = ""
    finish: str = "unknown"
    score: float = 0.0
    candidates: list[dict[str, str | float]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    stages_ms: dict[str, float] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False)
    )
    recognizer: str = "embedder"
    model_id: str = ""
    pack_id: str = ""
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    probability: float | None = None


class PacksInUse(SQLModel, table=True):
    """The packs and models that every scan with an id above `after_scan` was tried with.

    `tried_with` stands for their exact content; `packs` lists the packs' ids for people.
    """

    __tablename__ = "packs_in_use"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    tried_with: str
    packs: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    model_id: str
    after_scan: int = Field(default=0, index=True)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Correction(SQLModel, table=True):
    """A person's word on a scan: `kind` is `corrected`, or `undone` to take an earlier one back.

    `decision` is `accepted` for the printing named here, `unknown` for a card that nobody can name.
    `language` and `condition` are empty where the batch's hold. `undoes` is the id of the word that
    is taken back; what stood before it stands again.
    """

    __tablename__ = "correction"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    scan_id: int = Field(foreign_key="scan.id", index=True)
    kind: str
    decision: str = ""
    game: str = ""
    card_id: str = ""
    name: str = ""
    set_name: str = ""
    number: str = ""
    variant: str = ""
    finish: str = "unknown"
    language: str = ""
    condition: str = ""
    undoes: int = 0
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Price(SQLModel, table=True):
    """What one source says that one printing is worth; the newest row of a kind counts.

    `finish` is as in `scanner.records.Finish`, `condition` NM, LP, MP, HP or DMG, empty where the
    source does not say. `amount_minor` is in hundredths of `currency` (ISO 4217), or in its units
    where it has no hundredths. `as_of` is the source's time, `created_at` when it came here.
    """

    __tablename__ = "price"
    __table_args__ = (Index("ix_price_game_card_id", "game", "card_id"), _NUMBERED)

    id: int | None = Field(default=None, primary_key=True)
    game: str
    card_id: str
    finish: str = "normal"
    condition: str = ""
    currency: str
    amount_minor: int
    source: str
    as_of: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class FeedMovement(SQLModel, table=True):
    """The machine's memory of its own movements, so that a power cut can't make it guess.

    `kind` is `feeding`, written before the motor may turn, or `ejected`, written after the exit
    beam has cleared. `feed_key` is the machine's running number of the card. The last row and the
    `scan` table together say whether the card found in the bay after a restart is logged.
    """

    __tablename__ = "feed_movement"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int | None = Field(default=None, foreign_key="batch.id")
    kind: str
    feed_key: str
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Command(SQLModel, table=True):
    """What a person asks of the machine: start, pause, resume or stop; `argument` is JSON."""

    __tablename__ = "command"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    argument: dict[str, str | int] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False)
    )
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class CommandDone(SQLModel, table=True):
    """The feed loop obeyed `command_id`, or says in `outcome` why it could not."""

    __tablename__ = "command_done"

    command_id: int = Field(primary_key=True)
    outcome: str = "done"
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
