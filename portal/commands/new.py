"""`portal new`: asks questions in plain words, and writes the answers as a content file.

Every answer can be given as an option, with the field's own name; then only required fields are
asked for. Existing things are offered by number, or found by a part of their name. A wrong answer
is explained at once and asked again; a wrong option is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import click

from portal import content
from portal.directory import Directory
from portal.directory.values import LONDON, WEEKDAYS, read_day, slugify
from portal.editing.drafts import Answer, Draft, WritingError, add, doubled_with, place_of
from portal.editing.schema import KINDS, fields_of, form_of
from portal.settings import load_settings

Known = Mapping[str, str]
_AT_ONCE = 15  # longer lists of choices are searched by a part of the name


@dataclass(frozen=True, slots=True)
class Ask:
    """One question. `known` gives the choices, as slug -> name, if the answer must be one of "
    "them."""

    field: str
    words: str
    needed: bool = False
    known: Callable[[Directory], Known] | None = None


def _centres(directory: Directory) -> Known:
    return {one.slug: one.title for one in directory.centres}


def _programmes(directory: Directory) -> Known:
    return {one.slug: one.title for one in directory.programmes}


def _districts(directory: Directory) -> Known:
    return {one.slug: one.title for one in directory.districts}


# `centre`, `name` and `text` are not fields: the folder, the file's name and its text.
QUESTIONS: Mapping[str, tuple[Ask, ...]] = {
    "centre": (
        Ask("title", "What is the centre called?", True),
        Ask("kind", "What kind of centre is it?", True),
        Ask("district", "Which district is it in?", True, _districts),
        Ask("town", "Which town or village is it in?"),
        Ask("address", "Which street and number?"),
        Ask("postcode", "What is its postcode?"),
        Ask("phone", "What is its phone number?"),
        Ask("email", "What is its email address?"),
        Ask("text", "What should families know about it? One or two sentences."),
    ),
    "programme": (
        Ask("title", "What is the programme called?", True),
        Ask("summary", "What is it, and who is it for? One sentence.", True),
        Ask("offer", "Which area of the offer does it belong to?", True),
        Ask("kind", "What kind of programme is it?", True),
        Ask("booking", "How do families get a place?", True),
        Ask(
            "sensitive",
            "Could it harm a family if others knew where and when it meets? yes or no.",
        ),
        Ask("ages", "For which ages? Like 0-6 months; several with a comma between."),
        Ask("places", "How many places does a group have?"),
        Ask("sessions", "How many sessions does a course have?"),
        Ask("text", "What happens there? One or two sentences."),
    ),
    "series": (
        Ask("centre", "Which centre runs it?", True, _centres),
        Ask("programme", "Which programme is it?", True, _programmes),
        Ask("day", "On which weekday does it meet?"),
        Ask("starts", "What is the first date? Like 2027-01-12.", True),
        Ask("time", "From when to when? Like 10:00-12:00.", True),
        Ask("repeats", "How often does it meet? Every week, if you leave it empty."),
        Ask(
            "sessions",
            "How many sessions does it have? Leave it empty for a group without a last date.",
        ),
        Ask(
            "until", "What is the last date? Leave it empty if you gave a number, or there is none."
        ),
        Ask("term_time_only", "Does it meet in term time only? yes or no."),
        Ask("places", "How many places are there? Leave it empty for the programme's number."),
        Ask("room", "In which room?"),
        Ask("text", "What should families know? One or two sentences."),
    ),
    "news": (
        Ask("title", "What is the heading?", True),
        Ask("summary", "What is it about? One sentence.", True),
        Ask("date", "Which day is it about? Today, if you leave it empty."),
        Ask("text", "What do you want to say?"),
    ),
    "board": (
        Ask("title", "What is the board or group called?", True),
        Ask("summary", "What is it for? One sentence.", True),
        Ask(
            "district", "Whose board is it? Leave it empty for the whole county.", False, _districts
        ),
        Ask("programme", "Which programme does it belong to?", False, _programmes),
        Ask("starts", "What is the day of its first meeting? Like 2027-01-12."),
        Ask("time", "From when to when does it meet? Like 17:30-19:00."),
        Ask("repeats", "How often does it meet? Every month, if you leave it empty."),
        Ask("where", "Where does it meet?"),
        Ask("join", "How does somebody join?", True),
        Ask("text", "What should people know about it? One or two sentences."),
    ),
}
_BESIDE = ("centre", "name", "text")
_PLACED = {"centre": "The centre's folder.", "name": "The name of the file.", "text": "The words."}


