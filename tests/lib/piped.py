"""Settings of a pipeline beside a language model that is reached by HTTP, or without one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from pydantic import SecretStr

from vivavoce.settings import (
    LlmProfile,
    LlmSettings,
    MoneySettings,
    PipelineSettings,
    PriceSettings,
    Settings,
)

PROFILE = "big"


def pipeline_settings(
    data_dir: Path,
    models_dir: Path,
    *,
    url: str | None = None,
    model: str = "test-model",
    database_url: str | None = None,
) -> Settings:
    """The model, where there is a URL, has a price; machines have none, and nothing runs out."""
    return Settings(
        data_dir=data_dir,
        models_dir=models_dir,
        database_url=None if database_url is None else SecretStr(database_url),
        pipeline=PipelineSettings(model=None if url is None else PROFILE, poll_s=0.5, retention="off"),
        llm=LlmSettings(
            profiles={} if url is None else {PROFILE: LlmProfile(base_url=url, model=model)},
        ),
        money=MoneySettings(
            machine_hour_usd=Decimal(0),
            prices={}
            if url is None
            else {PROFILE: PriceSettings(input_usd=Decimal(2), output_usd=Decimal(10))},
        ),
    )
