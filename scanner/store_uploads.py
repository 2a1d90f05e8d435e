"""The calls about uploaded pictures. See `scanner/tables_uploads.py`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from scanner.batches import BatchPlan
from scanner.errors import StoreError
from scanner.store_machine import MachineWrites
from scanner.tables import Batch, PacksInUse, Scan
from scanner.tables_batches import BATCH_NOW
from scanner.tables_uploads import Upload, UploadPicture, UploadResult, UploadStop
from scanner.uploads import PictureState, UploadCounts, Waiting

_STATE = """
    CASE WHEN result.scan_id IS NOT NULL THEN 'done'
        WHEN result.picture_id IS NOT NULL THEN 'failed'
        WHEN picture.again_of THEN 'again'
        WHEN picture.problem != '' THEN 'refused'
        WHEN stop.upload_id IS NOT NULL THEN 'stopped'
        ELSE 'waiting' END
"""
_JOINED = """
    FROM upload_picture AS picture
    LEFT JOIN upload_result AS result ON result.picture_id = picture.id
    LEFT JOIN upload_stop AS stop ON stop.upload_id = picture.upload_id
"""
_COUNTS = f"SELECT picture.upload_id, {_STATE} AS state, count(*) {_JOINED}"
_PICTURES = text(f"""
    SELECT picture.id, picture.name, {_STATE},
        coalesce(nullif(result.problem, ''), picture.problem),
        coalesce(result.scan_id, 0), coalesce(result.is_cached, 0), picture.again_of,
        coalesce(result.further, '[]')
    {_JOINED} WHERE picture.upload_id = :upload_id AND picture.id > :after
    ORDER BY picture.id LIMIT :limit
""")
_WAITING = text("""
    SELECT min(picture.id), picture.upload_id, upload.client
    FROM upload_picture AS picture JOIN upload ON upload.id = picture.upload_id
    WHERE picture.id > :after AND picture.file != ''
        AND NOT EXISTS (SELECT 1 FROM upload_result AS r WHERE r.picture_id = picture.id)
        AND NOT EXISTS (SELECT 1 FROM upload_stop AS s WHERE s.upload_id = picture.upload_id)
    GROUP BY picture.upload_id, upload.client
""")
_KNOWN = text("""
    SELECT picture.id FROM upload_picture AS picture
    LEFT JOIN upload_result AS result ON result.picture_id = picture.id
    LEFT JOIN upload_stop AS stop ON stop.upload_id = picture.upload_id
    WHERE picture.sha256 = :sha256 AND picture.file != '' AND (result.scan_id IS NOT NULL
        OR (result.picture_id IS NULL AND stop.upload_id IS NULL))
    ORDER BY picture.id LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class PictureRow:
    """One picture of an upload as it stands; `scan_ids` is empty where there are none (yet)."""

    picture_id: int
    name: str
    state: PictureState
    problem: str
    scan_ids: tuple[int, ...]
    is_cached: bool
    again_of: int


@dataclass(frozen=True, slots=True)
class UploadStats:
    """All pictures ever: how many wait, were read, could not be; how many answers were known."""

    waiting: int
    read: int
    failed: int
    cached: int


