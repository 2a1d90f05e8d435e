"""The words that all messages of the protocol share: what a text, a time and an id may be.

Part of the protocol, see `sync/protocol.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

LONGEST = 400
MOST_REASONS = 50
_LAST_YEAR = 2999

Id = Annotated[int, Field(ge=1, lt=2**63)]
Position = Annotated[int, Field(ge=0, lt=2**63)]
Amount = Annotated[int, Field(ge=0, le=10**12)]
"""Minor units: more than any card costs, and all the cards of a shop still add up in 64 bits."""

Chance = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(max_length=LONGEST)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Reasons = Annotated[list[Text], Field(max_length=MOST_REASONS)]


def _kept_time(value: datetime) -> datetime:
    """A time without a zone is UTC; turning the first or last years into another has no answer."""
    if not 1970 <= value.year <= _LAST_YEAR:
        raise ValueError(f"a time must lie between 1970 and {_LAST_YEAR}")
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


UtcTime = Annotated[datetime, AfterValidator(_kept_time)]
AlertKey = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
LogName = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
FinishWord = Literal["normal", "holo", "reverse", "foil", "unknown"]
ConditionWord = Literal["", "NM", "LP", "MP", "HP", "DMG"]
DecisionWord = Literal["accepted", "review", "unknown"]


class Message(BaseModel):
    """What all messages and their parts have in common."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)
