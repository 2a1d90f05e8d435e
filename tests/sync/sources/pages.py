"""What a source has given, as tests look at it."""

from __future__ import annotations

from sync.cloud.sources.records import Page, PriceSource, Want, Why


def pages_of(source: PriceSource, want: Want) -> list[Page]:
    return list(source.collect(want))


def prices_of(pages: list[Page]) -> dict[tuple[str, str, str], int]:
    return {(p.card.card_id, p.finish, p.currency): p.amount_minor
            for page in pages for p in page.prices}  # fmt: skip


def reasons(pages: list[Page]) -> dict[str, Why]:
    return {left.their_id: left.why for page in pages for left in page.left_out}
