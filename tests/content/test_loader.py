"""Reading the content: what is right becomes a Directory, and every mistake is named and placed."""

import json
import os
import random
import re
import runpy
import shutil
import subprocess
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal import content
from portal.content import ContentError, Problem
from portal.content.cache import FileCache
from portal.content.front_matter import LARGEST_FILE
from portal.directory import phrases
from tests.support import figures, made
from tests.support.long_forms import LONG, rounds
from tests.support.paths import ROOT

BENCH = ROOT / "benchmarks" / "bench_content.py"
TODAY = date(2026, 11, 23)

INDEX = "centres/preston/riverbank/index.md"
BUMP = "centres/preston/riverbank/bump-spring.md"
SPRING = "centres/preston/riverbank/bump-spring.md"
SAVE = "Save it as UTF-8 (in Notepad: Save as, then Encoding)."
PLACED = re.compile(r"[^\n:]+:\d+:\d+: [^\n]+")


@pytest.fixture
def root(tmp_path, sample_root):
    """A sample of one's own."""
    return shutil.copytree(sample_root, tmp_path / "root")


def load(root, **given):
    return content.load(root, **{"today": TODAY, **given})


def mistakes(root, **given):
    """What is wrong, as lines."""
    with pytest.raises(ContentError) as raised:
        load(root, **given)
    return [str(problem) for problem in raised.value.problems]


def edit(root, path, *pairs):
    file = root / path
    text = file.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def series_named(directory, identity):
    found = directory.find_series(identity)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", "Birth to 4 years (up to 7 with SEND)"),
        ("ages: 2-3 years\n", "Ages 2 to 3 years"),
        ("ages: 2-3 years\nsend_to: 6\n", "Ages 2 to 3 years (up to 6 with SEND)"),
        ("ages: 0-4 years\n", "Birth to 4 years (up to 7 with SEND)"),
        ("send_to: 9\n", "Birth to 4 years (up to 9 with SEND)"),
    ],
)
def test_the_upper_age_with_send_belongs_to_the_ages_beside_it(root, lines, expected):
    """A programme's upper age with SEND holds for its own ages, not for those of a series."""
    edit(root, "centres/preston/riverbank/play-monday.md", ("room: Hall\n", f"room: Hall\n{lines}"))
    series = series_named(load(root), "riverbank/play-monday")

    assert phrases.ages(series) == expected


# --- mistakes ------------------------------------------------------------------------------------


def make_nul(root):
    (root / INDEX).write_bytes((root / INDEX).read_bytes().replace(b"Riverbank", b"River\0bank", 1))


def make_escape(root):
    (root / INDEX).write_bytes((root / INDEX).read_bytes() + b"\nRed \x1b[31m text\n")


def make_line_separator(root):
    edit(root, INDEX, ("town: Preston", "town: Preston\u2028kind: library"))


def make_latin(root):
    (root / INDEX).write_bytes((root / INDEX).read_bytes().replace(b"lift", b"caf\xe9"))


def make_utf_16(root):
    (root / INDEX).write_bytes((root / INDEX).read_text(encoding="utf-8").encode("utf-16"))


def make_utf_16_without_mark(root):
    (root / INDEX).write_bytes((root / INDEX).read_text(encoding="utf-8").encode("utf-16-le"))


def make_read_as_windows(root):
    edit(root, INDEX, ("lift", "caf\u00c3\u00a9"))


def make_lost_character(root):
    edit(root, INDEX, ("lift", "caf\ufffd"))


def make_symbolic_link(root):
    (root / INDEX).unlink()
    (root / INDEX).symlink_to("/etc/passwd")


def make_linked_folder(root):
    (root / "centres/preston/annexe").symlink_to(root / "centres/preston/riverbank")


def make_pipe(root):
    os.mkfifo(root / "content/pages/pipe.md")


def make_folder_as_file(root):
    (root / "content/pages/team.md").mkdir()


def make_news_a_file(root):
    shutil.rmtree(root / "content/news")
    (root / "content/news").write_text("Hello.")


def make_site_a_folder(root):
    (root / "content/site.yaml").unlink()
    (root / "content/site.yaml").mkdir()


