"""Uploads as their page and their JSON show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from scanner.store_uploads import PictureRow
from scanner.tables_uploads import Upload
from scanner.uploads import PictureState
from webui import view
from webui.log_view import LogView
from webui.upload_intake import Taken
from webui.view import Json

WORDS = {
    PictureState.WAITING: "Waits to be read",
    PictureState.DONE: "Read",
    PictureState.FAILED: "No card",
    PictureState.REFUSED: "Refused",
    PictureState.AGAIN: "Scanned before",
    PictureState.STOPPED: "Cancelled",
}


class UploadView:
    """Reads uploads for the page. Raises StoreError where the log can't be read."""

    def __init__(self, log_view: LogView) -> None:
        self._view = log_view

    def uploads(self, uploads: Sequence[Upload]) -> list[Json]:
        """These piles in this order."""
        store = self._view.store()
        counts = store.upload_counts([upload.id or 0 for upload in uploads])
        found = []
        for upload in uploads:
            number = upload.id or 0
            batch = store.batch_of_upload(number)
            found.append(
                {
                    "id": number,
                    "name": upload.name,
                    "source": upload.source,
                    "client": upload.client,
                    "started_at": upload.created_at.isoformat(),
                    "batch": (batch.id or 0) if batch else 0,
                    "counts": {**asdict(counts[number]), "total": counts[number].total},
                }
            )
        return found

    def upload(self, upload: Upload, after: int, limit: int) -> Json:
        """One pile with the pictures after the one with this id."""
        rows = self._view.store().pictures_of(upload.id or 0, after, limit)
        return {
            "upload": self.uploads([upload])[0],
            "pictures": self._pictures(rows),
            "feed_silent": not self._view.files.read().fresh,
        }

    def taken(self, taken: Taken) -> Json:
        """One picture that has just come in."""
        picture = taken.picture
        state = (
            PictureState.REFUSED if picture.problem
            else PictureState.AGAIN if picture.again_of
            else PictureState.WAITING
        )  # fmt: skip
        return {
            "id": picture.id or 0,
            "name": picture.name,
            "state": state.value,
            "word": WORDS[state],
            "problem": picture.problem,
            "cached": False,
            "scans": [],
            "before": _before(taken.before),
        }

    def _pictures(self, rows: Sequence[PictureRow]) -> list[Json]:
        store = self._view.store()
        numbers = [number for row in rows for number in row.scan_ids]
        scans, answers = store.scans(numbers), store.present_answers(numbers)
        return [
            {
                "id": row.picture_id,
                "name": row.name,
                "state": row.state.value,
                "word": WORDS[row.state],
                "problem": row.problem,
                "cached": row.is_cached,
                "scans": [
                    view.scan_json(scans[number], self._view.data_dir, answers[number])
                    for number in row.scan_ids
                    if number in answers
                ],
                "before": self._before_of(row),
            }
            for row in rows
        ]

    def _before_of(self, row: PictureRow) -> Json | None:
        if not row.again_of:
            return None
        store = self._view.store()
        first = store.picture(row.again_of)
        return _before(store.upload(first.upload_id) if first else None)


def _before(upload: Upload | None) -> Json | None:
    if upload is None:
        return None
    return {"upload": upload.id or 0, "name": upload.name, "at": upload.created_at.isoformat()}
