"""What may be said of a card, as types that a request's fields are checked against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from scanner.card_words import CONDITIONS, FINISHES, LANGUAGES


def one_of(table: Mapping[str, str]) -> AfterValidator:
    """Let an empty word pass, or one of the table."""

    def check(word: str) -> str:
        if word and word not in table:
            raise ValueError(f"“{word[:30]}” is none of {', '.join(table)}.")
        return word

    return AfterValidator(check)


Finish = Annotated[str, one_of(FINISHES), Field(description=", ".join(FINISHES))]
Condition = Annotated[str, one_of(CONDITIONS), Field(description=", ".join(CONDITIONS))]
Language = Annotated[str, one_of(LANGUAGES), Field(description=", ".join(LANGUAGES))]
