"""Photos at build: small, in several sizes, and made of nothing but pixels."""

import io
import re
import shutil
from datetime import date

import pytest
from PIL import Image

from portal import content
from portal.content import ContentError
from portal.content.pictures import fault
from portal.web.assets import static_files
from portal.web.site.app import addresses, create_site
from portal.web.site.photos import MOST_BYTES, Photos
from tests.support.left import last_site

TODAY = date(2026, 11, 23)
PLACE = "53 deg 45 min north"


def with_place(image, kind):
    """The bytes of a picture that says where and by whom it was taken, and lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = PLACE
    exif[0x013B] = "Sam Smith"
    exif.get_ifd(0x8825)[1] = "N"
    file = io.BytesIO()
    image.save(file, kind, exif=exif, quality=60)
    return file.getvalue()


@pytest.fixture(scope="module")
def shown(tmp_path_factory, sample_root):
    """The sample with photos: of a centre, of a programme, in a text, and of nothing."""
    root = tmp_path_factory.mktemp("photos") / "root"
    shutil.copytree(sample_root, root)
    riverbank = root / "centres/preston/riverbank"
    busy = Image.effect_noise((360, 600), 90).convert("RGB")
    (riverbank / "front.jpg").write_bytes(with_place(busy, "JPEG"))
    (riverbank / "front.png").unlink()
    plain = Image.new("RGB", (300, 200), "teal")
    (riverbank / "garden.png").write_bytes(with_place(plain, "PNG"))
    (riverbank / "unused.png").write_bytes(with_place(plain, "PNG"))
    (root / "programmes/playing.webp").write_bytes(with_place(plain, "WEBP"))
    for path, old, new in (
        (riverbank / "index.md", "photo: front.png", "photo: front.jpg"),
        (riverbank / "index.md", "\n---\n", "\n---\n\n![The garden](garden.png)\n"),
        (
            root / "programmes/play-sessions.md",
            "\n---\n",
            "\nphoto: playing.webp\nphoto_alt: Blocks on a rug\n---\n",
        ),
    ):
        head, found, rest = path.read_text("utf-8").rpartition(old)
        assert found
        path.write_text(f"{head}{new}{rest}", "utf-8")
    return content.load(root, today=TODAY)


@pytest.fixture(scope="module")
def files(shown):
    return Photos(shown).files


@pytest.fixture(scope="module")
def made(files):
    return {path: make() for path, make in files.items()}


def test_a_photo_is_small_in_each_size(made):
    """Each size of the busiest photo is at most 60 KB, and turned the right way up."""
    sizes = {}
    for path, data in made.items():
        assert len(data) <= MOST_BYTES, path
        with Image.open(io.BytesIO(data)) as image:
            sizes[re.sub(r"\.[0-9a-f]{10}\.", ".", path)] = image.size
    assert sizes["/static/photos/front-480.webp"][0] == 480
    assert all(w > h for path, (w, h) in sizes.items() if "front" in path)
    assert {path for path in sizes if "playing" in path} >= {"/static/photos/playing-200.webp"}


def test_only_pixels_are_published(made):
    """Nothing that a camera or a program wrote into a picture is in what is published (S87)."""
    for path, data in made.items():
        with Image.open(io.BytesIO(data)) as image:
            assert not image.getexif(), path
            assert not {"exif", "icc_profile", "comment", "xmp"} & image.info.keys(), path
        assert b"Sam Smith" not in data
        assert PLACE.encode() not in data


def test_pictures_that_no_page_shows_are_not_published(shown, files):
    """A picture beside a file is part of the site only if a public page shows it (S87)."""
    listed = set(addresses(shown))

    assert "/centres/riverbank/garden.png" in listed
    assert "/centres/riverbank/unused.png" not in listed
    assert "/centres/riverbank/front.jpg" not in listed
    assert files.keys() <= listed


def test_pages_offer_each_size(shown, files):
    """A page names sizes that exist, with width, height and words, and loads them when in view."""
    client = create_site(shown).test_client()
    series = next(one for one in shown.series if one.programme.slug == "play-sessions")
    for path, words in (
        ("/centres/riverbank/", shown.centres[-1].photo_alt or ""),
        ("/programmes/play-sessions/", "Blocks on a rug"),
        (series.path, "Blocks on a rug"),
    ):
        html = client.get(path).text
        [picture] = re.findall(r"<picture>.*?</picture>", html, re.S)
        named = re.findall(r"(/static/photos/\S+)", picture.replace('"', " "))

        assert set(named) <= files.keys()
        assert len(named) > 1
        assert re.search(
            r'<img class="photo" [^>]*width="\d+" height="\d+"[^>]*loading="lazy"', picture
        )
        assert words in picture


def test_what_the_last_build_made_is_taken(shown, files, tmp_path):
    """A size that the last site has under its address is not made again."""
    path = next(path for path in files if "playing" in path)
    (tmp_path / "static/photos").mkdir(parents=True)
    (tmp_path / path[1:]).write_bytes(b"made by the last build")

    kept = Photos(shown, last_site(tmp_path, [path[1:]]))
    assert kept.files[path]() == b"made by the last build"
    (tmp_path / path[1:]).write_bytes(b"")
    assert len(kept.files[path]()) > 100


def test_the_page_of_a_draft_needs_no_picture_on_the_disk(tmp_path, sample_root):
    """The page of a draft shows the pictures it is given addresses for, in one size; files that
    have gone meanwhile, its own or of other centres, do not matter."""
    root = shutil.copytree(sample_root, tmp_path / "root")
    directory = content.load(root, today=TODAY)
    front = directory.centre("riverbank").picture.file
    front.unlink()
    own = create_site(directory, originals={front: "/draft/front.png"}).test_client()
    other = create_site(directory, originals={}).test_client()

    html = own.get("/centres/riverbank/").text
    assert re.search(r'<img class="photo" src="/draft/front.png" alt="A low brick', html)
    assert "<source" not in html
    assert other.get("/centres/harbour/").status_code == 200


def test_a_damaged_picture_is_a_mistake(tmp_path, sample_root):
    """Half a picture is named with its file and a remedy before anything is built."""
    root = tmp_path / "root"
    shutil.copytree(sample_root, root)
    front = root / "centres/preston/riverbank/front.png"
    front.write_bytes(front.read_bytes()[: front.stat().st_size // 2])

    with pytest.raises(ContentError) as raised:
        content.load(root, today=TODAY)
    assert str(raised.value) == (
        "centres/preston/riverbank/front.png:1:1: the picture is damaged, or only a part of it "
        "arrived. Save it again as JPEG, and replace this file."
    )


def test_every_kind_of_picture_can_be_whole(tmp_path):
    """A sound picture of each format has no fault."""
    for kind in ("JPEG", "PNG", "WEBP"):
        file = tmp_path / kind.lower()
        file.write_bytes(with_place(Image.new("RGB", (60, 40), "teal"), kind))
        assert fault(file) == ""


def test_a_centre_without_a_photo_has_a_drawing(directory, answers):
    """Each kind of centre has a drawing, which is shown where there is no photo."""
    drawings = static_files()["centres.svg"]
    kinds = {one.get("id") for one in _ids(drawings.content)}

    for centre in directory.centres:
        html = answers[centre.path].text
        assert (f'href="{drawings.path}#' in html) == (centre.photo is None)
    from portal.directory import fields

    assert {kind.replace(" ", "-").replace("'", "") for kind in fields._CENTRE_KINDS} <= kinds


def _ids(content):
    from xml.etree import ElementTree

    return [one for one in ElementTree.fromstring(content).iter() if one.get("id")]
