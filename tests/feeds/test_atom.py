"""The feed of news and notices."""

from datetime import date
from xml.etree import ElementTree

from portal import content
from portal.feeds import atom

ATOM = "{http://www.w3.org/2005/Atom}"


def feed(directory):
    return ElementTree.fromstring(atom.files(directory)["/feed.atom"]())


def said(entry, name):
    return entry.findtext(f"{ATOM}{name}")


def test_all_news_is_in_it_newest_first(directory):
    """Each piece of news is an entry with its words, its page, and what it says."""
    news = {f"{directory.site.base_address}{one.path}": one for one in directory.news}
    entries = feed(directory).findall(f"{ATOM}entry")
    found = {one.find(f"{ATOM}link").get("href"): one for one in entries}

    assert news
    assert news.keys() <= found.keys()
    for address, one in news.items():
        assert said(found[address], "title") == one.title
        assert said(found[address], "summary") == one.summary
        assert 'href="/' not in (said(found[address], "content") or "")
    published = [said(one, "published") for one in entries]
    assert published == sorted(published, reverse=True)


def test_what_atom_asks_for_is_there(directory):
    """The feed and each entry have an id, a title and a time of change (RFC 4287, 4.1)."""
    root = feed(directory)
    entries = root.findall(f"{ATOM}entry")

    for one in (root, *entries):
        assert said(one, "id").startswith(f"tag:{directory.site.domain},")
        assert said(one, "title")
        assert said(one, "updated").endswith("Z")
    assert len({said(one, "id") for one in entries}) == len(entries)
    assert said(root, "updated") == max(said(one, "updated") for one in entries)
    assert root.find(f"{ATOM}author/{ATOM}name").text == directory.site.name
    links = {one.get("rel"): one.get("href") for one in root.findall(f"{ATOM}link")}
    assert links["self"] == f"{directory.site.base_address}/feed.atom"


def test_a_notice_is_news_while_it_shows(sample_root):
    """A centre's notice is in the feed on the days on which its page shows it."""
    shown = {}
    for day in (date(2026, 9, 1), date(2026, 11, 23), date(2027, 8, 1)):
        directory = content.load(sample_root, today=day)
        texts = {
            one.notice.text for one in directory.centres if one.notice and one.notice.shows_on(day)
        }
        summaries = {said(one, "summary") for one in feed(directory).findall(f"{ATOM}entry")}
        shown[day] = texts

        assert texts <= summaries
    assert any(shown.values())


def test_the_same_content_gives_the_same_bytes(directory):
    """Nothing is taken from a clock."""
    first, second = (atom.files(directory)["/feed.atom"]() for _ in range(2))

    assert first == second
