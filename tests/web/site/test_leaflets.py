"""The leaflet on paper: one side of A4 for the fullest centre, by a browser and as a PDF."""

import os
import re
import shutil
import subprocess
import sys
import zlib
from datetime import date

import pytest
from PIL import ImageFile

from portal.directory.contact import contact_about
from portal.directory.phrases import capital
from portal.settings import load_settings
from portal.web.assets import static_files
from portal.web.site import build, leaflets
from portal.web.site.leaflets import Leaflets
from portal.web.site.pages import Context, leaflet
from tests.support.browser import missing
from tests.support.shipped import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True, scope="module")
def pango():
    """Skip aloud where the libraries are missing; on the machine that decides, fail."""
    if why := leaflets.missing():
        missing(why)


@pytest.fixture(scope="module")
def county(shipped_directory):
    """The repository's own content."""
    return shipped_directory


@pytest.fixture(scope="module")
def context(county):
    return Context(county)


@pytest.fixture(scope="module")
def fullest(county, context):
    """The centre whose leaflet has the most rows, that leaflet, and the fullest in larger print."""
    made = {centre: leaflet(context, centre) for centre in county.centres}
    ordered = sorted(made, key=lambda one: made[one].count("<tr><td>"), reverse=True)
    larger = next(made[one] for one in ordered if 'class="leaflet many"' in made[one])
    return ordered[0], made[ordered[0]], larger


def sides(pdf):
    """How many pages a PDF has: the objects of that kind, packed ones too."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S)
    texts = [pdf]
    for stream in streams:
        try:
            texts.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return sum(len(re.findall(rb"/Type\s*/Page(?!s)", text)) for text in texts)


def test_the_fullest_leaflet_is_one_side_as_pdf(county, fullest):
    """WeasyPrint sets the fullest leaflet on one side, and the fullest in larger print as well."""
    centre, page, many = fullest
    maker = Leaflets(None)

    assert page.count("<tr><td>") >= 15
    assert sides(maker.pdf(centre, page, county.site.base_address)) == 1
    assert sides(maker.pdf(centre, many, county.site.base_address)) == 1


@pytest.mark.browser
def test_the_fullest_leaflet_is_one_side_in_a_browser(chromium, fullest):
    """Chromium prints both on one side."""
    css = static_files()["site.css"].content.decode()
    paper = chromium.new_page()
    try:
        printed = []
        for page in fullest[1:]:
            whole = re.sub(r'<link rel="stylesheet"[^>]*>', f"<style>{css}</style>", page)
            paper.set_content(
                whole.replace("<script", "<template").replace("</script", "</template")
            )
            printed.append(sides(paper.pdf(prefer_css_page_size=True)))
    finally:
        paper.close()

    assert printed == [1, 1]


def test_a_leaflet_says_where_to_book_and_how_to_have_it_larger(fullest):
    """It has a code to scan, the address in letters, and large print without a script."""
    centre, page, _ = fullest

    assert 'class="qrline"' in page
    assert f"<b>families.example{centre.path}</b>" in page
    assert 'href="#large"' in page
    assert 'id="large"' in page
    assert ".leaflet:target" in static_files()["site.css"].content.decode()


def test_every_leaflet_says_how_to_reach_us(county, context):
    """It has the number that is no sample, or else the address of the contact page in full."""
    wrong = [
        centre.slug
        for centre in county.centres
        for page in [leaflet(context, centre)]
        if capital(contact_about(centre, county.site).words) not in page
        or "01632 960" in page
        or "<p>." in page  # for want of an address
    ]

    assert wrong == []


def test_damaged_pictures_are_still_refused():
    """S16: the import of WeasyPrint does not make Pillow accept damaged pictures."""
    assert leaflets.missing() is None
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_the_same_leaflet_is_the_same_bytes(county, fullest):
    """Nothing is taken from a clock, from chance or from another host."""
    centre, page, _ = fullest
    first, second = (Leaflets(None).pdf(centre, page, county.site.base_address) for _ in range(2))

    assert first == second
    assert first.startswith(b"%PDF-")


def test_only_changed_leaflets_are_made_anew(tmp_path, sample_root, monkeypatch):
    """A build makes each leaflet once; the next one takes those whose page is the same."""
    monkeypatch.setenv("PORTAL_LEAFLETS", "yes")
    root = shutil.copytree(sample_root, tmp_path / "root")
    settings = load_settings(root=root, out=tmp_path / "build", var=tmp_path / "var")
    build.build(settings, today=date(2026, 11, 23), jobs=1)
    made = {path: path.stat().st_ino for path in (tmp_path / "build").rglob("*.pdf")}
    before = {path: path.read_bytes() for path in made}
    file = root / "centres/preston/riverbank/play-monday.md"
    file.write_text(file.read_text().replace("9:30-11:00", "9:30-11:30"))
    build.build(settings, today=date(2026, 11, 24), jobs=1)
    changed = {path.parent.name for path in made if path.read_bytes() != before[path]}

    assert sorted(path.parent.name for path in made) == [
        "harbour",
        "mill-brow",
        "riverbank",
        "weavers-yard",
    ]
    assert changed == {"riverbank"}
    page = (tmp_path / "build/centres/riverbank/whats-on/index.html").read_text()
    assert 'href="/centres/riverbank/whats-on.pdf"' in page


def test_without_the_extra_a_build_says_so(tmp_path, sample_root):
    """Where WeasyPrint is missing, the site is built without PDFs, and says how to have them."""
    script = (
        "import sys; sys.modules['weasyprint'] = None\n"
        "import importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'weasyprint' else found(name, *a)\n"
        "from portal.commands import main\n"
        f"main(['--root', {str(sample_root)!r}, 'build', '--out', {str(tmp_path / 'build')!r}])\n"
    )
    made = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PORTAL_VAR": str(tmp_path / "var"), "PORTAL_LEAFLETS": "yes"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert made.returncode == 0, made.stderr
    assert "Leaflets are not made as PDF" in made.stderr
    assert "portal[pdf]" in made.stderr
    assert not list((tmp_path / "build").rglob("*.pdf"))
    assert (tmp_path / "build/centres/riverbank/whats-on/index.html").exists()