def make_large(root):
    with (root / "content/pages/about.md").open("a", encoding="utf-8") as file:
        file.write("word " * (LARGEST_FILE // 5 * 10))


def make_large_fields(root):
    edit(root, INDEX, ("aliases: old-riverbank", "aliases:\n" + "  - old\n" * (LARGEST_FILE // 8)))


def make_large_picture(root):
    with (root / "centres/preston/riverbank/front.png").open("ab") as file:
        file.write(bytes(LARGEST_FILE))


def make_twin_by_case(root):
    shutil.copy(root / SPRING, root / "centres/preston/riverbank/Bump-Spring.md")


def make_twin_by_form(root):
    # Full-width letters, which NFKC makes plain.
    shutil.copy(root / SPRING, root / "centres/preston/riverbank/ｂump-spring.md")


def make_name_with_a_line(root):
    shutil.copy(root / SPRING, root / "centres/preston/riverbank/bump\n\x1b[31m.md")


def make_name_of_bytes(root):
    source = (root / SPRING).read_bytes()
    (root / "centres/preston/riverbank" / os.fsdecode(b"caf\xe9.md")).write_bytes(source)


def make_no_content(root):
    for folder in ("content", "centres", "programmes"):
        shutil.rmtree(root / folder)


ODD = [
    (make_nul, [f"{INDEX}:2:13: there is an invisible character (U+0000) here. Remove it."]),
    (
        make_escape,
        [f"{INDEX}:45:5: there is an invisible character (U+001B) here. Remove it."],
    ),
    (
        make_line_separator,
        [f"{INDEX}:5:14: there is an invisible character (U+2028) here. Remove it."],
    ),
    (
        make_latin,
        [f"{INDEX}:23:16: the byte 0xe9 ('é' on Windows) here is not UTF-8. {SAVE}"],
    ),
    (make_utf_16, [f"{INDEX}:1:1: the file is UTF-16. {SAVE}"]),
    (make_utf_16_without_mark, [f"{INDEX}:1:1: the file is UTF-16. {SAVE}"]),
    (
        make_read_as_windows,
        [
            f"{INDEX}:23:16: 'Ã©' is what is left of a character that was saved in another "
            "encoding. Type 'é' in its place."
        ],
    ),
    (
        make_lost_character,
        [
            f"{INDEX}:23:16: '\ufffd' is what is left of a character that was saved in another "
            "encoding. Type the right one again."
        ],
    ),
    (
        make_symbolic_link,
        [
            f"{INDEX}:1:1: this is a symbolic link. Put the file itself here.",
            "centres/preston/riverbank/index.pl.md:1:1: there is no 'index.md' for this "
            "to translate. Correct the file's name.",
        ],
    ),
    (
        make_linked_folder,
        ["centres/preston/annexe:1:1: this is a symbolic link. Put the file itself here."],
    ),
    (
        make_pipe,
        ["content/pages/pipe.md:1:1: this is neither a file nor a folder. Delete it."],
    ),
    (
        make_folder_as_file,
        [
            "content/pages/team.md:1:1: the portal does not use this. Only pages "
            "belong in this folder. Move or delete it."
        ],
    ),
    (
        make_news_a_file,
        [
            "content/news:1:1: the portal does not use this. The files here are site.yaml, "
            "footprints.yaml, terms.yaml, places.csv, outcodes.csv, neighbours.csv, outline.json, "
            "resources.yaml, FIELDS.md. Move or delete it.",
            "content/news:1:1: this folder cannot be read (Not a directory). Make it a readable "
            "folder.",
        ],
    ),
    (
        make_site_a_folder,
        [
            "content/site.yaml:1:1: the portal does not use this. The folders here are pages, "
            "news, help, boards, messages, reports, schema. Move or delete it.",
            "content/site.yaml:1:1: this file is missing. Add it, or correct the setting "
            "PORTAL_ROOT.",
        ],
    ),
    (
        make_large,
        ["content/pages/about.md:1:1: the file is larger than 1 MB. Split it into several files."],
    ),
    (
        make_large_fields,
        [f"{INDEX}:1:1: the file is larger than 1 MB. Split it into several files."],
    ),
    (
        make_large_picture,
        [
            "centres/preston/riverbank/front.png:1:1: the picture is larger than 1 MB. "
            "Make it smaller, about 100 KB."
        ],
    ),
    (
        make_twin_by_case,
        [
            "centres/preston/riverbank/Bump-Spring.md:1:1: 'Bump-Spring' cannot be part of an "
            "address. On some computers it is the same name as 'bump-spring'. Delete one of them."
        ],
    ),
    (
        make_twin_by_form,
        [
            "centres/preston/riverbank/ｂump-spring.md:1:1: 'ｂump-spring' cannot be part of an "
            "address. On some computers it is the same name as 'bump-spring'. Delete one of them."
        ],
    ),
    (
        make_name_with_a_line,
        [
            "centres/preston/riverbank/bump ?[31m.md:1:1: 'bump ?[31m' cannot be part of an "
            "address. Name it 'bump-31m.md'."
        ],
    ),
    (
        make_name_of_bytes,
        [
            "centres/preston/riverbank/caf\\udce9.md:1:1: 'caf\\udce9' cannot be part of an "
            "address. Name it 'caf.md'."
        ],
    ),
    (
        make_no_content,
        [
            f"content/{name}:1:1: this file is missing. Add it, or correct the setting PORTAL_ROOT."
            for name in ("footprints.yaml", "outcodes.csv", "places.csv", "site.yaml", "terms.yaml")
        ],
    ),
]


@pytest.mark.parametrize(("make", "expected"), ODD, ids=[make.__name__ for make, _ in ODD])
def test_odd_files_are_refused_by_name(make, expected, root):
    """What no editor means to write is refused at once, and never opened or followed."""
    make(root)
    started = time.process_time()
    found = mistakes(root)

    assert expected == found
    assert time.process_time() - started < 60


def test_large_lists_are_refused_in_time(root):
    """Bad input is answered in time, however much of it there is."""
    (root / "content/pages/about.md").write_text(
        "---\n" + "".join(f"a{n}: [" + "x, " * 100_000 + "]\n" for n in range(3)) + "---\n"
    )
    started = time.process_time()
    found = mistakes(root)

    assert found[1].startswith("content/pages/about.md:2:1: 'a0' is not a field of a page.")
    assert time.process_time() - started < 60


def test_mistakes_can_be_written_for_programs():
    """A mistake can be told as JSON and to GitHub, with nothing in it that ends the line."""
    problem = Problem("a,b:c.md", 3, 1, "100 % wrong\nMend it.")

    assert problem.as_json() == {
        "path": "a,b:c.md",
        "line": 3,
        "column": 1,
        "words": "100 % wrong\nMend it.",
        "severity": "mistake",
    }
    assert (
        problem.as_github()
    ) == "::error file=a%2Cb%3Ac.md,line=3,col=1::100 %25 wrong%0AMend it."
    assert (
        Problem("x.md", 1, 1, "old", "warning").as_github()
    ) == "::warning file=x.md,line=1,col=1::old"


# --- what is right -------------------------------------------------------------------------------


def test_the_sample_is_read_whole(directory):
    """Every file of the sample is somewhere in the Directory, in a stable order."""
    assert [centre.title for centre in directory.centres][:3] == [
        "Harbour Young People's Centre",
        "Mill Brow",
        "Riverbank Centre",
    ]
    assert (len(directory.series), len(directory.private_series)) == (14, 1)
    assert [page.slug for page in directory.pages][:3] == ["about", "early-help", "professionals"]
    assert [news.slug for news in directory.news] == ["winter-programme", "riverbank-lift"]
    assert len(directory.footprints) == 5
    assert (date(2026, 11, 23), date(2027, 5, 24)) == (directory.today, directory.horizon)


def test_values_are_text_until_the_field_says_otherwise(root):
    """Times, phone numbers and a village called No are what was written."""
    edit(
        root,
        "centres/preston/riverbank/play-monday.md",
        ("time: 9:30-11:00", "time: 10:30-11:00"),
        ("room: Hall", "room: 012"),
    )
    edit(root, INDEX, ("town: Preston", "town: no"), ("title: Riverbank Centre", "title: 1e3"))
    directory = load(root)
    series = series_named(directory, "riverbank/play-monday")

    assert series.time.words == "10:30am to 11am"
    assert (series.room, series.centre.town, series.centre.title) == ("012", "no", "1e3")
    assert series.centre.phone == "01632 960123"


@pytest.mark.parametrize(
    "title",
    [
        "O'Neill's Café",
        "مرکز برائے خاندان",
        "Ośrodek „Żółw” w Łodzi",
        "Fun 🎉 for 👩‍👧‍👦",
        "\u200fمرکز\u200f Riverbank",
        "Ćma & Spółka",
        "{{ 7 * 7 }} and {% raw %}",
    ],
)
def test_names_of_all_scripts_are_kept(title, root):
    """Apostrophes, Polish, Urdu, marks of direction and pictures are kept as they were written."""
    edit(
        root,
        INDEX,
        ("title: Riverbank Centre", f"title: {title!r}" if "{" in title else f"title: {title}"),
        ("The front door", title),
    )
    centre = load(root).centre("riverbank")

    assert title == centre.title
    assert title.replace("&", "&amp;") in centre.html


def test_files_of_other_systems_are_read(root):
    """A byte order mark and line ends of Windows or old Macs change nothing."""
    expected = load(root)
    for path in root.rglob("*"):
        if path.suffix in (".md", ".yaml", ".csv"):
            path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    edit_file = root / SPRING
    edit_file.write_bytes(edit_file.read_bytes().replace(b"\r\n", b"\r"))
    found = load(root)

    assert [one.html for one in expected.series] == [one.html for one in found.series]
    assert [one.name for one in expected.settlements] == [one.name for one in found.settlements]


def test_what_editors_leave_behind_is_not_read(root):
    """Hidden files, backups and empty folders are no mistake."""
    (root / "centres/preston/.DS_Store").write_bytes(b"\0")
    (root / "centres/preston/riverbank/.index.md.swp").write_bytes(b"\0")
    (root / "centres/preston/riverbank/index.md~").write_text("old")
    (root / "centres/preston/left-empty").mkdir()

    assert len(load(root).centres) == 4


LITTER = (
    "Thumbs.db", "desktop.ini", "ehthumbs.db", "~$programme.docx", "4913", "5036", "Icon\r",
    "x.md~", ".~lock.x.odt#", "__MACOSX/x.md", "@eaDir/x", "New folder/",
    "New folder (2)/Thumbs.db", "New folder/again/",
)  # fmt: skip
LEFT_OVER = (
    "x.bak", "bump-spring.md.bak", "bump-spring.md.orig", "x.rej", "#x.md#", "x.md.save", "x.tmp",
    "bump-spring.md.old", "x.md_backup", "index.md.swp",
)  # fmt: skip


def test_known_litter_stops_nothing(root):
    """Litter of systems and editors is passed over in every folder; lost work is warned of."""
    before = load(root)
    folders = (
        "content", "content/pages", "content/news", "content/messages", "programmes", "centres",
        "centres/preston", "centres/preston/riverbank",
    )  # fmt: skip
    for folder in folders:
        for name in (*LITTER, *LEFT_OVER):
            path = root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith("/"):
                path.mkdir(exist_ok=True)
            else:
                path.write_text("---\ntitle: x\n")
    after = load(root)

    assert [one.path for one in after.series] == [one.path for one in before.series]
    assert [one.path for one in after.centres] == [one.path for one in before.centres]
    found = content.leftovers(root)
    assert {one.path for one in found} == {
        f"{folder}/{name}" for folder in folders for name in LEFT_OVER
    }
    assert {one.severity for one in found} == {"warning"}
    assert "compare it with the file of that name" in found[0].words


def test_what_may_be_content_is_not_litter(root):
    """A folder with a file in it, and a file of another kind, may be what somebody wants shown."""
    (root / "programmes/New folder").mkdir()
    (root / "programmes/New folder/play.md").write_text("x")
    (root / "programmes/prices.xlsx").write_text("x")
    (root / "programmes/2027").write_text("x")

    assert [line.partition(":")[0] for line in mistakes(root)] == [
        "programmes/2027",
        "programmes/New folder",
        "programmes/prices.xlsx",
    ]


def test_a_folder_named_like_a_file_is_a_mistake(root):
    """An empty folder 'play.md' is reported wherever content is read."""
    folders = (
        "programmes", "content/pages", "content/news", "content/messages",
        "centres/preston/riverbank", "centres/preston",
    )  # fmt: skip
    for folder in folders:
        (root / folder / "play.md").mkdir()

    found = {line.partition(":")[0] for line in mistakes(root)}
    assert found == {f"{folder}/play.md" for folder in folders}


def test_remarks_are_no_values(root):
    """A remark is left out where it cannot be part of the value; words need quotes for that."""
    edit(
        root,
        SPRING,
        ("room: Willow Room", "room: 'Room #3' # upstairs\n# It has no lift."),
        ("places: 10", "places: 10 # the fire officer's number"),
        ("leader: Amina and Jo", "leader: Amina and Jo # sample"),
    )

    assert series_named(load(root), "riverbank/bump-spring").room == "Room #3"


def test_wrong_words_of_a_message_are_mistakes(root):
    """The service edits its messages: a placeholder that nothing fills is found here too."""
    path = root / "content/messages/reminder.md"
    path.write_text(path.read_text().replace("{link}", "{lnk}", 1))

    with pytest.raises(ContentError) as raised:
        load(root)

    assert {p.path for p in raised.value.problems} == {"content/messages/reminder.md"}


def test_made_files_may_stand_there(root):
    """What `portal schema` writes is not content."""
    (root / "content/FIELDS.md").write_text("# Fields\n")
    (root / "content/schema").mkdir()

    assert load(root)


def test_a_series_takes_from_its_programme_what_it_does_not_say(directory):
    """Fields not given come from the programme; how many sessions does not."""
    spring = series_named(directory, "riverbank/bump-spring")
    urdu = series_named(directory, "riverbank/play-urdu")

    assert (
        spring.booking,
        spring.places,
        spring.place_for,
        spring.bring,
    ) == ("book", 10, "family", "A cushion and something to drink")
    assert (urdu.booking, urdu.name, urdu.count) == ("drop-in", "Play Sessions in Urdu", None)
    assert urdu.programme.ages == urdu.ages


def test_series_of_sensitive_programmes_are_kept_apart(directory):
    """S3 A loop over the public series never meets one that is withheld."""
    private = series_named(directory, "weavers-yard/group-january")

    assert (private,) == directory.private_series
    assert private not in directory.series
    assert not any(series.programme.sensitive for series in directory.series)


def test_each_series_has_its_sessions(directory):
    """Sessions are known to the end of the school year, and shown to the horizon."""
    spring = series_named(directory, "riverbank/bump-spring")
    feeding = series_named(directory, "weavers-yard/feeding-wednesday")
    withdrawn = series_named(directory, "mill-brow/massage-spring")

    assert [
        date(2027, 1, 12), date(2027, 1, 19), date(2027, 1, 26),
        date(2027, 2, 2), date(2027, 2, 9), date(2027, 2, 23),
    ] == [session.planned for session in spring.all_sessions]  # fmt: skip
    assert date(2027, 2, 3) == spring.all_sessions[3].day
    assert directory.horizon < feeding.all_sessions[-1].day < date(2027, 9, 1)
    assert feeding.sessions[-1].planned <= directory.horizon
    assert {"cancelled"} == {session.state for session in withdrawn.all_sessions}


def test_centres_stand_where_they_are_known_to_stand(root):
    """A door if given, else the postcode's sector, else the town, else the district's middle."""
    edit(root, INDEX, ("location: 53.7563, -2.7094\n", ""))
    mill = "centres/hyndburn-ribble-valley-rossendale/mill-brow/index.md"
    harbour = "centres/lancaster-fylde-wyre/harbour/index.md"
    edit(root, harbour, ("postcode: FY7 6NS\n", ""), ("town: Fleetwood\n", ""))
    directory = load(root)
    found = {centre.slug: centre.position for centre in directory.centres}

    assert found["riverbank"].precision == "sector"
    assert found["weavers-yard"].precision == "sector"
    assert (found["mill-brow"].precision, found["mill-brow"].latitude) == ("town", 53.70336)
    assert (found["harbour"].precision, found["harbour"].latitude) == ("district", 53.88685)
    edit(root, mill, ("town: Bacup", "town: Acre"))
    assert load(root).centre("mill-brow").position.precision == "outcode"


def test_venues_elsewhere_stand_where_they_are_known_to_stand(root):
    """An outreach venue has its own position, or none where nothing is known of it."""
    directory = load(root)
    village = series_named(directory, "mill-brow/village-play")
    library = next(
        session.venue
        for session in series_named(directory, "weavers-yard/feeding-wednesday").all_sessions
        if session.moved_venue
    )
    play = "centres/hyndburn-ribble-valley-rossendale/mill-brow/village-play.md"
    edit(root, play, ("  town: Whitworth\n", ""))

    assert (village.venue.position.precision, village.venue.centre) == ("town", None)
    assert (library.name, library.position.precision) == ("Nelson Library", "sector")
    assert series_named(load(root), "mill-brow/village-play").venue.position is None


def test_translations_hold_only_what_differs(directory):
    """A translation is the thing again in other words; what it does not say stays English."""
    programme = directory.programme("play-sessions")
    urdu = programme.translations["ur"]
    polish = series_named(directory, "riverbank/bump-spring").translations["pl"]

    assert ("کھیل کے سیشن", "مفت", programme.ages) == (urdu.title, urdu.cost, urdu.ages)
    assert {"title", "summary", "audience", "cost"} == urdu.model_fields_set
    assert "بکنگ" in urdu.html
    assert (polish.room, polish.identity) == ("Sala Wierzba", "riverbank/bump-spring")
    assert programme.title == "Play Sessions"


def test_a_centre_knows_the_pictures_beside_it(directory):
    """A photo can be served without knowing where the content is."""
    centre = directory.centre("riverbank")

    assert {"front.png"} == set(centre.images)
    assert centre.images[centre.photo].read_bytes().startswith(b"\x89PNG")


def test_pictures_of_a_centre_can_stand_in_its_texts(root):
    """A picture is named as the file beside the text, and gets its address on the site."""
    edit(root, INDEX, ("The front door", "![The front](front.png)\n\nThe front door"))

    assert '<img alt="The front" src="/centres/riverbank/front.png">' in (
        load(root).centre("riverbank").html
    )


def test_links_within_the_site_are_known(root):
    """Every kind of page can be linked to, old names, calendars and headings included."""
    targets = [
        "/", "/find/", "/find/?near=PR1", "/whats-on/", "/whats-on/monday/", "/ages/babies/",
        "/footprints/preston/", "/districts/pendle/calendar.ics", "/near/bacup/",
        "/near/claughton-wyre/", "/centres/old-riverbank/", "/centres/riverbank/whats-on/",
        "/centres/riverbank/#getting-in-with-a-buggy", "/programmes/stay-and-play/",
        "/sessions/riverbank/bump-winter/", "/sessions/riverbank/bump-spring/#2027-01-12",
        "/news/lift/", "/complaints/", "/calendars/", "/gap", "/ur/programmes/play-sessions/",
        "/request/one-to-one-family-support", "/book/riverbank/bump-spring", "#where-we-work",
    ]  # fmt: skip
    links = "\n".join(f"- [this]({target})" for target in targets)
    edit(root, "content/pages/about.md", ("## Where we work", f"{links}\n\n## Where we work"))

    assert load(root)


def test_an_address_that_is_printed_is_there(root):
    """Between backticks it is no link, but a promise all the same."""
    good = "Open `/find/`, `/calendar.ics` or `/gap`. A centre is at `/centres/<name>/`."
    edit(root, "content/pages/about.md", ("## Where we work", f"{good}\n\n## Where we work"))
    assert load(root)
    edit(root, "content/pages/about.md", ("`/find/`", "`/openreferral/`"))
    with pytest.raises(ContentError) as raised:
        load(root)

    assert [problem.words.partition(".")[0] for problem in raised.value.problems] == [
        "'/openreferral/' is not a page of this site"
    ]


def test_warnings_do_not_stop_anything(directory):
    """Facts long unchecked and series that are over are told, with the line to mend."""
    assert [str(problem) for problem in content.warnings(directory)] == [
        "centres/burnley-pendle/weavers-yard/index.md:15:1: this was last checked on 1 June 2026, "
        "more than 3 months ago. Check that it is right, and write today's date.",
        "centres/hyndburn-ribble-valley-rossendale/mill-brow/index.md:1:1: this has no date of "
        "its last check. Check it, and add 'checked' with the date.",
        "centres/lancaster-fylde-wyre/harbour/summer-2026.md:5:1: all its sessions are over; "
        "the last was on 26 August 2026. Plan it again with 'portal next-term', or delete "
        "the file.",
        "content/site.yaml:1:1: this site is a demonstration. 1 file has sample facts, and 2 text "
        "pages have phone numbers. Check all of them before you remove 'demonstration'.",
        "programmes/baby-massage.md:18:1: this was last checked on 1 July 2026, more than 3 months "
        "ago. Check that it is right, and write today's date.",
    ]
    assert {"warning"} == {problem.severity for problem in content.warnings(directory)}


def test_sample_facts_are_listed_once_the_site_is_no_demonstration(root):
    """Each file with sample facts has a line of its own, so that none goes live unseen."""
    site = root / "content/site.yaml"
    site.write_text(site.read_text().replace("demonstration: yes", "demonstration: no"))
    found = [str(problem) for problem in content.warnings(load(root)) if "samples" in str(problem)]

    assert found == [
        "centres/preston/riverbank/index.md:34:1: these facts are samples: transport. Check or "
        "replace each, and remove it from 'sample'."
    ]


def test_the_horizon_follows_the_day(root):
    """Ongoing series are shown for as many weeks as are asked for, from the Monday of the week."""
    directory = load(root, today=date(2027, 1, 4), horizon_weeks=2)
    sunday = load(root, today=date(2027, 1, 10), horizon_weeks=2)

    assert date(2027, 1, 18) == directory.horizon == sunday.horizon
    assert date(2027, 1, 18) >= max(
        session.planned
        for series in directory.series
        for session in series.sessions
        if series.ongoing
    )


def test_a_series_with_an_end_is_shown_whole(root):
    """The horizon is for groups that go on: it cuts neither a course nor what has an `until`, even
    where that goes on after calendars of ongoing groups end."""
    edit(root, BUMP, ("sessions: 6\nterm_time_only: yes\n", "until: 2029-02-06\n"))
    directory = load(root, today=date(2027, 1, 4), horizon_weeks=2)

    assert date(2029, 2, 6) > directory.feed_until
    assert series_named(directory, "riverbank/bump-spring").sessions[-1].day == date(2029, 2, 6)
    for series in directory.series:
        if not series.ongoing:
            assert set(series.sessions) == set(series.all_sessions), series.identity


def test_a_group_that_begins_after_the_horizon_is_shown_with_its_first_date(root):
    """Otherwise it would be nowhere to be found until then."""
    edit(root, BUMP, ("sessions: 6\n", ""))
    directory = load(root, today=date(2026, 11, 23), horizon_weeks=2)
    series = series_named(directory, "riverbank/bump-spring")

    assert [session.planned for session in series.sessions] == [date(2027, 1, 12)]


# --- when it last changed ------------------------------------------------------------------------


def test_a_file_says_when_it_last_changed(root):
    """The latest of `updated` and its own time; a series changed when its programme did."""
    old = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    for path in root.rglob("*"):
        os.utime(path, (old, old))
    directory = load(root)

    assert datetime(2026, 11, 9, 16, 30, tzinfo=UTC) == (
        series_named(directory, "riverbank/bump-autumn").changed
    )
    assert datetime(2026, 11, 1, tzinfo=UTC) == directory.page("about").changed
    assert datetime(2026, 1, 1, tzinfo=UTC) == directory.centre("riverbank").changed
    later = datetime(2026, 11, 22, 10, 30, 15, 999999, tzinfo=UTC).timestamp()
    os.utime(root / "programmes/play-sessions.md", (later, later))
    directory = load(root)
    assert datetime(2026, 11, 22, 10, 30, 15, tzinfo=UTC) == (
        series_named(directory, "riverbank/play-monday").changed
    )
    assert datetime(2026, 1, 1, tzinfo=UTC) == (
        series_named(directory, "riverbank/bump-spring").changed
    )


def commit(root, message, when):
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_AUTHOR_DATE": when,
        "GIT_COMMITTER_DATE": when,
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
    }
    names = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "-A"], [*names, "commit", "-q", "-m", message]):
        subprocess.run(["git", *command], cwd=root, env=environment, check=True)


def test_the_last_commit_says_when_a_file_changed(root, tmp_path, monkeypatch):
    """In a checkout the history counts, a shallow one too; other files have their own time."""
    commit(root, "all", "2026-10-01T10:00:00+00:00")
    edit(root, SPRING, ("room: Willow Room", "room: Oak Room"))
    commit(root, "room", "2026-10-02T10:00:00+00:00")
    news = root / "content/news/today.md"
    news.write_text("---\ntitle: x\nsummary: x\ndate: 2026-11-01\n---\n")
    os.utime(news, (1_790_000_000, 1_790_000_000))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    directory = load(root)
    shallow = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "-q", "--depth", "1", f"file://{root}", str(shallow)],
        check=True,
        env={**os.environ, "GIT_DIR": str(shallow / ".git")},
    )

    assert datetime(2026, 10, 2, 10, tzinfo=UTC) == (
        series_named(directory, "riverbank/bump-spring").changed
    )
    assert datetime(2026, 10, 1, 10, tzinfo=UTC) == directory.centre("riverbank").changed
    assert datetime.fromtimestamp(1_790_000_000, UTC) == directory.news[2].changed
    assert datetime(2026, 10, 2, 10, tzinfo=UTC) == load(shallow).centre("riverbank").changed


