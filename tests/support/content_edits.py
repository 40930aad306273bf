"""Random edits of a copy of the sample: fields, words, names, files, pictures. Each is seeded.

An edit may give content that has mistakes, as an editor's may: `random_edit` then takes it back and
tries another.
"""

import os
import re
import shutil

from PIL import Image

from portal import content
from portal.content import ContentError

SERIES = {
    "time": ("9:45-11:15", "13:00-14:30", "16:00-17:00"),
    "room": ("Hall", "Blue room", None),
    "cost": ("Free", "£2", None),
    "title": ("Play in the park", "Sing and play", None),
    "bring": ("A towel", None),
    "ages": ("0-2 years", "5-11 years", None),
    "language": ("ur", "pl", None),
    "quiet": ("yes", None),
    "dads": ("welcome", "only", None),
    "places": ("6", "14"),
    "send_to": ("25", None),
    "siblings": ("welcome", None),
    "siblings_note": ("Bring them", None),
    "except": ("[2026-12-07]", "[2026-12-01, 2027-01-11]", None),
    "withdrawn": ("Too few families came", None),
    "term_time_only": ("yes", "no"),
    "photo_alt": ("A hall", None),
    "updated": ("2026-11-20", None),
}
PROGRAMME = {
    "title": ("Play Sessions", "Messy Play", "Growing Together"),
    "summary": ("A group for you.", "Come and try it."),
    "ages": ("0-5 years", "8-12 years"),
    "cost": ("Free", "£1"),
    "offer": ("early-years", "families", "young-people"),
    "level": ("universal", "targeted"),
    "needs": ("[send]", "[not-using-services]", None),
    "expect": ("Songs, and then a story.", None),
    "first_time": ("Come a little early", None),
    "bring": ("A drink", None),
    "checked": ("2026-11-19",),
    "sample": ("[cost]", "[title, ages]", None),
    "booking": ("drop-in", "request", "book"),
}
CENTRE = {
    "title": ("Riverside Centre", "The Old School", "Mill House"),
    "phone": ("01632 960777", None),
    "address": ("9 Long Street", "1 Mill Lane"),
    "address_public": ("no", "yes"),
    "facilities": ("[step-free, wifi]", "[parking]", None),
    "transport": ("Bus 4 stops here.", None),
    "status": ("closed from 2026-12-10", "closed 2026-12-10 to 2027-02-01", None),
    "also": ("[The Tower]", None),
    "checked": ("2026-11-18",),
    "town": ("Preston", "Nelson"),
    "sample": ("[phone]", None),
    "location": ("53.7570, -2.7100", None),
}
SITE = {
    "phone": ("01632 960111", "01632 960100"),
    "name": ("Family Wellbeing", "Children and Family Wellbeing Service"),
    "quick_exit": ("https://www.bbc.co.uk/news", "https://www.bbc.co.uk/weather"),
    "demonstration": ("yes", "no"),
}
PAGE = {
    "title": ("About us", "Our work"),
    "summary": ("In short.", "All about it."),
    "order": ("3", "12"),
}
CHANGES = (
    "cancelled: Snow",
    "moved_to: {later} 14:05-15:20",
    "moved_to: {far} 9:00-10:00",
    "note: Bring a coat",
    "postponed: The worker is ill",
    "venue:\n      name: Town Hall\n      town: Preston",
)


class Edits:
    """A copy of the sample in `root`, and the random edits made there."""

    def __init__(self, root, random, day):
        self.root, self.random, self.day = root, random, day
        self.clock = 1_796_000_000  # each edit is later than the one before
        self.added = 0

    def random_edit(self):
        """Make one edit that leaves the content without mistakes, and describe it."""
        while True:
            kept = self.root.with_name("kept")
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(self.root, kept)
            kind = self.random.choice(KINDS)
            said = kind(self)
            try:
                if said:
                    content.load(self.root, today=self.day)
                    return f"{kind.__name__}: {said}"
            except ContentError:
                pass
            shutil.rmtree(self.root)
            kept.rename(self.root)

    def write(self, path, text):
        path.write_text(text, encoding="utf-8")
        self.touch(path)

    def touch(self, path):
        self.clock += 60
        os.utime(path, (self.clock, self.clock))

    def some(self, pattern):
        return self.random.choice(sorted(self.root.glob(pattern)))

    def series(self):
        found = sorted(self.root.glob("centres/*/*/*.md"))
        return self.random.choice(
            [one for one in found if one.name.count(".") == 1 and one.stem != "index"]
        )

    def centre(self):
        return self.some("centres/*/*/index.md")


def with_field(text, name, value):
    """A text with another value of a field, or without the field; lists below it go too."""
    text = re.sub(rf"^{name}:.*\n(?:(?: |- ).*\n)*", "", text, flags=re.M)
    if value is None:
        return text
    if text.startswith("---\n"):
        return text.replace("---\n", f"---\n{name}: {value}\n", 1)
    return f"{name}: {value}\n{text}"


def _field(edits, path, fields):
    name = edits.random.choice(sorted(fields))
    value = edits.random.choice(fields[name])
    before = path.read_text(encoding="utf-8")
    after = with_field(before, name, value)
    if after == before:
        return ""
    edits.write(path, after)
    return f"{path.name} {name}={value}"


def series_field(edits):
    return _field(edits, edits.series(), SERIES)


def programme_field(edits):
    return _field(edits, edits.some("programmes/*.md"), PROGRAMME)


def centre_field(edits):
    return _field(edits, edits.centre(), CENTRE)


def site_field(edits):
    return _field(edits, edits.root / "content/site.yaml", SITE)


def page_field(edits):
    return _field(edits, edits.some("content/pages/*.md"), PAGE)


