"""Pictures that came in by the page, the API or a watched folder (`scanner/tables.py`).

| table | written by | holds |
|---|---|---|
| `upload` | web | one pile of pictures, and what is said of its cards |
| `upload_picture` | web | one picture that was taken in, or why it was not |
| `upload_stop` | web | a pile of which nothing more is to be read |
| `upload_result` | feed | what came of one picture |
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from scanner.tables import UtcDateTime, utc_now

_NUMBERED = {"sqlite_autoincrement": True}


class Upload(SQLModel, table=True):
    """One pile. `source` is `page`, `api` or `folder`, `client` who sent it; the rest is as in
    `scanner.tables.Batch`, which the pile becomes with its first scan."""

    __tablename__ = "upload"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    name: str
    source: str
    client: str
    store: str = ""
    location: str = ""
    game: str = ""
    sets: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    condition: str = ""
    language: str = ""
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class UploadPicture(SQLModel, table=True):
    """One picture. `file` is where it waits, relative to the data folder, until it is read.

    `file` is empty, and the picture is not read, where it was refused (`problem` says why) or where
    the same bytes came before (`again_of` is the earlier picture's id).
    """

    __tablename__ = "upload_picture"
    __table_args__ = (
        Index("ix_upload_picture_sha256", "sha256"),
        Index("ix_upload_picture_upload_id", "upload_id"),
        _NUMBERED,
    )

    id: int | None = Field(default=None, primary_key=True)
    upload_id: int = Field(foreign_key="upload.id")
    name: str
    sha256: str = ""
    size_bytes: int = 0
    file: str = ""
    again_of: int = 0
    problem: str = ""
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class UploadStop(SQLModel, table=True):
    """Of this pile nothing more is read."""

    __tablename__ = "upload_stop"

    upload_id: int = Field(primary_key=True)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class UploadResult(SQLModel, table=True):
    """What came of one picture: its scan, or in `problem` why there is none.

    Where it shows several cards, `further` holds the ids of their scans after the first.

    `is_cached` tells that the answer was known for the same bytes with the same packs and models
    (`tried_with`, as in `PacksInUse`); `took_ms` is what recognition took.
    """

    __tablename__ = "upload_result"
    __table_args__ = (Index("ix_upload_result_sha256_tried_with", "sha256", "tried_with"),)

    picture_id: int = Field(primary_key=True)
    scan_id: int | None = Field(default=None, foreign_key="scan.id")
    sha256: str
    tried_with: str
    is_cached: bool = False
    problem: str = ""
    took_ms: float = 0.0
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    further: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
