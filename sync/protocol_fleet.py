"""The part of the protocol about packs, models and commands. See `sync.protocol`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from scanner.catalog.manifest import is_name
from sync.protocol import ROOT, part
from sync.protocol_words import Message, Name, Position, Text, UtcTime

MOST_RELEASE_BYTES = 16 * 1024**3
MOST_ANSWERS = 50
MOST_LINES = 5000
LONGEST_LINE = 2000

# Down: packs and models, to all devices.


def _is_safe(name: str) -> str:
    """It becomes a folder's name before anything of the file is known to be signed."""
    if not is_name(name):
        raise ValueError("this can't be the name of a game or a version")
    return name


FolderName = Annotated[Name, AfterValidator(_is_safe)]


class Release(Message):
    """A file to fetch: packs of one game, or models. Retained; nothing, retained, withdraws it.

    The file is a tar of the signed folder. `created_at` is when that was built: a device goes back
    to something older only with `rollback`.
    """

    channel: Name
    version: FolderName
    created_at: UtcTime
    model_id: Text = Field(description="The embedder that the packs are read with.")
    size_bytes: Annotated[int, Field(ge=1, le=MOST_RELEASE_BYTES)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    url: Annotated[str, Field(pattern="^https?://", max_length=2000)]
    rollback: bool = False
    about: Text = Field("", description="What is new in it, for people.")


class PackRelease(Release):
    """The pack of one game that devices on a channel are to use. Retained."""

    game: FolderName
    cards: Position = Field(0, description="How many printings are in it; 0 where nobody counted.")


class ModelsRelease(Release):
    """The models that devices on a channel are to use. Retained."""


# Down and up: commands to one device, and what became of them.

Argument = dict[Annotated[str, Field(max_length=40)], Annotated[int, Field(ge=0, lt=2**31)] | Text]
CommandKind = Literal["start", "pause", "update", "send_logs"]


class DeviceCommand(Message):
    """Asks one device for something. Done at most once, and only where the shop allows it.

    `argument` is for `start`: name, expected_cards, mode.
    """

    id: Annotated[str, Field(pattern="^[A-Za-z0-9-]{8,64}$")]
    kind: CommandKind
    argument: Annotated[Argument, Field(max_length=8)] = Field(default_factory=dict)
    issued_by: Text = ""
    issued_at: UtcTime
    expires_at: UtcTime


class CommandAnswer(Message):
    """What became of one command."""

    id: Name
    outcome: Literal["done", "refused", "failed"]
    detail: Text = ""
    at: UtcTime


class CommandAnswers(Message):
    """The device's last answers, newest first. Retained."""

    answers: list[CommandAnswer] = Field(max_length=MOST_ANSWERS)


class LogLines(Message):
    """The last lines of a device's own log, secrets blotted out, as `command` asked. Compressed."""

    command: Name
    at: UtcTime
    lines: list[Annotated[str, Field(max_length=LONGEST_LINE)]] = Field(max_length=MOST_LINES)


class UpdateTold(Message):
    """How the update of one thing stands: `pack/GAME`, or `models`."""

    target: Text
    version: Text
    kind: Text
    detail: Text = ""
    at: UtcTime


class Holdings(Message):
    """What a device uses: a version for each game, its models, how its updates stand. Retained."""

    at: UtcTime
    packs: dict[Name, Text]
    models: Text = Field(description="The version; empty for those that came with the program.")
    model_id: Text = ""
    updates: list[UpdateTold] = Field(max_length=1000)


FLEET_UP: dict[str, type[Holdings | CommandAnswers | LogLines]] = {
    "holdings": Holdings,
    "answers": CommandAnswers,
    "log": LogLines,
}
"""What else a device sends, by the last level of the topic."""


def pack_release_topic(game: str, channel: str) -> str:
    """The topic of one game's packs on one channel; `+` stands for any game."""
    return f"{ROOT}/pack/{'+' if game == '+' else part(game)}/{part(channel)}"


def models_release_topic(channel: str) -> str:
    """The topic of the models on one channel."""
    return f"{ROOT}/models/{part(channel)}"