def words(edits):
    """A sentence more in any text."""
    path = edits.some(
        edits.random.choice(("centres/*/*/*.md", "programmes/*.md", "content/[nphb]*/*.md"))
    )
    edits.write(
        path, f"{path.read_text(encoding='utf-8')}\nOne more sentence, number {edits.clock}.\n"
    )
    return path.name


def change(edits):
    """A date cancelled, moved, postponed or with a note."""
    path = edits.series()
    directory = content.load(edits.root, today=edits.day)
    series = next(
        one
        for one in (*directory.series, *directory.private_series)
        if one.source.endswith(path.relative_to(edits.root).as_posix())
    )
    coming = [one.planned for one in series.all_sessions if one.planned >= edits.day][:8]
    if not coming:
        return ""
    day = edits.random.choice(coming)
    kind = edits.random.choice(CHANGES).format(
        later=day.replace(day=min(28, day.day + 1)), far=coming[-1].replace(day=28)
    )
    text = path.read_text(encoding="utf-8")
    block = f"  - date: {day}\n    {kind}\n"
    if "\nchanges:\n" in text:
        text = text.replace("\nchanges:\n", f"\nchanges:\n{block}", 1)
    else:
        text = text.replace("---\n", f"---\nchanges:\n{block}", 1)
    edits.write(path, text)
    return f"{path.name} {day} {kind.split(':')[0]}"


def no_changes(edits):
    path = edits.series()
    text = path.read_text(encoding="utf-8")
    edits.write(path, with_field(text, "changes", None))
    return path.name if "changes:" in text else ""


def delete(edits):
    path = edits.series() if edits.random.random() < 0.7 else edits.some("content/[nbh]*/*.md")
    path.unlink()
    return path.name


def add_series(edits):
    path = edits.series()
    edits.added += 1
    fresh = edits.random.choice(sorted({one.parent for one in edits.root.glob("centres/*/*/*.md")}))
    fresh /= f"added-{edits.added}.md"
    text = re.sub(
        r"^(aliases|alongside|room):.*\n(?:[ -].*\n)*",
        "",
        path.read_text(encoding="utf-8"),
        flags=re.M,
    )
    edits.write(fresh, text)
    return f"{path.name} as {fresh.parent.name}/{fresh.name}"


def add_news(edits):
    edits.added += 1
    text = f"---\ntitle: News {edits.added}\nsummary: It is new.\ndate: {edits.day}\n---\n\nNew.\n"
    edits.write(edits.root / f"content/news/added-{edits.added}.md", text)
    return str(edits.added)


def rename_series(edits):
    path = edits.series()
    edits.added += 1
    text = path.read_text(encoding="utf-8")
    if "aliases:" in text or list(path.parent.glob(f"{path.stem}.*.md")):
        return ""
    fresh = path.with_name(f"renamed-{edits.added}.md")
    edits.write(path, with_field(text, "aliases", path.stem))
    path.rename(fresh)
    return f"{path.name} to {fresh.name}"


def rename_centre(edits):
    path = edits.centre()
    edits.added += 1
    old = path.parent.name
    text = path.read_text(encoding="utf-8")
    known = re.search(r"^aliases: \[?(.*?)\]?$", text, flags=re.M)
    aliases = f"[{known[1] + ', ' if known else ''}{old}]"
    edits.write(path, with_field(text, "aliases", aliases))
    path.parent.rename(path.parent.with_name(f"centre-{edits.added}"))
    return f"{old} to centre-{edits.added}"


def district(edits):
    path = edits.root / "content/footprints.yaml"
    text = path.read_text(encoding="utf-8")
    titles = re.findall(r"^ +(?:- )?title: (.*)$", text, flags=re.M)
    title = edits.random.choice(titles)
    other = title.removeprefix("Greater ") if title.startswith("Greater ") else f"Greater {title}"
    edits.write(path, text.replace(f"title: {title}\n", f"title: {other}\n", 1))
    return other


def closure(edits):
    path = edits.root / "content/terms.yaml"
    text = path.read_text(encoding="utf-8")
    day = f"2027-{edits.random.choice(('01', '02', '03'))}-{edits.random.randrange(10, 25)}"
    if "closures:\n" not in text:
        return ""
    edits.write(
        path, text.replace("closures:\n", f"closures:\n  - date: {day}\n    reason: Training\n", 1)
    )
    return day


def place(edits):
    path = edits.root / "content/places.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    at = edits.random.randrange(1, len(lines))
    parts = lines[at].split(",")
    if edits.random.random() < 0.3:
        del lines[at]
    else:
        parts[6] = str(edits.random.randrange(100, 90000))
        lines[at] = ",".join(parts)
    edits.write(path, "".join(lines))
    return parts[0]


def sensitive(edits):
    path = edits.some("programmes/*.md")
    text = path.read_text(encoding="utf-8")
    now = "sensitive: yes" in text
    text = with_field(with_field(text, "sensitive", None if now else "yes"), "booking", "request")
    edits.write(path, text)
    return f"{path.name} {not now}"


def picture(edits):
    path = edits.some("centres/*/*/front.png")
    colour = tuple(edits.random.randrange(256) for _ in range(3))
    Image.new("RGB", (600, 400), colour).save(path)
    edits.touch(path)
    return str(colour)


KINDS = (
    *(series_field,) * 8, *(change,) * 6, *(words,) * 4, *(programme_field,) * 4,
    *(centre_field,) * 4, site_field, page_field, no_changes, delete, *(add_series,) * 2, add_news,
    *(rename_series,) * 2, rename_centre, district, closure, place, sensitive, picture,
)  # fmt: skip
