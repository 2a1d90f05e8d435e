"""What came from the cloud beside prices: packs, models, commands; `sync` alone writes it.

| table | holds |
|---|---|
| `update_event` | each step of an update of packs or models: waiting, fetching, in use, refused |
| `remote_command` | what the cloud asked this device to do; only where the shop allows it |
| `remote_answer` | what became of each, once |
| `update_announced` | what the cloud announces now, how much of it is here; a cursor: rows change |
| `sync_answer` | which of the page's commands the exchange has obeyed, or why not |

The feed process answers what is meant for the machine in `command_done`, under the number of the
remote command below zero.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from scanner.tables import UtcDateTime, utc_now

_NUMBERED = {"sqlite_autoincrement": True}

UPDATE, RESTART = "update", "restart"
"""Commands of the page that the exchange obeys; a restart is for the feed process too."""

OF_THE_EXCHANGE = (UPDATE,)
"""Commands that the feed process leaves alone."""


class UpdateEvent(SQLModel, table=True):
    """A step of the update of `target`: a game's packs (`pack/GAME`), or `models`.

    `kind` is as in `scanner.store_updates.UpdateKind`, `detail` a sentence.
    """

    __tablename__ = "update_event"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    target: str = Field(index=True)
    version: str
    kind: str
    detail: str = ""
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class RemoteCommand(SQLModel, table=True):
    """A command of the cloud. `name` is the cloud's own for it, so that it is obeyed once.

    `is_allowed` says whether it may be done; the answer says why not.
    """

    __tablename__ = "remote_command"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    kind: str
    argument: dict[str, str | int] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False)
    )
    is_allowed: bool
    issued_by: str = ""
    issued_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class RemoteAnswer(SQLModel, table=True):
    """What became of a remote command: `done`, `refused` or `failed`, and why."""

    __tablename__ = "remote_answer"

    remote_id: int = Field(primary_key=True, foreign_key="remote_command.id")
    outcome: str
    detail: str = ""
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class UpdateAnnounced(SQLModel, table=True):
    """What the cloud announces for `target` as of now.

    `may_take` says that it waits for nothing but a person's word, or that another try may help;
    `fetched_bytes` of `size_bytes` are here, as of `changed_at`. `cards` is 0 where the cloud does
    not tell, `about` what whoever published it says of it.
    """

    __tablename__ = "update_announced"

    target: str = Field(primary_key=True)
    version: str
    model_id: str
    size_bytes: int
    cards: int = 0
    about: str = ""
    built_at: datetime = Field(sa_type=UtcDateTime)
    is_rollback: bool = False
    may_take: bool = False
    fetched_bytes: int = 0
    changed_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class SyncAnswer(SQLModel, table=True):
    """The exchange obeyed the page's `command_id`, or says in `outcome` why it could not."""

    __tablename__ = "sync_answer"

    command_id: int = Field(primary_key=True)
    outcome: str
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
