"""Says the facts of the files in English, and the state of a series at a moment.

This is written from the rules of the pages ("10am to midday", "Book a place by 4 January"), not
from the portal's code.
"""

import re
from datetime import date, datetime, time, timedelta

from tests.comparison.files import DAY, WEEK, rule_of

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
WAYS = {
    "book": "Book a place",
    "drop-in": "Drop in",
    "request": "Ask for a place",
    "referral": "Through a professional",
}


def short(day, year=None):
    """'4 January'; with the year if it is not `year`."""
    words = f"{day.day} {MONTHS[day.month - 1]}"
    return words if year == day.year or year is None else f"{words} {day.year}"


def long(day, year=True):
    words = f"{WEEKDAYS[day.weekday()]} {short(day)}"
    return f"{words} {day.year}" if year else words


def clock(at):
    if (at.hour, at.minute) == (12, 0):
        return "midday"
    minutes = f":{at.minute:02}" if at.minute else ""
    return f"{at.hour % 12 or 12}{minutes}{'am' if at.hour < 12 else 'pm'}"


def times(session):
    return f"{clock(session.starts)} to {clock(session.ends)}"


def usual(series):
    """A session whose time and place are those of the series, for lists."""
    return series.sessions[0] if series.repeats == "once" else _Usual(series)


class _Usual:
    def __init__(self, series):
        first, last = series.fields["time"].split("-")
        self.starts, self.ends = (datetime.strptime(one.strip(), "%H:%M") for one in (first, last))
        self.venue = series.venue


