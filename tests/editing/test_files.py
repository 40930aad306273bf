"""What may be read and edited, and how a text keeps the form of its file."""

import pytest

from portal.content.paths import is_content_path
from portal.editing.files import Edit, EditingError, bytes_to_write, digest_of, read
from tests.support.paths import ROOT

PATH = "centres/preston/riverbank/bump-spring.md"

# Paths of a form that must reach nothing.
TRICKS = [
    "", "/", ".", "..", "content", "content/", "centres/preston/riverbank",
    "../etc/passwd", "content/../../etc/passwd", "content/pages/../../var/secret",
    "/etc/passwd", "//etc/passwd", "/content/site.yaml", "content//site.yaml",
    "content/./site.yaml",
    "content\\site.yaml", "content/pages/..\\..\\secret.md", "C:/content/site.yaml",
    "content/pages/a\0b.md", "content/pages/about.md\0", "content/pages/about.md\n",
    "content/pages/about.md ", " content/pages/about.md", "content/pages/About.md",
    "CONTENT/pages/about.md", "Centres/preston/riverbank/index.md",
    "centres/preston/riverbank/index.MD", "centres/preston/riverbank/photo.JPG",
    "centres/preston/riverbank/photo.svg", "centres/preston/riverbank/photo.gif",
    "centres/preston/riverbank/photo.jpg.md", "centres/preston/riverbank/.htaccess",
    "centres/preston/riverbank/index.md~", "centres/preston/riverbank/index.md.save",
    "centres/preston/riverbank/play.xx.md", "centres/preston/riverbank/play.pl.pl.md",
    "centres/preston/riverbank/deeper/play.md", "centres/preston/play.md", "centres/play.md",
    "centres/preston/../riverbank/index.md", "centres/.git/hooks/index.md",
    "content/FIELDS.md", "content/schema/series.json", "content/.git/config.md",
    "content/messages/nothing-of-ours.md", "content/site.yml", "content/secrets.yaml",
    "programmes/.hidden.md", "programmes/a--b.md", "programmes/-a.md", "programmes/a_b.md",
    "programmes/caf\u00e9.md", "programmes/\u202eplay.md", "programmes/%2e%2e/play.md",
    "programmes/" + "a" * 65 + ".md", "programmes/play.html", "programmes/sub/play.md",
    "portal/settings.py", "var/portal.db", ".git/config", "README.md", "build/index.html",
    "centres/preston/riverbank/\ud800.md",
]  # fmt: skip


@pytest.mark.parametrize("path", TRICKS, ids=ascii)
def test_no_other_path_is_read(sample_root, path):
    """A path that leads anywhere but to a content file is refused unopened (S75)."""
    with pytest.raises(EditingError, match="is not the path of a content file"):
        read(sample_root, path)


def test_every_content_file_that_is_shipped_can_be_named():
    """The rule for paths takes every file that the reader of the content takes."""
    written_by_schema = ("content/schema/", "content/FIELDS.md")
    paths = [
        path.relative_to(ROOT).as_posix()
        for folder in ("content", "centres", "programmes")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    ]

    assert len(paths) > 400
    assert [
        path
        for path in paths
        if not is_content_path(path) and not path.startswith(written_by_schema)
    ] == []


@pytest.mark.parametrize("which", ["file", "folder", "centre"])
def test_a_link_is_not_followed(tmp_path, which):
    """A link in the place of a file or of a folder on the way leads nowhere (S75)."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "play.md").write_text("secret")
    root = tmp_path / "root"
    place = root / "centres/preston/riverbank"
    place.parent.mkdir(parents=True)
    if which == "centre":
        place.symlink_to(outside)
    elif which == "file":
        place.mkdir()
        (place / "play.md").symlink_to(outside / "play.md")
    else:
        (place / "play.md").mkdir(parents=True)

    with pytest.raises(EditingError, match=r"not a (file|folder)"):
        read(root, "centres/preston/riverbank/play.md")


def test_a_file_is_read_byte_for_byte(sample_root):
    """The text holds all that is in the file, and the digest is of the same bytes."""
    text, digest = read(sample_root, PATH)

    assert text.encode() == (sample_root / PATH).read_bytes()
    assert digest == digest_of(text) == digest_of(text.encode())


def test_what_is_no_text_is_said_in_words(tmp_path):
    """A file that is gone, too large or in another encoding is refused with its name."""
    (tmp_path / "programmes").mkdir()
    (tmp_path / "programmes/old.md").write_bytes("caf\u00e9".encode("latin-1"))
    (tmp_path / "programmes/big.md").write_bytes(b"a" * 1_000_001)

    for name, words in [("gone", "no file"), ("old", "UTF-8"), ("big", "1 MB")]:
        with pytest.raises(EditingError, match=words):
            read(tmp_path, f"programmes/{name}.md")


@pytest.mark.parametrize(
    ("current", "text", "wanted"),
    [
        (b"a\nb\n", "a\r\nc\r\n", b"a\nc\n"),
        (b"a\r\nb\r\n", "a\nc\n", b"a\r\nc\r\n"),
        (b"a\r\nb\r\n", "a\r\nc\r\n", b"a\r\nc\r\n"),
        (b"a\r\nb\n", "a\r\nc\n", b"a\r\nc\n"),
        (b"\xef\xbb\xbfa\n", "b\n", b"\xef\xbb\xbfb\n"),
        (b"\xef\xbb\xbfa\n", "\ufeffb\n", b"\xef\xbb\xbfb\n"),
        (None, "a\r\nb\r\n", b"a\nb\n"),
        (None, b"a\r\nb", b"a\r\nb"),
        (b"a", None, None),
    ],
)
def test_a_text_keeps_the_form_of_its_file(current, text, wanted):
    """Line ends and a byte order mark stay, whatever a browser's text box has made of them."""
    assert bytes_to_write(Edit(PATH, text, None), current) == wanted


def test_half_a_character_is_refused():
    """What cannot be written as UTF-8 is said to its author, and is no fault of the server."""
    with pytest.raises(EditingError, match="not text"):
        bytes_to_write(Edit(PATH, "a\ud800", None), b"a")
