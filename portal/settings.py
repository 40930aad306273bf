"""Every setting once: its name in the environment, its type, its default and what it means.

A setting `horizon_weeks` is read from `PORTAL_HORIZON_WEEKS`. Wrong values are refused at start
with the setting, its value and the change to make; secrets are never printed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from portal import PortalError
from portal.fields import Email


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
    database_url: SecretStr | None = Field(
        None,
        description="sqlite:///path or postgresql://name:password@host/base; else var/portal.db.",
    )
    message_sender: Email | None = Field(
        None, description="The address that messages come from; else that of content/site.yaml."
    )
    message_retry_minutes: int = Field(
        5, ge=1, le=60, description="Minutes between tries of a message, from the third try on."
    )
    message_retry_hours: int = Field(
        4, ge=0, le=72, description="Hours after which a message that nobody takes has failed."
    )
    smtp_host: str | None = Field(None, description="The mail server that takes our email.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port.")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description="starttls: encrypted after the greeting (587); tls: from the start (465); "
        "none: not at all, for a server on the same machine.",
    )
    smtp_user: str | None = Field(None, description="The name to sign in with, where it asks.")
    smtp_password: SecretStr | None = Field(None, description="The password to sign in with.")
    smtp_certificates: Path | None = Field(
        None, description="A file of certificates to trust, for a mail server with its own."
    )
    smtp_timeout: float = Field(
        20, gt=0, le=120, description="Seconds to wait for each answer of the mail server."
    )
    notify_api_key: SecretStr | None = Field(None, description="The API key of GOV.UK Notify.")
    notify_base_url: str = Field(
        "https://api.notifications.service.gov.uk", description="Where GOV.UK Notify answers."
    )
    notify_email_template: str | None = Field(
        None, description="The id of its email template, with ((subject)) and ((body))."
    )
    notify_text_template: str | None = Field(
        None, description="The id of its text message template, with ((body))."
    )
    # After what they need: their checks look at the settings above.
    email_channel: Literal["folder", "email", "notify", "none"] = Field(
        "folder",
        description="How email goes out: folder writes files into var/outbox for trying things "
        "out, email is a mail server, notify is GOV.UK Notify, none sends no email.",
    )
    text_channel: Literal["folder", "notify", "none"] = Field(
        "folder", description="How text messages go out: folder, notify or none, as for email."
    )

    @property
    def database_address(self) -> str:
        """The address for `tables.connect`. It may hold a password: never log it."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.var / 'portal.db'}"

    @field_validator("email_channel", "text_channel")
    @classmethod
    def _channel(cls, value: str, info: ValidationInfo) -> str:
        way = "text" if info.field_name == "text_channel" else "email"
        needed = {"email": ["smtp_host"], "notify": ["notify_api_key", f"notify_{way}_template"]}
        for name in needed.get(value, []):
            if not info.data.get(name):
                raise ValueError(f"it needs PORTAL_{name.upper()} too")
        if value == "email" and info.data.get("smtp_password"):
            if not info.data.get("smtp_user"):
                raise ValueError("PORTAL_SMTP_PASSWORD needs PORTAL_SMTP_USER too")
            if info.data.get("smtp_tls") == "none":
                raise ValueError("a password must not travel in the open: set PORTAL_SMTP_TLS")
        return value

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
            value = "(hidden)" if _secret(name) else repr(problem["input"])
            words = problem["msg"].removeprefix("Value error, ").rstrip(".")
            lines.append(f"PORTAL_{name.upper()}={value}: {words}.")
        raise SettingsError("\n".join(lines)) from error


def _secret(name: str) -> bool:
    """Whether a setting must not be shown; one that we do not know is not shown either."""
    field = Settings.model_fields.get(name)
    return field is None or SecretStr in (field.annotation, *get_args(field.annotation))
