"""What things cost, and how much may be spent."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from vivavoce.settings.group import Group
from vivavoce.settings.profiles import is_name

MOST_USD = Decimal(1_000_000)

TARIFFS = (
    "input_usd",
    "cached_usd",
    "output_usd",
    "input_audio_usd",
    "cached_audio_usd",
    "output_audio_usd",
    "characters_usd",
    "minute_usd",
)


class PriceSettings(Group):
    """The price of a model, a guard or a speech engine: of what is used, or of the machine that it runs on."""

    machine_hour_usd: Decimal | None = Field(
        default=None,
        ge=0,
        le=MOST_USD,
        description="an hour of the machine of yours that it runs on; may be 0",
    )
    machine_sessions: int = Field(
        default=1,
        ge=1,
        le=10_000,
        description="sessions which that machine carries at once, and which share its hour",
    )
    input_usd: Decimal | None = Field(default=None, ge=0, le=MOST_USD, description="a million tokens read")
    cached_usd: Decimal | None = Field(
        default=None,
        ge=0,
        le=MOST_USD,
        description="a million tokens read from the cache; without it input_usd",
    )
    output_usd: Decimal | None = Field(
        default=None, ge=0, le=MOST_USD, description="a million tokens written"
    )
    input_audio_usd: Decimal | None = Field(
        default=None,
        ge=0,
        le=MOST_USD,
        description="a million tokens of sound, heard; speech-to-speech needs it",
    )
    cached_audio_usd: Decimal | None = Field(
        default=None,
        ge=0,
        le=MOST_USD,
        description="a million tokens of sound from the cache; without it input_audio_usd",
    )
    output_audio_usd: Decimal | None = Field(
        default=None,
        ge=0,
        le=MOST_USD,
        description="a million tokens of sound, spoken; speech-to-speech needs it",
    )
    characters_usd: Decimal | None = Field(
        default=None, ge=0, le=MOST_USD, description="a million characters spoken"
    )
    minute_usd: Decimal | None = Field(
        default=None, ge=0, le=MOST_USD, description="a minute of sound, heard or spoken"
    )

    @model_validator(mode="after")
    def _one_way(self) -> PriceSettings:
        tariff = any(getattr(self, name) is not None for name in TARIFFS)
        if tariff == (self.machine_hour_usd is not None):
            raise PydanticCustomError(
                "price",
                "give either machine_hour_usd, or the prices of what is used, such as input_usd and output_usd",
            )
        if (self.input_usd is None) != (self.output_usd is None):
            raise PydanticCustomError("price_tokens", "input_usd and output_usd belong together")
        if (self.input_audio_usd is None) != (self.output_audio_usd is None):
            raise PydanticCustomError(
                "price_audio_tokens", "input_audio_usd and output_audio_usd belong together"
            )
        return self


class MoneySettings(Group):
    """Prices and budgets, in US dollars."""

    machine_hour_usd: Decimal | None = Field(
        default=None,
        ge=0,
        le=MOST_USD,
        description="an hour of this machine, shared by the sessions in its slots; may be 0, but `serve` wants it said",
    )
    session_usd: Decimal = Field(
        default=Decimal(15),
        gt=0,
        le=MOST_USD,
        description="most that one session may spend; a study may set less",
    )
    study_usd: Decimal | None = Field(
        default=None,
        gt=0,
        le=MOST_USD,
        description="most that the sessions of one study may spend together; a study may set less; without it no limit",
    )
    prices: Mapping[str, PriceSettings] = Field(
        default={},
        description="your own prices, by the name of the model's or guard's profile, or of the speech engine",
    )

    def free_unless_said(self) -> MoneySettings:
        """With an hour of this machine at nothing, unless somebody has said what it costs."""
        if self.machine_hour_usd is not None:
            return self
        return self.model_copy(update={"machine_hour_usd": Decimal(0)})

    @field_validator("prices")
    @classmethod
    def _price_names(cls, value: Mapping[str, PriceSettings]) -> Mapping[str, PriceSettings]:
        for name in value:
            if not is_name(name):
                raise PydanticCustomError(
                    "price_name",
                    "a price goes by the name of a model profile, a guard profile or a speech engine, like my-model",
                )
        return value