def command_for(kind: str) -> click.Command:
    """The command that writes a file of a kind, with an option for each of its fields."""
    model = next(one.model for one in KINDS if one.name == kind)
    beside = {name: _PLACED[name] for name in _BESIDE if name != "centre" or kind == "series"}
    fields = {name: info.description or "" for name, info in fields_of(model).items()}
    simple = {
        name: said for name, said in fields.items() if not form_of(fields_of(model)[name]).block
    }
    options = [
        click.Option([f"--{name.replace('_', '-')}", f"given_{name}"], help=said)
        for name, said in {**beside, **simple}.items()
    ]

    def run(**given: str | None) -> None:
        root: Path | None = click.get_current_context().obj
        said = {name.removeprefix("given_"): text for name, text in given.items()}
        _write(kind, root, {name: text for name, text in said.items() if text is not None})

    what = {"news": "a piece of news"}.get(kind, f"a {kind}")
    return click.Command(
        kind, params=list(options), callback=run, help=f"Write the file of {what}."
    )


def _write(kind: str, root: Path | None, given: Mapping[str, str]) -> None:
    settings = load_settings(root=root)
    today = datetime.now(LONDON).date()
    directory = content.load(settings.root, today=today)
    draft = Draft(kind, directory)
    beside: dict[str, str] = {}
    questions = QUESTIONS[kind]
    for ask in _in_order(questions, given):
        if ask.field in given:
            _take(draft, beside, ask, _meant(ask, given[ask.field], directory))
    silent = all(ask.field in given for ask in questions if ask.needed)
    if not silent:
        click.echo("Leave an answer empty if you do not know it. To change the last one: back")
        _ask_all([ask for ask in questions if ask.field not in given], draft, beside)
    _complete(draft, today)
    name = given.get("name") or _name(draft, silent)
    path = place_of(draft, name, beside.get("centre"))
    text = beside.get("text", "")
    try:
        add(settings.root, {path: draft.text(text)}, today=today)
    except content.ContentError as error:
        others = doubled_with(f"{beside.get('centre')}/{name}", error.problems)
        if silent or not others or not _all_meant(error):
            raise
        draft.answer("alongside", ", ".join([*_listed(draft.fields.get("alongside")), *others]))
        add(settings.root, {path: draft.text(text)}, today=today)
    click.echo(f"{path.as_posix()} is written and has no mistakes. To see it: portal preview")


def _all_meant(error: content.ContentError) -> bool:
    """Ask whether a group and those in its place at its time are all meant."""
    for problem in error.problems:
        click.echo(f"  {problem.words}")
    while True:
        click.echo("Are they all meant? yes or no")
        try:
            said = input("> ").strip().lower()
        except EOFError:
            click.echo()
            return False
        if said in ("yes", "no"):
            return said == "yes"


def _listed(value: Answer | None) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def _in_order(questions: Sequence[Ask], given: Mapping[str, str]) -> list[Ask]:
    """The fields with questions, in their order, then the others."""
    asked = [ask.field for ask in questions]
    rest = [Ask(name, "") for name in given if name not in asked and name != "name"]
    return [*questions, *rest]


def _applies(ask: Ask, draft: Draft) -> bool:
    """Whether a question still makes sense after what has been answered."""
    ends = ask.field in ("sessions", "until")
    if draft.kind_name == "series" and ends:
        return draft.fields.get("repeats") != "once" and "sessions" not in draft.fields
    return True


def _take(draft: Draft, beside: dict[str, str], ask: Ask, said: str) -> None:
    if ask.field in _BESIDE:
        beside[ask.field] = said
    else:
        try:
            draft.answer(ask.field, said)
        except WritingError as error:
            raise WritingError(f"--{ask.field.replace('_', '-')}: {error}") from error


def _ask_all(questions: Sequence[Ask], draft: Draft, beside: dict[str, str]) -> None:
    """Asks the questions in turn; 'back' drops the last answer and asks it again."""
    answered: list[int] = []
    number = 0
    while number < len(questions):
        ask = questions[number]
        if not _applies(ask, draft):
            number += 1
        elif _asked(draft, beside, ask):
            answered.append(number)
            number += 1
        elif answered:
            number = answered.pop()
            draft.fields.pop(questions[number].field, None)
            beside.pop(questions[number].field, None)


