"""Texts of editors as HTML: what Markdown may say, and what is refused with its line."""

import inspect
import re
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.content import prose
from portal.content.prose import Heading, Prose, render
from tests.support import figures
from tests.support.long_forms import LONG

HTML = re.compile(r"</?([a-z0-9]+)((?: [a-z]+=\"[^\"<>]*\")*)>")
ALLOWED = {
    "p", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "a", "em", "strong", "code", "pre",
    "blockquote", "br", "hr", "img", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = {"href", "rel", "src", "alt", "start", "scope", "id"}


def lines_of(prose):
    return [line for line, _ in prose.problems]


def assert_safe(html):
    """Nothing but the allowed tags and attributes, and no link that runs anything."""
    rest = HTML.sub("", html)
    assert "<" not in rest, rest
    assert ">" not in rest, rest
    for tag, attributes in HTML.findall(html):
        assert tag in ALLOWED
        for name, value in re.findall(r'([a-z]+)="([^"]*)"', attributes):
            assert name in ATTRIBUTES
            if name in ("href", "src"):
                assert re.match(r"https://|mailto:|tel:|/(?!/)|#", value), value


# --- what may be said ----------------------------------------------------------------------------


@pytest.mark.parametrize("empty", ["", "\n", " \n\t\n"])
def test_no_text_is_no_html(empty):
    """A file without a body has none."""
    assert render(empty) == Prose()


_WORDS = "we £3 50% a/b 'so' it’s café x: ://a.b (b) ! ? ; = + * _ ` [a]( | < & \\ \""
_PIECES = st.tuples(
    st.sampled_from([" ", "\n", "\n\n", "  ", " \n", "  \n", "\n\n\n", "\t", "\u00a0"]),
    st.sampled_from(
        ["", "", "", "- ", "-", "---", "1. ", "2) ", "+ ", "=", "# ", "> ", "    ", "• "]
    ),
    st.sampled_from(_WORDS.split()),
)


@pytest.mark.slow
@settings(max_examples=2000 if LONG else 400, deadline=None)
@given(st.lists(_PIECES, max_size=4))
def test_plain_paragraphs_are_as_the_converter_makes_them(pieces):
    """Text without a sign of Markdown is made in a shorter way, with the same bytes."""
    markdown = "We meet" + "".join(map("".join, pieces))

    assert render(markdown) == prose._converted(markdown, "")


def test_markdown_as_editors_know_it():
    """Paragraphs, lists, tables, emphasis, quotes and code; a number may start a list."""
    made = render(
        "Come *early*, **please**.\n\n- tea\n- cake\n\n3. three\n4. four\n\n> So they say.\n\n"
        "| Day | Time |\n|---|--:|\n| Monday | 10am |\n\n---\n\n    indented\n"
    )

    assert made.problems == ()
    assert made.html == (
        "<p>Come <em>early</em>, <strong>please</strong>.</p>\n"
        "<ul>\n<li>tea</li>\n<li>cake</li>\n</ul>\n"
        '<ol start="3">\n<li>three</li>\n<li>four</li>\n</ol>\n'
        "<blockquote>\n<p>So they say.</p>\n</blockquote>\n"
        '<table>\n<thead>\n<tr>\n<th scope="col">Day</th>\n<th scope="col">Time</th>\n</tr>\n'
        "</thead>\n<tbody>\n<tr>\n<td>Monday</td>\n<td>10am</td>\n</tr>\n</tbody>\n</table>\n"
        "<hr>\n<pre><code>indented\n</code></pre>"
    )


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("{{ 7 * 7 }} {% raw %}", "{{ 7 * 7 }} {% raw %}"),
        ("Ages 2 < 5 & up > 1", "Ages 2 &lt; 5 &amp; up &gt; 1"),
        ("`<b>` and ``<i>`</i>``", "<code>&lt;b&gt;</code> and <code>&lt;i&gt;`&lt;/i&gt;</code>"),
        ("&copy; &lt;b&gt; &#60;", "© &lt;b&gt; &lt;"),
        ("a <b and c", "a &lt;b and c"),
        (r"\*stars\*", "*stars*"),
        ("one  \ntwo", "one<br>\ntwo"),
        ("O'Neill’s Café", "O'Neill’s Café"),
        ("اردو Łódź 🎉", "اردو Łódź 🎉"),
        ("# {: onclick=x }x"[2:], "{: onclick=x }x"),
    ],
)
def test_text_is_shown_as_written(written, shown):
    """S16 Braces, signs and entities are text: nothing else is made of them."""
    made = render(written)

    assert made.html == f"<p>{shown}</p>"
    assert made.problems == ()


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("[us](/about/)", '<a href="/about/">us</a>'),
        ("[here](#the-plan)", '<a href="#the-plan">here</a>'),
        ("[ring](tel:01632960100)", '<a href="tel:01632960100">ring</a>'),
        ("[mail](mailto:a@b.example)", '<a href="mailto:a@b.example">mail</a>'),
        ("<a@b.example>", '<a href="mailto:a@b.example">a@b.example</a>'),
        (
            "<https://b.example/?x=1&y=2>",
            '<a href="https://b.example/?x=1&amp;y=2" rel="noopener">'
            "https://b.example/?x=1&amp;y=2</a>",
        ),
        (
            '[out][1]\n\n[1]: https://b.example/ "A title"',
            '<a href="https://b.example/" rel="noopener">out</a>',
        ),
        ("[*our* `plan`](/x/)", '<a href="/x/"><em>our</em> <code>plan</code></a>'),
    ],
)
def test_links_that_may_be_made(written, html):
    """Safe addresses alone; those of other sites cannot reach back into ours."""
    made = render(written)

    assert made.html == f"<p>{html}</p>"
    assert made.problems == ()


