"""Every setting once: its name in the environment, its type, its default and what it means.

A setting `horizon_weeks` is read from `PORTAL_HORIZON_WEEKS`. Wrong values are refused at start
with the setting, its value and the change to make; secrets are never printed.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from portal import private_files
from portal.directory.fields import Email
from portal.errors import PortalError
from portal.private_files import Secret, every_secret

SHORTEST_SECRET = 32
OLD_SECRETS = "secrets.old"  # in var/

Role = Literal["web", "post", "build"]
ROLES: tuple[Role, ...] = get_args(Role)


class SettingsError(PortalError):
    """One or more settings cannot be used; the message names each, and the change to make."""


class Settings(BaseSettings):
    """The settings of the portal. Read once, at the start of a command or server, and passed "
    "down."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", frozen=True, extra="ignore")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's own names
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Files of settings are not read, and looking for them took half the time."""
        return init_settings, env_settings

    root: Path = Field(
        Path(), description="The folder that holds content/, centres/ and programmes/."
    )
    out: Path = Field(Path("build"), description="The folder of the frozen site.")
    var: Path = Field(
        Path("var"), description="The folder for the portal's own data, such as its database."
    )
    base_address: str | None = Field(
        None,
        description="The address of the public site; by default base_address in content/site.yaml.",
    )
    horizon_weeks: int = Field(
        26, ge=1, le=104, description="How many weeks ahead ongoing groups are shown."
    )
    content_commit: bool = Field(
        False,
        description="Whether a change that staff publish in a browser is committed in git with "
        "their name, where the content is a git checkout.",
    )
    leaflets: bool = Field(
        True,
        description="Whether leaflets are made as PDF too, where the extra 'pdf' is installed.",
    )
    host: str = Field("127.0.0.1", description="The address that `portal serve` listens on.")
    port: int = Field(8000, ge=1, le=65535, description="The port that `portal serve` listens on.")
    workers: int = Field(
        1, ge=1, le=64, description="Server processes of `portal serve`; best one per core."
    )
    roles: Annotated[tuple[Role, ...], NoDecode] = Field(
        ROLES,
        description="What this machine does, with commas: web answers pages, post sends messages "
        "and makes offers, build builds the site and publishes it. One machine has all three.",
    )
    trusted_hosts: tuple[str, ...] = Field(
        (), description="Host names to answer, as a JSON list; if empty, all are answered."
    )
    proxies: int = Field(
        0,
        ge=0,
        le=5,
        description="How many proxies of your own stand in front: so many forwarded addresses are "
        "believed. 0 believes none.",
    )
    connections_per_network: int = Field(
        200,
        ge=0,
        description="Connections that one network may have open to each process of `portal serve`; "
        "where it opens more, the one that has waited longest is closed. 0 sets no limit.",
    )
    secret_key: SecretStr | None = Field(
        None,
        description=(
            "Signs form tokens, 32 characters or more; by default one is made and kept in var/."
        ),
    )
    old_secret_keys: tuple[SecretStr, ...] = Field(
        (),
        description='Earlier values of PORTAL_SECRET_KEY, as ["one", "another"], newest first: '
        "links and phones that were made with them still work.",
    )
    database_url: SecretStr | None = Field(
        None,
        description=(
            "sqlite:///path or postgresql://name:password@host/base; by default var/portal.db."
        ),
    )
    database_pooled: bool = Field(
        False,
        description="Whether PORTAL_DATABASE_URL leads to a pooler in transaction mode, such as "
        "PgBouncer, and not straight to PostgreSQL.",
    )
    bookings_per_address: int = Field(
        60,
        ge=0,
        description="Bookings an hour from one network address, which a whole library may share; "
        "0 sets no limit.",
    )
    bookings_per_contact: int = Field(
        10, ge=0, description="Bookings an hour for one email or phone; 0 sets no limit."
    )
    bookings_per_series: int = Field(
        3000, ge=0, description="Bookings an hour of one series or programme; 0 sets no limit."
    )
    answers_per_address: int = Field(
        35,
        ge=0,
        description="Answers a day to one consultation from one network address, which a school "
        "class may share; 0 sets no limit.",
    )
    keep_days: int = Field(
        30,
        ge=1,
        le=366,
        description="Days after the last session until names and contacts of bookings are deleted.",
    )
    keep_needs_days: int = Field(
        7,
        ge=0,
        le=366,
        description="Days after the last session until what families said they need is deleted.",
    )
    triage_days: int = Field(
        3,
        ge=1,
        le=60,
        description="Working days after a request for support until we have read it. The family's "
        "page promises that day.",
    )
    contact_days: int = Field(
        10,
        ge=1,
        le=60,
        description="Working days after a request for support until a worker has spoken with the "
        "family. The family's page promises that day.",
    )
    keep_case_days: int = Field(
        30,
        ge=1,
        le=366,
        description="Days after the work on a request has ended until the family's details are "
        "deleted.",
    )
    content_review: Annotated[tuple[Literal["editor", "worker", "manager"], ...], NoDecode] = Field(
        (),
        description="The roles of staff whose changes to the content a manager looks at before "
        "they are published, with commas: editor, worker, manager. By default none. A date that "
        "is cancelled or moved by itself does not wait for this.",
    )
    oidc_client_id: str | None = Field(
        None, description="The portal's client id at the council's sign-in."
    )
    oidc_client_secret: SecretStr | None = Field(
        None, description="The portal's client secret at the council's sign-in."
    )
    # After what it needs.
    oidc_issuer: str | None = Field(
        None,
        description="The issuer of the council's sign-in for staff (OpenID Connect), as it is "
        "written in its ID tokens; else staff have passwords alone. It must send `email` and "
        "`email_verified`. The redirect to register is /staff/council/back. Needs the extra "
        "'oidc'.",
    )
    message_sender: Email | None = Field(
        None,
        description="The address that messages come from; by default the one in content/site.yaml.",
    )
    message_retry_minutes: int = Field(
        5,
        ge=1,
        le=60,
        description="Minutes between attempts to send a message, from the third attempt on.",
    )
    message_retry_hours: int = Field(
        4,
        ge=0,
        le=72,
        description="Hours after which a message that could not be sent counts as failed.",
    )
    week_hour: int = Field(
        8,
        ge=-1,
        le=23,
        description="The hour from which each centre is sent its week on Mondays, or on the next "
        "working day after a bank holiday; -1 sends none.",
    )
    smtp_host: str | None = Field(
        None, description="The mail server that sends the portal's email."
    )
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port.")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description="starttls: encrypted after the greeting (587); tls: from the start (465); "
        "none: not at all, for a server on the same machine.",
    )
    smtp_user: str | None = Field(
        None, description="The user name for the mail server, if it needs one."
    )
    smtp_password: SecretStr | None = Field(None, description="The password for the mail server.")
    smtp_certificates: Path | None = Field(
        None,
        description="A file of certificates to trust, for a mail server with a private authority.",
    )
    smtp_timeout: float = Field(
        20,
        gt=0,
        le=120,
        description="Seconds to wait for each reply of the mail server; all the replies about one "
        "message have three times as long.",
    )
    notify_api_key: SecretStr | None = Field(None, description="The API key of GOV.UK Notify.")
    notify_base_url: str = Field(
        "https://api.notifications.service.gov.uk", description="The address of GOV.UK Notify."
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
        "out, email is a mail server, notify is GOV.UK Notify, none sends no email. Families can "
        "choose email unless it is none, or folder while text messages really go out.",
    )
    text_channel: Literal["folder", "notify", "none"] = Field(
        "folder",
        description="How text messages go out: folder, notify or none, as for email. Families can "
        "choose them unless it is none, or folder while email really goes out.",
    )

    @property
    def ways(self) -> frozenset[str]:
        """The ways of contact that families can choose: those by which a message reaches them.

        Files in var/outbox count only during trials, when no other channel sends.
        """
        chosen = {"email": self.email_channel, "text": self.text_channel}
        real = {way for way, channel in chosen.items() if channel not in ("folder", "none")}
        return frozenset(real or {way for way, channel in chosen.items() if channel == "folder"})

    @property
    def periods(self) -> dict[str, int]:
        """How many days data is kept, by the placeholders that a page of text can have."""
        return {
            "keep_days": self.keep_days,
            "keep_needs_days": self.keep_needs_days,
            "keep_case_days": self.keep_case_days,
        }

    @property
    def postcodes(self) -> Path:
        """The exact postcodes for the finder, where `portal postcodes import` has made them."""
        return self.var / "postcodes.bin"

    @property
    def postcode_districts(self) -> Path:
        """The postcodes by district, for counting who can reach a session; made beside them."""
        return self.var / "postcode-districts.bin"

    @property
    def has_database(self) -> bool:
        """Whether there is a database: one that is set, or a file in var/."""
        return self.database_url is not None or self._database_file.is_file()

    @property
    def _database_file(self) -> Path:
        return self.var / "portal.db"

    @property
    def database_address(self) -> str:
        """The address for `database.connect`. It may hold a password: never log it."""
        if self.database_url is not None:
            address = self.database_url.get_secret_value()
            if self.database_pooled and address.startswith("postgres"):
                address += "&pooled=yes" if "?" in address else "?pooled=yes"
            return address
        return f"sqlite:///{self._database_file}"

    @property
    def secret(self) -> Secret:
        """What links and form tokens are made with. It outlives a restart (S22): never log it.

        Links and phones that were made with an earlier one still work. Raises SettingsError where
        it cannot be kept or is not what we wrote.
        """
        current = self.secret_key.get_secret_value() if self.secret_key else self._kept_secret()
        given = [one.get_secret_value() for one in self.old_secret_keys]
        return Secret.of(current, [*given, *_old_secrets(self.var / OLD_SECRETS)])

    def change_secret(self) -> None:
        """Make a new secret in var/, and keep the present one for what was made with it.

        Raises SettingsError where the secret is not kept there.
        """
        if self.secret_key is not None:
            raise SettingsError(
                "PORTAL_SECRET_KEY is set, and this command cannot change it. Stop the portal on "
                "every machine, put the present value into PORTAL_OLD_SECRET_KEYS as a list, like "
                '["the present value"], set PORTAL_SECRET_KEY to 48 other random characters, and '
                "start it again."
            )
        secret = self.secret
        old = "".join(f"{one}\n" for one in every_secret(secret))
        try:
            # The old ones first: whenever this is interrupted, nothing that was made is lost.
            private_files.write_file(self.var / OLD_SECRETS, old.encode())
            private_files.write_file(self.var / "secret", secrets.token_urlsafe(48).encode())
        except OSError as error:
            raise SettingsError(
                f"The secret cannot be written in {self.var}: {error.strerror}. It is unchanged."
            ) from error

    def _kept_secret(self) -> str:
        """The secret in var/, made where there is none."""
        path = self.var / "secret"
        try:
            with suppress(FileNotFoundError):
                private_files.close_to_others(path)
                return _read_secret(path)
            private_files.make_folder(self.var)
            fresh = path.with_name(f"secret.{os.getpid()}-{secrets.token_hex(4)}")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
            try:
                with suppress(FileExistsError):  # another process was first: its secret counts
                    path.hardlink_to(fresh)
            finally:
                fresh.unlink()
            return _read_secret(path)
        except OSError as error:
            raise SettingsError(
                f"The secret cannot be kept in {path}: {error.strerror}. "
                "Set PORTAL_SECRET_KEY, or let PORTAL_VAR name a folder that can be written."
            ) from error

    @field_validator("roles", mode="before")
    @classmethod
    def _roles(cls, value: object) -> object:
        if isinstance(value, str):
            value = tuple(role.strip() for role in value.split(",") if role.strip())
        if not value:
            raise ValueError(f"name one or more of {', '.join(ROLES)}")
        return value

    @field_validator("content_review", mode="before")
    @classmethod
    def _content_review(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(role.strip() for role in value.split(",") if role.strip())
        return value

    @field_validator("secret_key")
    @classmethod
    def _secret_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(f"it needs {SHORTEST_SECRET} characters or more")
        return value

    @field_validator("old_secret_keys")
    @classmethod
    def _old_secret_keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(one.get_secret_value()) < SHORTEST_SECRET for one in value):
            raise ValueError(f"each needs {SHORTEST_SECRET} characters or more")
        return value

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

    @field_validator("oidc_issuer")
    @classmethod
    def _oidc_issuer(cls, value: str | None, info: ValidationInfo) -> str | None:
        here = ("http://127.0.0.1:", "http://localhost:")
        if value is not None and not value.startswith(("https://", *here)):
            raise ValueError("start it with https://")
        for name in ("oidc_client_id", "oidc_client_secret") if value else ():
            if not info.data.get(name):
                raise ValueError(f"it needs PORTAL_{name.upper()} too")
        return value

    @field_validator("base_address")
    @classmethod
    def _base_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("start it with https://")
        return value.rstrip("/") if value else None


def _old_secrets(path: Path) -> list[str]:
    """The secrets before the one in var/, newest first; they are never made, only kept."""
    with suppress(FileNotFoundError, NotADirectoryError):
        private_files.close_to_others(path)
        return path.read_text("utf-8").split()
    return []


def _read_secret(path: Path) -> str:
    text = path.read_text("utf-8").strip()
    if len(text) < SHORTEST_SECRET:
        raise SettingsError(
            f"{path} is too short for a secret. Put back the one from your backup, or delete "
            "the file: a new one is then made, and links that families already have stop "
            "working."
        )
    return text


def load_settings(**given: Any) -> Settings:
    """The settings of the environment, with those `given` by hand before them.

    Raises SettingsError, with one line for each setting that cannot be used.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False):
            name = str(problem["loc"][0]) if problem["loc"] else "?"
            value = "(hidden)" if _secret(name) else repr(problem["input"])
            words = problem["msg"].removeprefix("Value error, ").rstrip(".")
            lines.append(f"PORTAL_{name.upper()}={value}: {words}.{_small_letters(problem)}")
        raise SettingsError("\n".join(lines)) from error


def _small_letters(problem: ErrorDetails) -> str:
    """A hint where a known word is written with capitals; otherwise nothing."""
    word = str(problem["input"]).strip().lower()
    if problem["type"] == "literal_error" and f"'{word}'" in problem["ctx"]["expected"]:
        return f" Write it in small letters: {word}."
    return ""


def _secret(name: str) -> bool:
    """Whether a setting must not be shown. Unknown settings are not shown either."""
    field = Settings.model_fields.get(name)
    return field is None or SecretStr in (field.annotation, *get_args(field.annotation))
