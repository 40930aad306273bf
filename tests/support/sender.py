"""A worker that sends what is owed, as a process of its own: to be raced, and to be killed."""

from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from portal import database, messages
from portal.settings import load_settings
from tests.support import made, processes
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


def run(address: str, folder: Path, port: int, claimant: str, now: datetime, starter) -> None:
    """Say when everything is connected, wait for a word, send, and say how many were sent."""
    engine = database.connect(address)
    with database.read(engine):
        starter.send("ready")
    starter.recv()  # so that all start at once
    sent = send(
        engine,
        settings_for(folder, port),
        made.directory({"places": "500"}),
        now=now,
        claimant=claimant,
    )
    starter.send(sent.sent)


class Worker:
    """Such a process, as the test that started it holds it."""

    def __init__(self, address: str, folder: Path, port: int, claimant: str) -> None:
        self._pipe, other = processes.FORKED.Pipe()
        given = address, folder, port, claimant, made.NOW, other
        self.process = processes.FORKED.Process(target=run, args=given)
        self.process.start()
        other.close()  # so that its end is heard here
        assert self._pipe.poll(120)
        assert self._pipe.recv() == "ready"

    def go(self) -> None:
        self._pipe.send("go")

    def end(self) -> int | None:
        """How many it has sent; None if it was killed."""
        try:
            assert self._pipe.poll(120)
            sent = self._pipe.recv()
        except EOFError:
            sent = None
        self._pipe.close()
        self.process.join(60)
        return sent