def test_headings_have_fragments():
    """Each heading has an id of its own, made of its words, whatever their script."""
    made = render(
        "## The plan\n\n### *Your* plan & `ours`\n\n## The plan\n\n## منصوبہ\n\n## Łódź\n\n"
        "Again\n---\n"
    )

    assert made.headings == (
        Heading(2, "the-plan", "The plan"),
        Heading(3, "your-plan-ours", "Your plan & ours"),
        Heading(2, "the-plan-2", "The plan"),
        Heading(2, "section", "منصوبہ"),
        Heading(2, "odz", "Łódź"),
        Heading(2, "again", "Again"),
    )
    assert made.problems == ()
    assert '<h2 id="the-plan-2">The plan</h2>' in made.html


def test_pictures_are_files_beside_the_text():
    """A picture is named by its file; the address under which it is served is handed in."""
    made = render("![A ramp](ramp.png)\n\n![Two](/centres/yard/two.jpg)", images_at="/centres/a/")

    assert made.images == ((1, "/centres/a/ramp.png"), (3, "/centres/yard/two.jpg"))
    assert '<img alt="A ramp" src="/centres/a/ramp.png">' in made.html
    assert made.problems == ()


def test_links_are_told_with_their_lines():
    """Each line on which a target is written counts; one that only begins alike does not."""
    made = render(
        "See [a](/x/) and\n[b](/x/y/).\n\n<https://b.example>\n\n[c](/x/) <d@b.example>\n[e](#f)\n"
    )

    assert sorted(made.links) == [
        (1, "/x/"),
        (2, "/x/y/"),
        (4, "https://b.example"),
        (6, "/x/"),
        (6, "mailto:d@b.example"),
        (7, "#f"),
    ]


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        ("<b>bold</b>", [1]),
        ("Hi\n\n<script>alert(1)</script>", [3]),
        ("<div\nclass='x'>\nhi\n</div>", [1, 4]),
        ("x <img src=x onerror=alert(1)>", [1]),
        ("- a <br/>\n- b\n- c <br>", [1, 3]),
        ("| a |\n|---|\n| <i>x</i> |", [3]),
        ("> <iframe src='//x'>", [1]),
        ("## A <b>b</b>", [1]),
        ("[<b>x</b>](/y/)", [1]),
        ("*<u>x</u>*", [1]),
        ("<!-- hidden -->", [1]),
        ("text <!-- never closed", [1]),
        ("<?php x ?>", [1]),
        ("<!DOCTYPE html>", [1]),
        ("<svg/onload=alert(1)>", [1]),
        ("`<b>` is code\n\n    <i>\n\n<i>", [5]),
        ("``a`<b>``\n<b>", [2]),
        ("<javascript:alert(1)>", [1]),
    ],
)
def test_tags_are_refused_with_their_line(written, lines):
    """S16 Raw HTML is neither run nor dropped without a word. Code may show tags."""
    made = render(written)

    assert lines_of(made) == lines
    assert all("is HTML" in words for _, words in made.problems)
    assert_safe(made.html)


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "&#106;avascript:alert(1)",
        "data:text/html,x",
        "java&Tab;script:alert(1)", "vbscript:x", "file:///etc/passwd", "ftp://b.example/",
        "http://b.example/", "//b.example/", r"/\b.example/", "about/", "./about/", "../about/",
        "https://", "https://user@b.example/", "https:/x", "mailto:", "mailto:a@b,c@d.example",
        "mailto:a@b.example?bcc=c@d.example", "tel:ring us", "blob:x", "?x=1", "#",
        "https://b.example\\@c.example/",
    ],
)  # fmt: skip
def test_links_that_are_refused(target):
    """S16 Only https, mailto, tel, and pages of this site can be linked to."""
    made = render(f"Hello.\n\nSee [this](<{target}>).\n")

    assert lines_of(made) == [3]
    assert "href" not in made.html
    assert_safe(made.html)


