"""Sends letters through a mail server (SMTP), encrypted unless it is on the same machine.

What it hides: the message as the standard library writes it (nothing is assembled by hand, so no
name and no subject can add a header), and which refusals of a mail server are worth another
attempt. Only a refusal of the family's address or of the message itself is permanent; a wrong
password or a refused sender is ours to fix, and the letter waits meanwhile.

The time-out of the library is for each piece of a reply, so a server that sends a byte now and then
would hold the worker for ever: the connection is cut when a whole delivery has had its time.

A second attempt after a crash sends the same Message-ID: mail systems show such a pair once, and a
family that sees it twice comes to no harm.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache, lru_cache
from types import TracebackType
from typing import Any

from portal.directory import Site
from portal.messages.channels.base import Letter, Undelivered, one_address
from portal.settings import Settings, SettingsError

# A whole delivery has the time of so many replies. Even at the longest setting, it is over before
# another worker would take the letter over.
_REPLIES = 3


class _Headers(HeaderRegistry):
    """The headers of the library, which parses most of them again for each part of each letter.

    Those of MIME are the same in all letters and hold nothing of a family, so they are kept.
    """

    def __init__(self) -> None:
        super().__init__()
        self._type_of = cache(super().__getitem__)
        self._known = lru_cache(maxsize=64)(super().__call__)

    def __getitem__(self, name: str) -> Any:
        return self._type_of(name.lower())

    def __call__(self, name: str, value: Any) -> Any:
        kept = name.lower().startswith(("content-", "mime-version"))
        return self._known(name, value) if kept else super().__call__(name, value)


_POLICY = SMTP.clone(header_factory=_Headers())


class Email:
    """The mail server of the settings."""

    def __init__(self, settings: Settings, site: Site) -> None:
        self.settings = settings
        self.site = site
        self.sender = settings.message_sender or site.email
        if self.sender is None:
            raise SettingsError(
                "PORTAL_MESSAGE_SENDER is not set, and content/site.yaml has no email. "
                "Set one: messages need an address that they come from."
            )

    def send(self, letter: Letter) -> str:
        message = compose(letter, self.settings, self.site)
        try:
            with _Deadline(_REPLIES * self.settings.smtp_timeout) as deadline:
                server = self._connection(deadline)
                try:
                    server.send_message(
                        message, from_addr=self.sender, to_addrs=[one_address(letter)]
                    )
                    # The server has accepted it: an error while closing must not cause a resend.
                    with suppress(OSError):
                        server.quit()
                finally:
                    server.close()
        except smtplib.SMTPResponseException as error:
            # The server's own text may hold the address, which must not be logged: leave it out.
            raise _refused(error) from error
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            words = f"The mail server does not take the family's address ({code})."
            raise Undelivered(words, permanent=500 <= code < 600) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Undelivered(
                "The mail server does not offer what the settings ask for: "
                "look at PORTAL_SMTP_TLS and PORTAL_SMTP_USER."
            ) from error
        except ssl.SSLCertVerificationError as error:
            raise Undelivered(
                f"The mail server's certificate is not trusted: {error.verify_message}."
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            raise Undelivered(
                f"The mail server cannot be reached ({type(error).__name__})."
            ) from error
        return str(message["Message-ID"])

    def sent_before(self, _letter: Letter) -> None:
        """A mail server cannot be asked."""
        return None

    def _connection(self, deadline: _Deadline) -> smtplib.SMTP:
        settings = self.settings
        host, port, wait = settings.smtp_host or "", settings.smtp_port, settings.smtp_timeout
        # Give our own host name: the library would look one up, which may be slow.
        name = self.site.domain
        server: smtplib.SMTP
        if settings.smtp_tls == "none":
            server = _Plain(deadline, host, port, name, timeout=wait)
        else:
            trusted = settings.smtp_certificates
            context = ssl.create_default_context(cafile=str(trusted) if trusted else None)
            if settings.smtp_tls == "tls":
                server = _Encrypted(deadline, host, port, name, timeout=wait, context=context)
            else:
                server = _Plain(deadline, host, port, name, timeout=wait)
        try:
            if settings.smtp_tls == "starttls":
                server.starttls(context=context)
            if settings.smtp_user:
                password = settings.smtp_password
                server.login(settings.smtp_user, password.get_secret_value() if password else "")
        except BaseException:
            server.close()
            raise
        return server


class _Deadline:
    """Cuts a connection when this many seconds are over."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._wire: socket.socket | None = None
        self.over = False

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self._timer.join()
        if self._wire is not None:
            self._wire.close()

    def watch(self, connected: socket.socket) -> None:
        """Cut this connection in time."""
        # A copy, because encryption takes the socket away from its first object.
        self._wire = connected.dup()
        if self.over:
            self._cut()

    def _cut(self) -> None:
        self.over = True
        if self._wire is not None:
            with suppress(OSError):
                self._wire.shutdown(socket.SHUT_RDWR)


class _Timed(smtplib.SMTP):
    """A connection to a mail server, with a deadline for all that is said on it."""

    deadline: _Deadline

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        self.deadline.watch(connected)
        return connected

    def getreply(self) -> tuple[int, bytes]:
        reply = super().getreply()
        if self.deadline.over:  # the library takes a reply that was cut off for a whole one
            self.close()
            raise TimeoutError
        return reply


class _Plain(_Timed):
    def __init__(self, deadline: _Deadline, *given: Any, **named: Any) -> None:
        self.deadline = deadline
        super().__init__(*given, **named)


class _Encrypted(smtplib.SMTP_SSL, _Timed):
    """Encrypted from the start: the library connects as `_Timed` does, and then encrypts."""

    def __init__(self, deadline: _Deadline, *given: Any, **named: Any) -> None:
        self.deadline = deadline
        super().__init__(*given, **named)


def compose(letter: Letter, settings: Settings, site: Site) -> EmailMessage:
    """The letter as a message of the standard library, which protects the headers."""
    message = EmailMessage(policy=_POLICY)
    sender = settings.message_sender or site.email or f"no-reply@{site.domain}"
    # The sender is the same for every message: a different one would reveal the sensitive ones.
    message["From"] = Address(site.name, addr_spec=sender)
    message["To"] = Address(addr_spec=one_address(letter))
    if site.email and site.email != sender:
        message["Reply-To"] = Address(site.name, addr_spec=site.email)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.written)
    message["Message-ID"] = f"<{letter.reference}@{site.domain}>"
    # So that "I am on holiday" does not come back (RFC 3834; the second one is Outlook's).
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(letter.plain, cte="quoted-printable")
    if letter.html:
        message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    for attachment in letter.attachments:
        message.add_attachment(
            attachment.content,
            maintype="text",
            subtype="calendar",
            filename=attachment.name,
            params={"charset": "utf-8", "method": attachment.method},
        )
    # Last, because each of these calls removes such headers or moves them to a part.
    message["Content-Language"] = "en"
    return message


def _refused(error: smtplib.SMTPResponseException) -> Undelivered:
    code = error.smtp_code
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Undelivered(f"The mail server does not let us sign in ({code}).")
    if isinstance(error, smtplib.SMTPSenderRefused):
        return Undelivered(
            f"The mail server does not take our sender's address ({code}): "
            "look at PORTAL_MESSAGE_SENDER."
        )
    if isinstance(error, smtplib.SMTPDataError):
        words = f"The mail server does not take the message ({code})."
        return Undelivered(words, permanent=500 <= code < 600)
    return Undelivered(f"The mail server answers {code}.")