def _asked(draft: Draft, beside: dict[str, str], ask: Ask) -> bool:
    """Ask until the answer can be used; False for 'back'.

    The end of the input skips every question that is not required.
    """
    known = _offered(ask, draft)
    needed = ask.needed or _must_be_known(ask, draft)
    while True:
        said = _prompted(ask, known, needed)
        if said.lower() == "back":
            return False
        if said == "":
            if not needed:
                return True
            click.echo("  This needs an answer.")
            continue
        try:
            found = _chosen(said, known) if known else said
            if found is None:
                continue
            if ask.field in _BESIDE:
                beside[ask.field] = found
            else:
                draft.answer(ask.field, found)
            return True
        except WritingError as error:
            click.echo(f"  {error}")


def _must_be_known(ask: Ask, draft: Draft) -> bool:
    """Whether a number of places is required, so that the portal knows when a series is full."""
    if draft.kind_name != "series" or ask.field != "places":
        return False
    programme = draft.directory.programme(str(draft.fields["programme"]))
    return programme is not None and programme.booking == "book" and programme.places is None


def _prompted(ask: Ask, known: Known, needed: bool) -> str:
    click.echo(ask.words)
    if known and len(known) <= _AT_ONCE:
        _list(known)
        click.echo("Write a number or a name.")
    elif known:
        click.echo("Write a part of its name, or ? for all.")
    try:
        return input("> ").strip()
    except EOFError:
        click.echo()
        if needed:
            option = f"--{ask.field.replace('_', '-')}"
            raise WritingError(f"An answer is missing: {ask.words} Give it as {option}.") from None
        return ""


def _offered(ask: Ask, draft: Draft) -> Known:
    """The choices for a field: things in the directory, or the field's known words."""
    if ask.known:
        return ask.known(draft.directory)
    if ask.field in _BESIDE:
        return {}
    written = form_of(fields_of(draft.kind.model)[ask.field]).written
    return written.words if written else {}


def _chosen(said: str, known: Known) -> str | None:
    """The key chosen by a number, a key, a name or a part of a name; None to ask again."""
    keys = list(known)
    if said.isdecimal() and 1 <= int(said) <= len(keys):
        return keys[int(said) - 1]
    lowered = said.lower()
    for key, name in known.items():
        if lowered in (key.lower(), name.lower()):
            return key
    found = known if said == "?" else {k: n for k, n in known.items() if lowered in n.lower()}
    if len(found) == 1:
        return next(iter(found))
    if not found:
        raise WritingError(f"Nothing is called '{said}'. Write a part of a name, or ? for all.")
    _list(known, found)
    return None


def _list(known: Known, shown: Known | None = None) -> None:
    for number, (key, name) in enumerate(known.items(), 1):
        if shown is None or key in shown:
            more = f"  ({name})" if name != key else ""
            click.echo(f"  {number:3}  {key}{more}")


def _meant(ask: Ask, said: str, directory: Directory) -> str:
    """The value of an option, which must name one thing exactly."""
    if ask.known is None:
        return said
    known = ask.known(directory)
    found = _chosen(said, known) if said in known or said in known.values() else None
    if found is None:
        raise WritingError(f"--{ask.field}: '{said}' is not known. Known: {', '.join(known)}.")
    return found


def _complete(draft: Draft, today: date) -> None:
    """What follows from the answers."""
    fields = draft.fields
    if draft.kind_name in ("centre", "programme"):
        fields.setdefault("checked", today.isoformat())
    if draft.kind_name == "news":
        fields.setdefault("date", today.isoformat())
    if draft.kind_name in ("series", "board") and "starts" in fields and "day" not in fields:
        fields["day"] = WEEKDAYS[read_day(fields["starts"]).weekday()]


def _name(draft: Draft, silent: bool) -> str:
    """The file's name: suggested from the answers, or the editor's own."""
    if draft.kind_name == "series":
        starts = read_day(draft.fields["starts"])
        season = ("spring", "summer", "autumn")[(starts.month - 1) // 4]
        ends = {"sessions", "until"} & draft.fields.keys()
        when = f"{season}-{starts.year}" if ends else f"{WEEKDAYS[starts.weekday()]}s".lower()
        suggested = f"{draft.fields['programme']}-{when}"
    elif draft.kind_name == "board" and "district" in draft.fields:
        suggested = str(draft.fields["district"])
    else:
        suggested = slugify(str(draft.fields["title"]))
    if silent:
        return suggested
    while True:
        click.echo(f"What is the file to be called? Leave it empty for: {suggested}")
        try:
            said = input("> ").strip() or suggested
            place_of(draft, said, next(iter(_centres(draft.directory)), None))
            return said
        except EOFError:
            click.echo()
            return suggested
        except WritingError as error:
            click.echo(f"  {error}")
