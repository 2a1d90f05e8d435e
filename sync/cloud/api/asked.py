"""What all that is asked has in common, bodies and queries alike."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

AnyCurrency = Annotated[str, StringConstraints(pattern="^([A-Z]{3})?$")]
"""Three capital letters, or nothing."""


class Asked(BaseModel):
    """A field that nobody knows is refused, and so is a text that no database can hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _texts_are_texts(cls, value: Any) -> Any:
        for name, text in value.items() if isinstance(value, dict) else ():
            if isinstance(text, str) and not is_text(text):
                raise ValueError(f"“{name[:60]}” holds a character that is none.")
        return value


def is_text(text: str) -> bool:
    """Whether a database can hold it: without the null character and halves of characters."""
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