class UploadStore(MachineWrites):
    """The part of `scanner.store.Store` that keeps uploads."""

    _read_up_to = 0

    # Written by the web process.

    def add_upload(self, name: str, source: str, client: str, plan: BatchPlan) -> Upload:
        """Begin a pile of pictures."""
        self._only("web")
        upload = Upload(
            name=name,
            source=source,
            client=client,
            store=plan.store,
            location=plan.location,
            game=plan.game,
            sets=list(plan.sets),
            condition=plan.condition,
            language=plan.language,
        )
        with self._log.write() as session:
            session.add(upload)
        return upload

    def add_picture(self, picture: UploadPicture) -> UploadPicture:
        """Note a picture that was taken in, refused, or known already."""
        self._only("web")
        with self._log.write() as session:
            if session.get(Upload, picture.upload_id) is None:
                raise StoreError(f"There is no upload {picture.upload_id}: begin a new one.")
            session.add(picture)
        return picture

    def stop_upload(self, upload_id: int) -> None:
        """Read nothing more of a pile; what was read stays."""
        self._only("web")
        with self._log.write() as session:
            if session.get(UploadStop, upload_id) is None:
                session.add(UploadStop(upload_id=upload_id))

    # Written by the feed process.

    def add_upload_result(self, result: UploadResult) -> None:
        """Note what came of a picture; a second word changes nothing."""
        self._only("feed")
        with self._log.write() as session:
            if session.get(UploadResult, result.picture_id) is None:
                session.add(result)

    # Read by both.

    def upload(self, upload_id: int) -> Upload | None:
        """One pile by its id."""
        with self._log.read() as session:
            return session.get(Upload, upload_id)

    def latest_uploads(self, limit: int) -> list[Upload]:
        """The newest piles, newest first."""
        with self._log.read() as session:
            return list(session.exec(select(Upload).order_by(col(Upload.id).desc()).limit(limit)))

    def picture(self, picture_id: int) -> UploadPicture | None:
        """One picture by its id."""
        with self._log.read() as session:
            return session.get(UploadPicture, picture_id)

    def known_picture(self, sha256: str) -> UploadPicture | None:
        """The first picture of the same bytes that was read, or waits."""
        with self._log.read() as session:
            found = session.connection().execute(_KNOWN, {"sha256": sha256}).scalar()
            return None if found is None else session.get(UploadPicture, found)

    def pictures_of(self, upload_id: int, after: int = 0, limit: int = 2000) -> list[PictureRow]:
        """The pictures of a pile with higher ids than `after`, in their order."""
        values = {"upload_id": upload_id, "after": after, "limit": limit}
        with self._log.read() as session:
            return [
                PictureRow(
                    row[0], row[1], PictureState(row[2]), row[3],
                    (row[4], *json.loads(row[7])) if row[4] else (), bool(row[5]), row[6],
                )
                for row in session.connection().execute(_PICTURES, values)
            ]  # fmt: skip

    def upload_counts(self, upload_ids: Iterable[int]) -> dict[int, UploadCounts]:
        """How far each of these piles is."""
        numbers = [int(number) for number in upload_ids]
        if not numbers:
            return {}
        marks = ",".join(str(number) for number in numbers)
        query = text(f"{_COUNTS} WHERE picture.upload_id IN ({marks}) GROUP BY 1, 2")
        counts: dict[int, dict[str, int]] = {number: {} for number in numbers}
        with self._log.read() as session:
            for upload_id, state, many in session.connection().execute(query):
                counts[upload_id][state] = many
        return {number: UploadCounts(**states) for number, states in counts.items()}

    def waiting_uploads(self) -> list[Waiting]:
        """The picture that waits longest of each pile. Quick however many were read before."""
        with self._log.read() as session:
            rows = session.connection().execute(_WAITING, {"after": self._read_up_to})
            found = [Waiting(*row) for row in rows]
            newest = session.exec(select(func.max(UploadPicture.id))).one() or 0
        self._read_up_to = min((one.picture_id for one in found), default=newest + 1) - 1
        return found

    def waiting_of(self, client: str | None) -> int:
        """How many pictures of a client wait; of everybody's for None."""
        query = text(
            f"SELECT count(*) {_JOINED} JOIN upload ON upload.id = picture.upload_id"
            f" WHERE {_STATE} = 'waiting' AND (:client IS NULL OR upload.client = :client)"
            " AND picture.id > :after"
        )
        values = {"client": client, "after": self._read_up_to}
        with self._log.read() as session:
            return int(session.connection().execute(query, values).scalar_one())

    def waiting_files(self) -> list[str]:
        """The files of all pictures that were not read yet."""
        query = (
            select(UploadPicture.file)
            .outerjoin(UploadResult, col(UploadResult.picture_id) == col(UploadPicture.id))
            .outerjoin(UploadStop, col(UploadStop.upload_id) == col(UploadPicture.upload_id))
            .where(
                UploadPicture.file != "",
                col(UploadResult.picture_id).is_(None),
                col(UploadStop.upload_id).is_(None),
            )
        )
        with self._log.read() as session:
            return list(session.exec(query))

    def known_answer(self, sha256: str, tried_with: str) -> Scan | None:
        """The one scan that the same bytes became, read with the same packs and models."""
        query = (
            select(Scan)
            .join(UploadResult, col(UploadResult.scan_id) == col(Scan.id))
            .where(
                UploadResult.sha256 == sha256,
                UploadResult.tried_with == tried_with,
                text("upload_result.further = '[]'"),
            )
            .order_by(col(Scan.id))
            .limit(1)
        )
        with self._log.read() as session:
            return session.exec(query).first()

    def tried_with_now(self) -> str:
        """The key of the packs and models in use by now, "" where nobody noted it."""
        newest = select(PacksInUse.tried_with).order_by(col(PacksInUse.id).desc()).limit(1)
        with self._log.read() as session:
            return session.exec(newest).first() or ""

    def batch_of_upload(self, upload_id: int) -> Batch | None:
        """The batch that a pile has become; None before its first scan."""
        with self._log.read() as session:
            wanted = select(BATCH_NOW).where(BATCH_NOW.upload_id == upload_id)
            return session.exec(wanted).first()

    def upload_stats(self) -> UploadStats:
        """The figures for the metrics."""
        with self._log.read() as session:
            return _stats(session, self.waiting_of(None))


def _stats(session: Session, waiting: int) -> UploadStats:
    row = session.connection().execute(
        text(
            "SELECT count(*), coalesce(sum(scan_id IS NULL), 0), coalesce(sum(is_cached), 0)"
            " FROM upload_result"
        )
    )
    results, failed, cached = row.one()
    return UploadStats(waiting, results - failed, failed, cached)