def test_a_damaged_history_is_no_mistake(root):
    """Without a usable history a file's own time counts."""
    (root / ".git").mkdir()

    assert datetime(2026, 11, 20, 12, tzinfo=UTC) == load(root).centre("riverbank").changed


# --- anything at all -----------------------------------------------------------------------------


PIECES = [
    b"---\n", b"\0", b"\xff", b": ", b"- ", b"[", b"{", b"'", b'"', b"&a ", b"*a", b"!t ", b"#",
    b"|\n", b"\t", b"\r", b"\n", b"  ", b"<<: ", b"%", b"@", b"`", b"<script>", b"](", b"[x](y)",
    b"\\0",
    "٣".encode(), "\u2028".encode(), b"9999999999", b"2027-02-30", b"0001-01-01", b"9999-12-31",
    b"10:30", b"24:00-25:00", b"\xf0\x9f\x98\x80", b"..", b"/", b"? ", b"> ", b"title: x\n",
    b"aliases: [a, b]\n",
]  # fmt: skip


def mutated(data, chance):
    """The bytes with one to three small changes, of the kinds that hands and programs make."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(6)
        lines = data.split(b"\n")
        first, second = chance.randrange(len(lines)), chance.randrange(len(lines))
        if kind == 0:
            data = data[:at]
        elif kind == 1:
            data = data[:at] + chance.choice(PIECES) + data[at:]
        elif kind == 2:
            lines[first], lines[second] = lines[second], lines[first]
            data = b"\n".join(lines)
        elif kind == 3:
            lines.insert(second, lines[first])
            data = b"\n".join(lines)
        elif kind == 4:
            data = data[:at] + data[at + chance.randint(1, 9) :]
        else:
            data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
    return data


def read_or_told(root, memory=None):
    """Whether the content was read. Raises for anything but a list of placed mistakes.

    With a memory, files that are the same as in the reading before are not parsed again.
    """
    problems = []
    try:
        load(root, memory=memory)
    except ContentError as error:
        problems = error.problems or ["nothing was told"]
    for problem in problems:
        assert PLACED.fullmatch(str(problem)), problem
        assert str(problem).isprintable(), problem
    return not problems


@pytest.mark.slow
def test_no_slip_of_the_hand_gives_a_traceback(root):
    """S13 Files changed at random: each is read, or told with file, line and remedy."""
    chance = random.Random(20261123)
    files = sorted(path for path in root.rglob("*") if path.suffix in (".md", ".yaml", ".csv"))
    outcomes, memory = set(), FileCache()
    for _ in rounds(120, seconds=150):
        file = chance.choice(files)
        before = file.read_bytes()
        file.write_bytes(mutated(before, chance))
        outcomes.add(read_or_told(root, memory))
        file.write_bytes(before)
        figures.record(fuzzed_files=1)

    assert {True, False} == outcomes


FIELD = st.sampled_from(
    ["starts", "time", "until", "sessions", "except", "changes", "venue", "opens", "ages", "places"]
)
VALUE = st.recursive(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
    | st.dates().map(str)
    | st.integers(-10, 10**8).map(str)
    | st.sampled_from(["9999-12-31", "0001-01-01", "2027-03-28 01:30", "00:00-23:59", "x" * 4000]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["date", "moved_to", "venue", "name", "note"]), inner)
    ),
    max_leaves=6,
)


READ = FileCache()
DATED = 2000 if LONG else 30


@pytest.mark.slow
@pytest.mark.timeout(900 if LONG else 300)
@settings(
    max_examples=DATED,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(fields=st.dictionaries(FIELD, VALUE, min_size=1, max_size=4))
def test_any_value_is_read_or_told(fields, root):
    """S11 Whatever stands in a field, in whatever shape, it is read or told as a mistake."""
    first = {
        "programme": "play-sessions",
        "starts": "2027-01-12",
        "time": "10:00-12:00",
    }
    text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in {**first, **fields}.items())
    series = root / "centres/preston/riverbank/any.md"
    series.write_text(f"---\n{text}---\n", encoding="utf-8")

    figures.record(fuzzed_files=1)
    assert read_or_told(root, READ) in (True, False)


# --- many ----------------------------------------------------------------------------------------


def test_the_county_of_the_benchmark_is_right(tmp_path):
    """What `make bench` reads to measure is content without a mistake: all of it is read."""
    runpy.run_path(str(BENCH))["make"](tmp_path / "county", 20, 15)
    directory = load(tmp_path / "county")

    assert (len(directory.centres), len(directory.series)) == (20, 300)


@pytest.mark.parametrize(("days", "warned"), [(28, False), (29, True)])
def test_a_date_that_stays_postponed_is_a_warning(days, warned):
    """Families wait for a new date: after four weeks the editor is reminded of it."""
    planned = date(2027, 1, 12)
    change = {"date": planned.isoformat(), "postponed": "The boiler is broken"}
    directory = made.directory({"changes": [change]}, today=planned + timedelta(days))
    found = [str(problem) for problem in content.warnings(directory)]
    words = (
        "the session of Tuesday 12 January 2027 is still postponed. Add 'moved_to' with its new "
        "date, or replace 'postponed' by 'cancelled'."
    )

    assert any(words in problem for problem in found) == warned
