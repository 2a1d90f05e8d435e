"""Rows that say more of a scan than its own: retries by the feed process, corrections by the page.

The functions work inside the caller's session; `scanner.store.Store` opens it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from scanner.errors import StoreError
from scanner.records import Decision, Identification, Printing
from scanner.retry import Outcome, Standing, TriedWith
from scanner.store_present import FROM_PERSON, read_present_answers
from scanner.store_scan import candidates_json, probability_of, stages_json
from scanner.tables import Correction, PacksInUse, Retry, Scan

CORRECTED, UNDONE = "corrected", "undone"

_STANDINGS = text("""
    SELECT scan.id, present.source, present.decision, scan.crop_path,
        coalesce((SELECT used.tried_with FROM packs_in_use AS used WHERE used.after_scan < scan.id
            ORDER BY used.id DESC LIMIT 1), ''),
        EXISTS (SELECT 1 FROM retry
            WHERE retry.scan_id = scan.id AND retry.tried_with = :key)
    FROM scan JOIN present_answer AS present ON present.scan_id = scan.id
    WHERE scan.id < :before AND scan.decision IN ('review', 'unknown')
    ORDER BY scan.id DESC LIMIT :limit
""")


def note_packs(session: Session, now: TriedWith) -> None:
    """Note what the scans from here on are tried with, unless that is what is noted already."""
    last = session.exec(select(PacksInUse).order_by(col(PacksInUse.id).desc()).limit(1)).first()
    if last is not None and last.tried_with == now.key:
        return
    last_scan = session.exec(select(func.max(Scan.id))).one() or 0
    session.add(
        PacksInUse(
            tried_with=now.key,
            packs=list(now.packs),
            model_id=now.model_id,
            after_scan=last_scan,
        )
    )


def read_standings(session: Session, key: str, before: int, limit: int) -> list[Standing]:
    """How the scans that were not accepted stand, newest first, from below the id `before`."""
    rows = session.connection().execute(_STANDINGS, {"key": key, "before": before, "limit": limit})
    return [
        Standing(scan_id, source, decision, crop_path, made_with, bool(tried))
        for scan_id, source, decision, crop_path, made_with, tried in rows
    ]


def insert_retry(
    session: Session,
    scan_id: int,
    key: str,
    outcome: Outcome,
    answer: Identification | None,
) -> bool:
    """Add the row of one retry; False where there is nothing left to say.

    That is when this scan was tried with `key` already, when it is accepted by now, or when a
    person has named it meanwhile.
    """
    before = read_present_answers(session, [scan_id]).get(scan_id)
    if before is None or before.decision == Decision.ACCEPTED or before.source == FROM_PERSON:
        return False
    known = select(Retry.id).where(col(Retry.scan_id) == scan_id, col(Retry.tried_with) == key)
    if session.exec(known).first() is not None:
        return False
    session.add(_retry_row(scan_id, key, outcome, answer, before.finish))
    return True


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says of a scan; `printing` None: nobody can name the card.

    `language` and `condition` are as in `scanner/card_words.py`, empty where the batch's hold.
    """

    printing: Printing | None
    finish: str = "unknown"
    language: str = ""
    condition: str = ""


def insert_correction(session: Session, scan_id: int, word: Word) -> Correction:
    """Add a person's word."""
    _require_scan(session, scan_id)
    correction = Correction(scan_id=scan_id, kind=CORRECTED, decision=Decision.UNKNOWN.value)
    printing = word.printing
    if printing is not None:
        correction.decision = Decision.ACCEPTED.value
        correction.game, correction.card_id = printing.game, printing.card_id
        correction.name, correction.set_name = printing.name, printing.set
        correction.number, correction.variant = printing.number, printing.variant
        correction.finish = word.finish
    correction.language, correction.condition = word.language, word.condition
    session.add(correction)
    return correction


def insert_undoing(session: Session, scan_id: int) -> Correction | None:
    """Take a person's last word on a scan back: what stood before it stands again.

    None where no word stands.
    """
    _require_scan(session, scan_id)
    standing = read_present_answers(session, [scan_id])[scan_id]
    if standing.source != FROM_PERSON:
        return None
    correction = Correction(scan_id=scan_id, kind=UNDONE, undoes=standing.row_id)
    session.add(correction)
    return correction


def _require_scan(session: Session, scan_id: int) -> None:
    if session.get(Scan, scan_id) is None:
        raise StoreError(f"There is no scan {scan_id}: reload the page and choose one from it.")


def _retry_row(
    scan_id: int, key: str, outcome: Outcome, answer: Identification | None, finish: str
) -> Retry:
    row = Retry(
        scan_id=scan_id, tried_with=key, outcome=outcome.value, decision=Decision.UNKNOWN.value
    )
    if answer is None:
        return row
    row.decision = answer.decision.value
    row.reasons = list(answer.reasons)
    printing = answer.printing
    if printing is not None:
        row.game, row.card_id, row.name = printing.game, printing.card_id, printing.name
        row.set_name, row.number, row.variant = printing.set, printing.number, printing.variant
    # The crop alone seldom proves a finish; what the frame proved still holds.
    row.finish = finish if answer.finish.value == "unknown" else answer.finish.value
    row.score = float(answer.candidates[0].score) if answer.candidates else 0.0
    row.probability = probability_of(answer)
    row.candidates = candidates_json(answer)
    row.stages_ms = stages_json(answer)
    row.recognizer, row.model_id = answer.recognizer, answer.model_id
    row.pack_id = answer.pack_id
    return row
