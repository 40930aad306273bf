"""The sources for the rivals hold all that the portal's pages say."""

import html
import json
import re

import lxml.html
import pytest

from benchmarks import rivals, synthetic
from portal import content

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sources(site, county, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rivals")
    directory = content.load(county, today=synthetic.DAY).at(None)
    number = rivals.write(site, county, directory, folder / "hugo", folder / "pelican")
    assert number == sum(1 for _ in site.rglob("*.html"))
    return folder


def words(text):
    return set(re.findall(r"\w+", text))


def test_each_page_is_given_to_both_with_all_its_words(site, sources):
    """Words of the two cards that each page has are in the templates."""
    cards = (sources / "hugo/layouts/all.html").read_text("utf-8")
    for page in site.rglob("*.html"):
        stem = page.relative_to(site).as_posix().removesuffix(".html").removesuffix("/index")
        given = (sources / "pelican/content" / f"{stem}.md").read_text("utf-8")
        in_hugo = sources / "hugo/content" / f"{'_index' if stem == 'index' else stem}.md"
        main = lxml.html.document_fromstring(page.read_bytes()).find(".//main")

        assert in_hugo.read_text("utf-8") == given
        said = words(" ".join(main.itertext()))
        kept = words(html.unescape(given.replace("\\n", " "))) | words(cards)
        assert not said - kept, (stem, said - kept)


def test_the_text_is_markdown_and_the_lists_are_data(county, sources):
    bodies = {
        path: path.read_text("utf-8").split("\n---\n", 1)[1].strip()
        for path in sorted(county.glob("centres/*/centre-0/series-*.md"))
    }
    series, body = next((path, body) for path, body in bodies.items() if body)
    given = (sources / f"hugo/content/sessions/centre-0/{series.stem}.md").read_text("utf-8")
    fields, end = json.JSONDecoder().raw_decode(given)
    kinds = [block["kind"] for block in fields["blocks"]]
    dates = next(block["dates"] for block in fields["blocks"] if block["kind"] == "dates")

    assert given[end:].strip() == body
    assert kinds.count("text") == 1
    assert [one["day"] for one in dates] == [
        one["starts"][:10] for one in fields["meetings"]["dates"]
    ]