@pytest.mark.parametrize(
    "written",
    [
        "![x](https://b.example/x.png)", "![x](data:image/png;base64,AA)",
        "![x](//b.example/x.png)",
        "![x](../x.png)", "![x](x.svg)", "![x](X.png)", "![](x.png)", "![x][1]\n\n[1]: http://b/x.png",
        "[![x](https://b.example/x.png)](/y/)",
    ],
)  # fmt: skip
def test_pictures_that_are_refused(written):
    """S7 S16 Pictures come from this site, and have words for those who cannot see them."""
    made = render(written, images_at="/centres/a/")

    assert made.problems
    assert made.images == ()
    assert "b.example" not in made.html


def test_links_need_words():
    """A link that nobody can read leads nowhere."""
    assert render("[](/x/)").problems == (
        (1, "this link has no text. Say between the square brackets where it leads."),
    )
    assert lines_of(render("x\n\n[x]()")) == [3]


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        ("# Title", [1]),
        ("Title\n=====", [1]),
        ("## A\n\n#### B", [3]),
        ("### A", [1]),
        ("## A\n\n##", [3]),
        ("## A\n\n# B\n\n## C\n\n# D", [3, 7]),
        ("> # A", [1]),
        ("    # code\n\n# A", [3]),
    ],
)
def test_headings_out_of_order_are_refused(written, lines):
    """The page has its heading already; below it no level is left out."""
    assert lines_of(render(written)) == lines


HOSTILE = {
    "open brackets": "[" * 90_000,
    "open links": "[a](" * 20_000,
    "empty links": "[](" * 30_000,
    "open pictures": "![" * 45_000,
    "stars": "*a " * 30_000,
    "ticks": "`a " * 30_000,
    "quotes": "> " * 45_000,
    "comments": "<!--" * 22_000,
    "tags": "<b>" * 15_000,
    "numbers": "1. " * 30_000,
    "headings": "# a\n" * 22_000,
    "underlines": "a\n=\n" * 22_000,
    "quoted headings": "> # a\n" * 16_000,
    "lists": "\n".join("    " * depth + "- x" for depth in range(200)),
    "table": "|a|b|\n|-|-|\n" + "|1|2|\n" * 7_500,
    "escapes": "\\*" * 22_000,
    "links": "".join(f"[a](/x{number}/) " for number in range(3_500)),
    "too long": "word " * 25_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_answered_in_time(name):
    """What would keep Markdown busy for minutes is refused, or made within seconds."""
    started = time.process_time()
    made = render(HOSTILE[name])

    assert time.process_time() - started < 15
    assert_safe(made.html)


def test_one_text_does_not_change_the_next():
    """After a text that was too much, the next is made as ever."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 60)
    try:
        refused = render("1. " * 39 + "x")
    finally:
        sys.setrecursionlimit(limit)

    assert refused.problems == ((1, "the text is nested too deeply. Make it simpler."),)
    assert render("A\n\nB").html == "<p>A</p>\n<p>B</p>"


@pytest.mark.slow
@pytest.mark.timeout(900 if LONG else 300)
@settings(max_examples=15_000 if LONG else 300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<", ">", "<b>", "</b>", "<script>", "<a href='javascript:x'>", "[x]", "(", ")",
                "](",
                "!", "javascript:x", "https://b.example/", "/x/", "`", "``", "*", "_", "#", "## ",
                "\n",
                "\n\n", "    ", "- ", "1. ", "> ", "&lt;", "&#60;", "&", "\\", '"', "'", "|", "---",
                "<!--", "-->", "[1]: ", "x", "\u202e", "اب", "{:", "}", "\x02", "\x03", "wzxhzdk:0",
                "=",
            ]
        ),
        max_size=25,
    ).map("".join)
)  # fmt: skip
def test_whatever_is_written_the_html_is_safe(written):
    """S16 No text at all makes a tag, an attribute or an address that is not on the list."""
    figures.record(fuzzed_texts=1)
    assert_safe(render(written, images_at="/centres/a/").html)


class TestSurplusCells:
    """Cells beyond the columns of their table, which no Markdown reader shows."""

    @pytest.mark.parametrize(
        "table",
        [
            "| a | b |\n|---|---|\n| 1 | 2 |\n| 1 | 2 | lost |\n",
            "a | b\n--- | ---\n1 | 2\n1 | 2 | lost\n",
            "| a |\n|---|\n| 1 |\n| 1 | lost |\n",
        ],
    )
    def test_are_reported_by_line(self, table):
        """A row with more cells than its table has columns is a mistake on its line."""
        (problem,) = render(f"Text.\n\n{table}").problems

        assert problem[0] == 6
        assert "would not be shown" in problem[1]

    @pytest.mark.parametrize(
        "rows",
        ["| 1 | 2 |", "| 1 |", "| 1 | 2 \\| 3 |", "1 | 2", "| 1 | |", "| 1 | 2 |\n\nA | b | c"],
    )
    def test_fitting_rows_are_right(self, rows):
        """Rows that fit their table, or are shorter, are accepted."""
        assert render(f"| a | b |\n|---|---|\n{rows}\n").problems == ()
