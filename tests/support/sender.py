"""A worker that sends what is owed, as a process of its own: to be raced, and to be killed.

python -m tests.support.sender DATABASE FOLDER PORT CLAIMANT NOW
"""

import sys
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from portal import database, messages
from portal.settings import load_settings
from tests.support import made
from tests.support.paths import ROOT

SECRET = "a secret of thirty-two characters"


def settings_for(folder: Path, port: int, **given):
    """A mail server on this machine, and patience for a test."""
    return load_settings(
        **{
            "root": ROOT,
            "var": folder,
            "email_channel": "email",
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_tls": "none",
            "smtp_timeout": 10,
            "message_sender": "families@families.example",
        }
        | given
    )


def send(engine, settings, directory, *, now, claimant, **given) -> messages.Sent:
    return messages.send_due(
        engine,
        directory,
        settings.model_copy(update={"secret_key": SecretStr(SECRET)}),
        now=now,
        claimant=claimant,
        **given,
    )


def main() -> None:
    address, folder, port, claimant, now = sys.argv[1:]
    engine = database.connect(address)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()  # so that all start at once
    sent = send(
        engine,
        settings_for(Path(folder), int(port)),
        made.directory({"places": "500"}),
        now=datetime.fromisoformat(now),
        claimant=claimant,
    )
    sys.stdout.write(f"{sent.sent} {sent.put_off}\n")


if __name__ == "__main__":
    main()
