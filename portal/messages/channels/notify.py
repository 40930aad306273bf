"""Sends letters through GOV.UK Notify, with its own client library (the extra `notify`).

Notify needs two templates: one for email with ((subject)) and ((body)), one for text messages with
((body)). It accepts no calendar files; the family's page offers the calendar instead. Notify
delivers what it has accepted in its own time.

Notify stores our reference, and is asked for it before anything is sent a second time: so a crash
or a lost answer does not cause a second text message.

Errors are distinguished by their status, as its documentation asks, because messages may change.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

from portal.directory import Site
from portal.messages.channels.base import Letter, Undelivered, one_address
from portal.settings import Settings, SettingsError

_WORDS = {
    403: "GOV.UK Notify does not know our key (look at PORTAL_NOTIFY_API_KEY), "
    "or our clock is wrong.",
    429: "GOV.UK Notify has had enough messages from us for now.",
}


class Notify:
    """The account of the settings at GOV.UK Notify."""

    def __init__(self, settings: Settings, _site: Site) -> None:
        # Imported by name, so that type checking is the same with and without the extra.
        try:
            library = import_module("notifications_python_client.notifications")
            errors = import_module("notifications_python_client.errors")
        except ImportError as error:
            raise SettingsError(
                "GOV.UK Notify needs its client library: pip install 'portal[notify]'."
            ) from error
        if settings.notify_api_key is None:
            raise SettingsError("PORTAL_NOTIFY_API_KEY is not set, and GOV.UK Notify needs it.")
        # The library logs whole errors, which may hold an address; Undelivered says what matters.
        logging.getLogger("notifications_python_client").setLevel(logging.CRITICAL)
        self.settings = settings
        self._error: type[Exception] = errors.APIError
        self._client: Any = library.NotificationsAPIClient(
            settings.notify_api_key.get_secret_value(),
            base_url=settings.notify_base_url,
            timeout=20,
        )

    def send(self, letter: Letter) -> str:
        to = one_address(letter)
        if letter.way == "text":
            return self._ask(
                self._client.send_sms_notification,
                phone_number=to,
                template_id=self.settings.notify_text_template,
                personalisation={"body": letter.plain},
                reference=letter.reference,
            )
        return self._ask(
            self._client.send_email_notification,
            email_address=to,
            template_id=self.settings.notify_email_template,
            personalisation={"subject": letter.subject, "body": letter.plain},
            reference=letter.reference,
        )

    def sent_before(self, letter: Letter) -> str | None:
        """The receipt of the letter with this reference, if Notify has one."""
        found = self._call(self._client.get_all_notifications, reference=letter.reference)
        for one in found.get("notifications", ()):
            # A technical failure at Notify is worth sending again.
            if one.get("status") != "technical-failure":
                return str(one["id"])
        return None

    def _ask(self, verb: Any, **given: Any) -> str:
        return str(self._call(verb, **given)["id"])

    def _call(self, verb: Any, **given: Any) -> dict[str, Any]:
        try:
            answer = verb(**given)
        except self._error as error:
            status = getattr(error, "status_code", 503)
            words = _WORDS.get(status, f"GOV.UK Notify answers {status}.")
            if status == 400:
                words = f"GOV.UK Notify does not take the message: {_said(error)}."
            raise Undelivered(words, permanent=status == 400) from error
        return answer if isinstance(answer, dict) else {}


def _said(error: Exception) -> str:
    """The kinds of error in an answer of Notify, without its text, which may hold an address."""
    found = getattr(error, "message", None)
    kinds = [str(one.get("error", "")) for one in found] if isinstance(found, list) else []
    return ", ".join(kind for kind in kinds if kind) or "bad request"
