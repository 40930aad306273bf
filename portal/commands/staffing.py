"""The actions behind the commands `portal staff …`, each returning lines to print.

They are for the person who runs the portal: they make the first administrator, and let somebody
back in when no administrator can. Passwords never pass through here: a link is printed which works
once, and with which the person sets a password.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property

from sqlalchemy import Engine

from portal import content, database
from portal.database import journal
from portal.database.journal import Journal
from portal.directory import Directory
from portal.directory.values import LONDON, clock_words, day_words, near
from portal.settings import Settings
from portal.staff import accounts, local_pass
from portal.staff.accounts import Account, AccountError


class Staffing:
    """The accounts of one portal, at one moment."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self._settings = settings
        self._now = now

    def close(self) -> None:
        """Close the connections to the database, if there are any."""
        if "_engine" in self.__dict__:
            self._engine.dispose()

    def add(
        self,
        name: str,
        title: str,
        role: str,
        centres: Iterable[str],
        footprint: str | None,
        panels: Sequence[str] = (),
    ) -> Iterator[str]:
        """A new account, and its invitation."""
        centres = tuple(centres)
        self._look_up(centres, footprint)
        self._look_up_panels(panels)
        address = self._address
        _, token = accounts.add(
            self._engine,
            name=name,
            title=title,
            role=role,
            centres=centres,
            footprint=footprint,
            panels=panels,
            now=self._now,
        )
        yield f"{accounts.tidy_name(name)} now has an account."
        yield from self._invitation(address, token)

    def change(
        self,
        name: str,
        title: str | None,
        role: str | None,
        centres: Iterable[str],
        footprint: str | None,
        panels: Sequence[str] | None = None,
    ) -> Iterator[str]:
        """Changes name, role, places of work or panels; what is not given stays.

        A centre or a footprint that is given takes the place of all places of before, and a panel
        the place of all panels; None leaves the panels.
        """
        found, centres = self._found(name), tuple(centres)
        moved = bool(centres or footprint)
        self._look_up(centres, footprint)
        self._look_up_panels(panels or ())
        accounts.change(
            self._engine,
            found.staff.id,
            title=title or found.staff.title,
            role=role or found.staff.role,
            centres=centres if moved else found.staff.centres,
            footprint=footprint if moved else found.staff.footprint,
            panels=found.staff.panels if panels is None else panels,
            now=self._now,
        )
        self._follow()
        changed = self._found(name)
        yield f"{changed.staff.name} is {_place(changed)} now."

    def reset(self, name: str) -> Iterator[str]:
        """Starts again with a new invitation: for a lost phone, or a password that others "
        "may know."""
        found, address = self._found(name), self._address
        token = accounts.reset(self._engine, found.staff.id, now=self._now)
        self._follow()
        yield f"{found.staff.name} is signed out everywhere. The password and phone no longer work."
        yield from self._invitation(address, token)

    def remove(self, name: str) -> Iterator[str]:
        """Remove an account."""
        found = self._found(name)
        accounts.remove(self._engine, found.staff.id, now=self._now)
        self._follow()
        yield f"{found.staff.name} is signed out everywhere and can no longer sign in."

    def listed(self) -> Iterator[str]:
        """All accounts, one per line."""
        everyone = accounts.everyone(self._engine)
        for one in everyone:
            yield f"{one.staff.name}  {one.staff.title}, {_place(one)}: {self._state(one)}"
        if not everyone:
            yield "There are no accounts yet. Add the first administrator: portal staff add --help"

    @cached_property
    def _engine(self) -> Engine:
        engine = database.connect(self._settings.database_address)
        database.migrate(engine)
        return engine

    @cached_property
    def _directory(self) -> Directory:
        return content.load(self._settings.root, today=self._now.astimezone(LONDON).date())

    def _follow(self) -> None:
        """Note beside the database what no backup may undo."""
        Journal(self._settings.var / journal.FILE).follow(self._engine, now=self._now)

    def _found(self, name: str) -> Account:
        found = accounts.find(self._engine, name)
        if found is None or found.removed:
            names = [one.staff.name for one in accounts.everyone(self._engine) if not one.removed]
            raise AccountError(f"There is no account '{name}'.{near(name, names)}")
        return found

    def _look_up(self, centres: Iterable[str], footprint: str | None) -> None:
        """Refuse centres and footprints that are not in the content."""
        for slug in centres:
            if self._directory.centre(slug) is None:
                known = [one.slug for one in self._directory.centres]
                raise AccountError(f"There is no centre '{slug}'.{near(slug, known)}")
        areas = [one.slug for one in self._directory.footprints] if footprint else []
        if footprint and footprint not in areas:
            raise AccountError(f"There is no footprint '{footprint}'.{near(footprint, areas)}")

    def _look_up_panels(self, panels: Iterable[str]) -> None:
        """Refuse districts that have no Resource Panel in the content."""
        for slug in panels:
            district = self._directory.district(slug)
            if district is None:
                known = [one.slug for one in self._directory.districts]
                raise AccountError(f"There is no district '{slug}'.{near(slug, known)}")
            if district.panel is None:
                raise AccountError(
                    f"{district.title} has no Resource Panel. Write `panel:` under its district in "
                    "content/footprints.yaml first."
                )

    @property
    def _address(self) -> str:
        """The address of the portal. Content may hold it, and mistakes there raise ContentError.

        So it is asked for before an account is changed: no account is shut without a new link.
        """
        site = self._settings.base_address
        if site is None:
            site = self._directory.site.booking_address or self._directory.site.base_address
        return site.rstrip("/")

    def _invitation(self, address: str, token: str) -> Iterator[str]:
        hours = int(accounts.INVITED_FOR.total_seconds() // 3600)
        yield f"Send this link in a safe way. It works once, for {hours} hours:"
        yield f"  {address}/staff/welcome/{token}"
        if self._settings.base_address is None and not local_pass.is_served(self._settings):
            yield "To try it on this machine, while `portal serve` is running:"
            yield f"  {local_pass.link(self._settings, token)}"

    def here(self) -> Iterator[str]:
        """The link with which a browser on this machine can sign in over plain http.

        Raises AccountError where it would open nothing.
        """
        if local_pass.is_served(self._settings):
            raise AccountError(
                "PORTAL_PROXIES or PORTAL_TRUSTED_HOSTS is set, so staff sign in by https alone. "
                f"Open {self._settings.base_address or 'https://your-address'}/staff/ instead."
            )
        yield "Open this link on this machine, while `portal serve` is running. Show it to nobody:"
        yield f"  {local_pass.link(self._settings)}"

    def _state(self, one: Account) -> str:
        state = one.state(self._now)
        if state == "removed" and one.removed:
            return f"removed on {_moment(one.removed)}"
        if state == "invited" and one.invited_until:
            return f"invited, until {_moment(one.invited_until)}"
        if state == "expired":
            return "the invitation has expired: reset makes a new one"
        return f"signed in on {_moment(one.seen)}" if one.seen else "ready"


def _place(one: Account) -> str:
    staff, sits = one.staff, ", ".join(sorted(one.staff.panels))
    if staff.role == "panel":
        return f"panel member of {sits}"
    place: str = staff.role
    if staff.centres:
        place = f"{staff.role} at {', '.join(sorted(staff.centres))}"
    elif staff.footprint:
        place = f"{staff.role} of {staff.footprint}"
    return f"{place}, on the panel of {sits}" if sits else place


def _moment(moment: datetime) -> str:
    local = moment.astimezone(LONDON)
    return f"{day_words(local.date())}, {clock_words(local.time())}"
