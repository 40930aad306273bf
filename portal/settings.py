"""Every setting once: its name in the environment, its type, its default and what it means.

A setting `horizon_weeks` is read from `PORTAL_HORIZON_WEEKS`. Wrong values are refused at start
with the setting, its value and the change to make; secrets are never printed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from portal import PortalError


class SettingsError(PortalError):
    """One or more settings cannot be used; the message names each, and the change to make."""


class Settings(BaseSettings):
    """What whoever runs the portal may set. Read once, at a door, and handed down."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", frozen=True, extra="ignore")

    root: Path = Field(
        Path(), description="The folder that holds content/, centres/ and programmes/."
    )
    out: Path = Field(Path("build"), description="The folder of the frozen site.")
    var: Path = Field(Path("var"), description="The folder for what the portal keeps: database...")
    base_address: str | None = Field(
        None, description="Where the public site stands; else base_address of content/site.yaml."
    )
    horizon_weeks: int = Field(
        26, ge=1, le=104, description="How many weeks ahead ongoing groups are shown."
    )
    host: str = Field("127.0.0.1", description="The address that `portal serve` listens on.")
    port: int = Field(8000, ge=1, le=65535, description="The port that `portal serve` listens on.")
    workers: int = Field(1, ge=1, le=64, description="Server processes of `portal serve`.")
    trusted_hosts: tuple[str, ...] = Field(
        (), description="Host names that are answered, as a JSON list; empty answers every name."
    )
    secret_key: SecretStr | None = Field(
        None, description="Signs form tokens, 32 characters or more; else one is kept in var/."
    )

    @field_validator("base_address")
    @classmethod
    def _base_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("start it with https://")
        return value.rstrip("/") if value else None


def load_settings(**given: Any) -> Settings:
    """The settings of the environment, with those `given` by hand before them.

    Raises SettingsError, with one line for each setting that cannot be used.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False, include_context=False):
            name = str(problem["loc"][0]) if problem["loc"] else "?"
            secret = "secret" in name or "url" in name
            value = "(hidden)" if secret else repr(problem["input"])
            words = problem["msg"].removeprefix("Value error, ")
            lines.append(f"PORTAL_{name.upper()}={value}: {words}.")
        raise SettingsError("\n".join(lines)) from error
