"""The settings of price sources: the table `[sources]` of `cloud.toml`."""

from __future__ import annotations

from pydantic import Field, field_validator

from scanner.config_machine import Section

NAMES = ("tcgcsv", "scryfall", "cardmarket", "pokemontcg", "tcgplayer", "ebay")
"""The sources, in the order of use."""

MOST_COST = 1_000_000


class SourcesSettings(Section):
    """Which sources are asked, and with which keys."""

    collect: bool = Field(False, description="Whether `cloud serve` collects prices.")
    only: str = Field(
        "", description="Names of the sources to ask, with commas; empty: all that can be."
    )
    contact: str = Field(
        "", max_length=200, pattern=r"^[\x20-\x7e]*$",
        description="E-mail or web address that sources are told, so that they can complain.",
    )  # fmt: skip
    mirror: str = Field(
        "", description="Address that stands in for all sources, for a proxy; their names follow."
    )
    pokemontcg_key: str = Field("", repr=False, description="Key of pokemontcg.io, if any.")
    tcgplayer_public_key: str = Field("", repr=False, description="The shop's key of TCGplayer.")
    tcgplayer_private_key: str = Field("", repr=False, description="And its secret.")
    ebay_client_id: str = Field("", repr=False, description="The shop's application at eBay.")
    ebay_client_secret: str = Field("", repr=False, description="And its secret.")
    ebay_marketplace: str = Field(
        "EBAY_US", pattern="^EBAY_[A-Z]{2,5}$", description="Where listings are looked for."
    )
    ebay_currency: str = Field("USD", pattern="^[A-Z]{3}$", description="And in which currency.")
    tcgcsv_cost_per_1000: float = Field(
        0.0, ge=0, le=MOST_COST,
        description="What a thousand requests to TCGCSV cost the shop, in `cost_currency`.",
    )  # fmt: skip
    scryfall_cost_per_1000: float = Field(
        0.0, ge=0, le=MOST_COST, description="The same of Scryfall."
    )
    cardmarket_cost_per_1000: float = Field(
        0.0, ge=0, le=MOST_COST, description="The same of Cardmarket."
    )
    pokemontcg_cost_per_1000: float = Field(
        0.0, ge=0, le=MOST_COST, description="The same of pokemontcg.io."
    )
    tcgplayer_cost_per_1000: float = Field(
        0.0, ge=0, le=MOST_COST, description="The same of TCGplayer."
    )
    ebay_cost_per_1000: float = Field(0.0, ge=0, le=MOST_COST, description="The same of eBay.")
    cost_currency: str = Field("EUR", pattern="^[A-Z]{3}$", description="The currency of costs.")

    @field_validator("only")
    @classmethod
    def _names_sources(cls, value: str) -> str:
        for name in _split(value):
            if name not in NAMES:
                raise ValueError(f"there is no source {name!r}; there are {', '.join(NAMES)}")
        return value

    @field_validator("mirror")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with https:// or http://")
        return value.rstrip("/")

    @property
    def wanted(self) -> tuple[str, ...]:
        """The sources that the shop wants asked, in the order of use."""
        chosen = _split(self.only)
        return tuple(name for name in NAMES if not chosen or name in chosen)

    def costs_micro(self) -> dict[str, int]:
        """What one request costs, in millionths of `cost_currency`, by source."""
        return {name: round(getattr(self, f"{name}_cost_per_1000") * 1000) for name in NAMES}


def _split(names: str) -> list[str]:
    return [name.strip().lower() for name in names.split(",") if name.strip()]