def pattern(series):
    first = series.sessions[0].planned
    weekday = WEEKDAYS[first.weekday()]
    nth = ["First", "Second", "Third", "Fourth"][min((first.day - 1) // 7, 3)]
    return {
        "once": long(series.sessions[0].day),
        "daily": "Weekdays",
        "weekly": f"{weekday}s",
        "fortnightly": f"Every second {weekday}",
        "monthly": f"{nth} {weekday} of the month",
    }[series.repeats]


def ages(series):
    said = [_range(text) for text in series.ages]
    words = ", ".join(said) or "all ages"
    if said and said[0][0].isdigit():
        words = f"Ages {' and '.join(said)}"
    send = f" (up to {series.send_to} with SEND)" if series.send_to else ""
    return words[0].upper() + words[1:] + send


DADS = {
    "welcome": "Dads and partners are welcome.",
    "only": "Only for dads and other male carers.",
    "no": "Only for women.",
}
SIBLINGS = {
    "welcome": "Brothers and sisters are welcome.",
    "ask": "Ask us if brothers and sisters can come.",
    "no": "Brothers and sisters cannot come.",
}


def visit(series):
    """Each line about a first visit, by its label, with what it must say."""
    here = series.centre if series.venue.centre == series.centre["slug"] else {}
    for label, said in (
        ("What happens", series.value("expect")),
        ("First time", series.value("first_time")),
        ("Who meets you", series.value("who_meets_you")),
        ("Who can come", DADS.get(series.value("dads"))),
        ("Who can come", SIBLINGS.get(series.value("siblings"))),
        ("Getting here", series.fields.get("transport") or here.get("transport")),
    ):
        if said:
            yield label, f"{said.rstrip('.')}."


def welcome(series):
    """What the finder is told: 1 for dads, 2 for quiet, 4 for brothers and sisters, 8 for a creche,
    together."""
    dads = series.value("dads") in ("welcome", "only")
    quiet, siblings = series.value("quiet") == "yes", series.value("siblings") == "welcome"
    creche = series.value("creche") == "yes" or bool(series.value("creche_places"))
    return dads + 2 * quiet + 4 * siblings + 8 * creche


def _range(text):
    if text == "pregnancy":
        return text
    text = text.replace(" weeks-", " weeks to ").replace(" months-", " months to ")
    more = " and over" if "+" in text else ""
    text = text.replace("+", "").replace("-", " to ")
    return (f"birth{text[1:]}" if text.startswith("0 ") else text) + more


def span(series):
    """'6 sessions, from 12 January to 16 February 2027'."""
    held = sorted(series.held or series.sessions, key=lambda one: one.starts)
    if series.ongoing or series.repeats == "once":
        return ""
    first, last = held[0].day, held[-1].day
    year = f" {first.year}" if first.year != last.year else ""
    dates = f"from {short(first)}{year} to {short(last)} {last.year}"
    if first == last:
        dates = f"on {short(first)} {first.year}"
    if series.number < 2:
        return dates[0].upper() + dates[1:]
    off = sum(bool(one.cancelled) for one in series.sessions if one not in held)
    later = sum(bool(one.postponed) for one in series.sessions if one not in held)
    said = f"{off} cancelled, " if off else ""
    said += f"{later} postponed, " if later else ""
    return f"{series.number} sessions, {said}{dates}"


def not_on(series, today, until=None, now=datetime.min):
    """'Not on 7 December and 14 December': cancelled dates and dates of the rule without a session.

    Up to the day of a leaflet, else for eight weeks, which are named if the series goes on.
    """
    coming = [one for one in series.coming(today) if one.ends > now]
    final = max((one.planned for one in series.sessions), default=today)
    if (end := ends_with_centre(series)) and until is None:
        until = final
    last = min(one for one in (until, end, final if until else today + 8 * WEEK) if one)
    off = {one.day for one in coming if one.cancelled and one.day <= last}
    rule = rule_of(series.fields, min(last, final))
    off |= {day for day in rule if day >= today} - {one.planned for one in series.sessions}
    off -= (on := {one.day for one in coming if not one.cancelled})
    said, run = [], []
    for day in [*sorted(off | on), None]:
        if day in off:
            run.append(short(day, today.year))
            continue
        said += [f"{run[0]} to {run[-1]}"] if len(run) > 3 else run
        run = []
    lead = "Not on" if until or final <= last else "In the next 8 weeks not on"
    joined = " and ".join(filter(None, [", ".join(said[:-1]), *said[-1:]]))
    return f"{lead} {joined}" if said else ""


def ends_with_centre(series):
    """The last day held, if the centre then closes for good; else None."""
    status = re.fullmatch(r"closed from (\S+)", series.centre.get("status", "open"))
    first = date.fromisoformat(status[1]) if status else date.max
    held = [one.day for one in series.sessions if not one.off]
    after = any(one.day >= first for one in series.sessions)
    return max(held) if after and held and max(held) < first else None


def changed(session, today):
    """'12 January: moved to Wednesday 13 January, 1pm to 3pm'; '' if it is as planned."""
    said, year = [], today.year
    if session.postponed:
        return f"{short(session.planned, year)}: postponed, with no new date yet"
    if session.moved and session.series.repeats == "once":
        hours = times(_Usual(session.series))
        said.append(f"moved from {short(session.planned, year)}, {hours}")
    elif session.moved:
        day = long(session.day, session.day.year != year)
        said.append(
            f"moved to {f'{day}, ' if session.day != session.planned else ''}{times(session)}"
        )
    if session.elsewhere:
        said.append(session.venue.at)
    changes = ". ".join(filter(None, [", ".join(said), session.note]))
    return f"{short(session.planned, year)}: {changes}" if changes else ""


# --- the state ------------------------------------------------------------------------------------


def place_for(series):
    """Who comes on one place, where pages say how many are left."""
    if series.value("place_for", "family") == "person":
        return "Each person needs a place."
    return "One place is for the whole family."


def state(series, session, now):
    """The kind of state that `portal.directory.state` says: open, not yet, postponed..."""
    dates = [session] if session else series.sessions
    held = [one for one in dates if not one.off]
    if series.fields.get("withdrawn"):
        return "cancelled"
    on = any(one.ends > now for one in held)
    if not on and any(one.postponed and one.over > now for one in dates):
        return "postponed"
    if not dates or max(one.ends for one in dates) <= now:
        return "past"
    if not held or max(one.ends for one in held) <= now:
        return "cancelled"
    if series.way == "drop-in":
        return "drop-in"
    if series.opens and now < series.opens:
        return "not yet"
    if max(one.starts for one in held) <= now:
        return "started"
    if series.closes and series.closes <= now:
        endless = session is None and series.ongoing
        return "closed" if endless or min(one.starts for one in held) > now else "started"
    return "open" if series.way == "book" else series.way


def state_words(series, session, now):
    kind = state(series, session, now)
    if kind == "not yet":
        verb = {"request": "Ask", "referral": "Professionals ask"}.get(series.way, "Book")
        return f"{verb} from {_moment(series.opens)}"
    closed = "Requests have closed" if series.way == "request" else "Booking has closed"
    fixed = {"closed": closed, "started": "Started: ask us", "past": "Over"}
    return (fixed | {"cancelled": "Cancelled", "postponed": "Postponed"}).get(kind) or WAYS[
        series.way
    ]


def ends(series, session, now):
    """The moment at which the state of `now` ends; None if it does not."""
    dates = [session] if session else series.sessions
    moments = {series.opens, series.closes}
    if session or not series.ongoing:
        moments |= {at for one in dates for at in (one.starts, one.ends, one.over)}
    was = state(series, session, now)
    later = sorted(at for at in moments if at and at > now)
    return next((at for at in later if state(series, session, at) != was), None)


def dated(series, session, now):
    """The words of the state, with its end where it is open: for paper and foreign pages."""
    said, end = state_words(series, session, now), ends(series, session, now)
    if end and state(series, session, now) in ("open", "request"):
        return f"{said} by {_moment(end, last=True)}"
    return said


def on_page(series, session, now):
    """The words of a row: dated if the state ends on the day itself."""
    end = ends(series, session, now)
    today = end is not None and end.date() == now.date()
    return (dated if today else state_words)(series, session, now)


def joinable_on(series, day):
    """Whether a family can book, ask or come at some moment of a day."""
    at = datetime.combine(day, time())
    while at and at.date() == day:
        if state(series, None, at) in ("open", "request", "drop-in"):
            return True
        at = ends(series, None, at)
    return False


def _moment(at, *, last=False):
    if at.time() == time():
        return short(at.date() - (DAY if last else timedelta()))
    return f"{short(at)}, {clock(at)}"


def whole_moment(at):
    return f"{clock(at)} on {long(at)}"


def end_words(at):
    return f"the end of {long(at - DAY)}" if at.time() == time() else whole_moment(at)


def months(series):
    """The first and the end of each range of ages, in months: pregnancy is -9 to 0."""
    return [month for text in series.ages for month in _months(text)]


def _months(text):
    if text == "pregnancy":
        return [-9, 0]
    found = re.fullmatch(r"(\d+) ?(\w+)?-(\d+)\+? (\w+)", text)
    low, unit, high, last = found.groups()
    end = _in_months(int(high) + 1, last)
    return [_in_months(int(low), unit or last), max(end, 26 * 12) if "+" in text else end]


def _in_months(number, unit):
    return number * 12 // {"w": 52, "m": 12, "y": 1}[unit[0]]
