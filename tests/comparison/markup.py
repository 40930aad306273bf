"""Takes pages apart by their markup: fast, because thousands of rows are read."""

import re
from datetime import datetime
from html import unescape
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
LATER = re.compile(r"<(span|p)\b[^>]* hidden>.*?</\1>", re.S)
SERIES = re.compile(r'href="(?:https?://[^/"]+)?(/sessions/[^/"]+/[^/"]+/)"')


def visible(html):
    """What is shown on the day without scripts: the states that come later are left out."""
    return LATER.sub("", html)


def text(html):
    """The words, with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split()).replace(" .", ".")


def main_of(html):
    return html.partition("<h1")[2].partition("</main>")[0]


def rows(html, tag="li"):
    """Each row that leads to one series, with the address of its page."""
    for row in re.findall(rf"<{tag}[ >].*?</{tag}>", html, re.S):
        if found := SERIES.search(row):
            yield found[1], row


def local(iso):
    """A moment with its offset, as the time in London."""
    return datetime.fromisoformat(iso).astimezone(LONDON).replace(tzinfo=None)


def line(html, label):
    """The words of a line about a first visit."""
    found = re.search(rf"<b>{label}:</b>(.*?)</li>", html, re.S)
    return text(found[1]) if found else ""


def fact(html, name):
    """The words beside the name of a fact."""
    found = re.search(rf"<dt>{name}</dt><dd>(.*?)</dd>", html, re.S)
    return text(visible(found[1])) if found else ""
