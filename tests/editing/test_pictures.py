"""Photos that workers send in, and what is sent in the place of photos."""

import io
import re
import struct
import zlib
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from portal.editing.pictures import LARGEST, MOST_BYTES, SHAPE, PictureError, cleaned

SECRET = b"53.7632N 2.7031W"  # where a family lives, say
WIDTH, HEIGHT = 420, 300


@cache
def photo(mode="RGB", size=(WIDTH, HEIGHT)):
    """Something with soft colours, as a camera sees them."""
    bands = [Image.linear_gradient("L").resize(size).rotate(90 * turn) for turn in range(3)]
    image = Image.merge("RGB", bands)
    if mode == "P":
        return image.quantize(32)
    if mode == "I;16":
        return image.convert("I").point(lambda value: value * 257).convert("I;16")
    return image.convert(mode)


def saved(kind, image=None, **options):
    file = io.BytesIO()
    (image or photo("L" if kind == "GIF" else "RGB")).save(file, kind, **options)
    return file.getvalue()


@cache
def plain(kind):
    return saved(kind)


def jpeg_of_size(width, height):
    """A small JPEG whose header says that it is larger."""
    data = plain("JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of_size(width, height, *, pixels=b""):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@cache
def bomb(width=30_000, height=30_000):
    """A PNG of less than a megabyte that decodes to 2.7 GB."""
    packer = zlib.compressobj()
    start = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return png_of_size(width, height, pixels=start + again * (width * height * 3 >> 20))


def png_with(name, data):
    return plain("PNG")[:33] + chunk(name, data) + plain("PNG")[33:]


def jpeg_with(marker, data):
    """A JPEG with one more segment at its start."""
    segment = b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data
    return plain("JPEG")[:2] + segment + plain("JPEG")[2:]


def located(orientation=1):
    """EXIF data as a phone writes it: with the place, and a description."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (53.0, 45.0, 47.0), 3: "W", 4: (2.0, 42.0, 11.0)})
    return exif


def screen_profile():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def webp_of_size(width, height):
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    inner = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + size
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


def frames(kind):
    others = [photo("L").rotate(turn) for turn in (90, 180)]
    return saved(kind, save_all=True, append_images=others, duration=50)


def described(text_of):
    info = PngImagePlugin.PngInfo()
    text_of(info)
    return saved("PNG", pnginfo=info)


SCRIPT = b"<script>alert('" + SECRET + b"')</script>"
ZIP = b"PK\x03\x04" + SECRET + b"PK\x05\x06" + bytes(18)

BOMBS = {
    "a PNG bomb": bomb,
    "a PNG that says it is huge": lambda: png_of_size(2**31 - 1, 2**31 - 1),
    "a PNG of 100 million pixels": lambda: png_of_size(10_000, 10_000),
    "a PNG of 25 million pixels and a row": lambda: png_of_size(5_000, 5_001),
    "a JPEG of 65535 x 65535": lambda: jpeg_of_size(65_535, 65_535),
    "a JPEG of 51 million pixels": lambda: jpeg_of_size(10_000, 5_100),
    "a GIF of 65535 x 65535": lambda: b"GIF89a" + b"\xff" * 4 + plain("GIF")[10:],
}
REFUSED = {
    "nothing": (lambda: b"", "is empty"),
    "more than 20 MB": (lambda: plain("JPEG") + bytes(MOST_BYTES), "larger than 20 MB"),
    "words": (lambda: b"A photo of the garden", "is not a photo"),
    "a program": (lambda: b"\x7fELF" + bytes(2000), "is not a photo"),
    "a web page": (lambda: b"<!DOCTYPE html><html>" + SCRIPT, "is not a photo"),
    "an SVG": (lambda: b"<?xml version='1.0'?>\n<svg>" + SCRIPT + b"</svg>", "the format SVG"),
    "an SVG with a mark": (lambda: b"\xef\xbb\xbf <SVG onload='x()'/>", "the format SVG"),
    "an archive": (lambda: ZIP, "is not a photo"),
    "a PDF": (lambda: b"%PDF-1.7\n" + SCRIPT, "the format PDF"),
    "an EPS": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "the format EPS"),
    "a PSD": (lambda: b"8BPS\0\1" + bytes(20), "the format PSD"),
    "a TIFF": (lambda: saved("TIFF"), "the format TIFF"),
    "a BMP": (lambda: saved("BMP"), "the format BMP"),
    "a JPEG 2000": (lambda: saved("JPEG2000"), "the format JPEG 2000"),
    "an icon": (lambda: saved("ICO"), "is not a photo"),
    "a photo of an iPhone": (lambda: b"\0\0\0\x18ftypheic" + bytes(40), "HEIC, which iPhones use"),
    "an AVIF": (lambda: b"\0\0\0\x1cftypavif" + bytes(40), "the format AVIF"),
    "a PNG of no size": (lambda: png_of_size(0, 0), "is not a photo"),
    "a JPEG of no size": (lambda: jpeg_of_size(0, 0), "is not a photo"),
    "one pixel": (lambda: saved("GIF", Image.new("L", (1, 1))), "has 1 x 1 pixels"),
    "a line": (lambda: saved("PNG", Image.new("L", (3000, 2))), "has 3000 x 2 pixels"),
    "the signature of a PNG alone": (lambda: plain("PNG")[:8], "is not a photo"),
    "the signature of a JPEG alone": (lambda: b"\xff\xd8\xff\xe0" + SCRIPT, "is damaged"),
    "a JPEG named in a PNG": (lambda: plain("PNG")[:8] + plain("JPEG")[3:], "is not a photo"),
    "a RIFF that is no picture": (lambda: b"RIFF\x24\0\0\0WAVEfmt " + bytes(40), "is not a photo"),
    "a PNG without pixels": (lambda: png_of_size(WIDTH, HEIGHT), "is damaged"),
    "a PNG with a row of its pixels": (
        lambda: png_of_size(WIDTH, HEIGHT, pixels=zlib.compress(bytes(WIDTH))), "is damaged"
    ),
    "a PNG that is not packed": (
        lambda: png_of_size(WIDTH, HEIGHT, pixels=bytes(5000)), "is damaged"
    ),
    "a PNG with text that unpacks to 8 MB": (
        lambda: png_with(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(8 << 20), 1)), "is damaged"
    ),
    "a JPEG of a thousand passes": (
        lambda: saved("JPEG", progressive=True)[:-2] + b"\xff\xda" * 1000, "in an unusual way"
    ),
    "a WebP of 16384 x 16384": (lambda: webp_of_size(16_384, 16_384), " "),
}  # fmt: skip
CLEANED = {
    "a JPEG": lambda: plain("JPEG"),
    "a progressive JPEG": lambda: saved("JPEG", progressive=True),
    "a grey JPEG": lambda: saved("JPEG", photo("L")),
    "a JPEG for printers": lambda: saved("JPEG", photo("CMYK")),
    "a JPEG with its place": lambda: saved("JPEG", exif=located(orientation=6)),
    "a JPEG with broken EXIF": lambda: jpeg_with(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff" + SECRET),
    "a JPEG with a comment": lambda: saved("JPEG", comment=SECRET),
    "a JPEG with XMP": lambda: jpeg_with(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x>" + SECRET),
    "a JPEG with a profile": lambda: saved("JPEG", icc_profile=screen_profile() + SECRET),
    "a JPEG with a broken profile": lambda: saved("JPEG", icc_profile=SECRET * 100),
    "a JPEG with a profile of another kind": lambda: saved(
        "JPEG", photo("L"), icc_profile=screen_profile()
    ),
    "a JPEG with a script behind it": lambda: plain("JPEG") + SCRIPT,
    "a JPEG with an archive behind it": lambda: plain("JPEG") + ZIP,
    "a JPEG with a page in it": lambda: jpeg_with(0xFE, b"--></head>" + SCRIPT * 500),
    "a JPEG with a second one": lambda: plain("JPEG") + plain("JPEG"),
    "a JPEG of a camera with two lenses": lambda: frames("MPO"),
    "a PNG": lambda: plain("PNG"),
    "a PNG of few colours": lambda: saved("PNG", photo("P")),
    "a PNG of few colours, partly clear": lambda: saved("PNG", photo("P"), transparency=3),
    "a PNG of many clear colours": lambda: saved("PNG", photo("P"), transparency=bytes(range(32))),
    "a PNG that is half clear": lambda: saved("PNG", photo("RGBA")),
    "a grey PNG that is half clear": lambda: saved("PNG", photo("LA")),
    "a PNG with a clear colour": lambda: saved("PNG", transparency=(1, 2, 3)),
    "a PNG in black and white": lambda: saved("PNG", photo("1")),
    "a PNG of 16 bits": lambda: saved("PNG", photo("I;16")),
    "a PNG with its place": lambda: saved("PNG", exif=located(orientation=3)),
    "a PNG with much text": lambda: described(lambda info: info.add_text("a", "x" * 900_000)),
    "a PNG with a page in it": lambda: described(lambda info: info.add_itxt("a", SCRIPT.decode())),
    "a PNG with an unknown part": lambda: png_with(b"prVt", SCRIPT),
    "a PNG with a script behind it": lambda: plain("PNG") + SCRIPT,
    "a PNG with an archive behind it": lambda: plain("PNG") + ZIP,
    "a moving PNG": lambda: frames("PNG"),
    "a WebP": lambda: plain("WEBP"),
    "a WebP that is half clear": lambda: saved("WEBP", photo("RGBA"), lossless=True, method=0),
    "a WebP with its place": lambda: saved("WEBP", exif=located(), xmp=SECRET),
    "a moving WebP": lambda: frames("WEBP"),
    "a GIF": lambda: plain("GIF"),
    "a moving GIF": lambda: frames("GIF"),
    "a GIF with a comment": lambda: saved("GIF", comment=SECRET),
    "a GIF that is a script too": lambda: plain("GIF") + b"/*" + SCRIPT + b"*/=1;",
}


def check_clean(picture):
    """Only pixels, in the shape of the pages, in a file that is whole and has an end."""
    image = Image.open(io.BytesIO(picture.data))
    image.load()
    segments = [match[0][1] for match in re.finditer(rb"\xff[\xc0-\xfe]", picture.data)]

    assert (image.format, image.mode, image.size) == (
        "JPEG",
        "RGB",
        (picture.width, picture.height),
    )
    assert abs(picture.width * SHAPE[1] - picture.height * SHAPE[0]) <= SHAPE[0]
    assert {*image.info} <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive",
                             "progression"}  # fmt: skip
    assert not image.getexif()
    # Start, APP0, tables, a progressive frame, its passes, the end: no other segment.
    assert {*segments} <= {0xD8, 0xE0, 0xDB, 0xC2, 0xC4, 0xDA, 0xD9}
    assert picture.data.index(b"\xff\xd9") == len(picture.data) - 2
    assert not any(sign in picture.data for sign in (SECRET, b"<script", b"PK\x03\x04", b"Exif"))
    assert len(picture.data) <= 150_000


@pytest.mark.parametrize("name", CLEANED)
def test_a_photo_keeps_its_pixels_alone(name):
    """Whatever else is in a photo, before it or behind it, is not in the new file (S16)."""
    picture = cleaned(CLEANED[name]())

    check_clean(picture)
    assert min(picture.width, picture.height) > 190


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_is_decoded(name):
    """A file that would fill the memory is refused by what its header says (S16)."""
    with pytest.raises(PictureError, match=r"has too many pixels\. Make it smaller"):
        cleaned(BOMBS[name]())


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_a_photo_is_refused(name):
    """By what is in it and not by its name; the words say what to do (S16)."""
    make, words = REFUSED[name]
    with pytest.raises(PictureError) as refused:
        cleaned(make())

    assert words in str(refused.value)
    assert re.search(r"\. (Choose|Save|Make|Open) .*\.$", str(refused.value))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_photo_of_which_a_part_is_missing(kind):
    """A file that was cut off anywhere is refused in words, or is whole enough to be clean."""
    data = plain(kind)
    refused = 0
    for part in (1, 2, 3, 5, 8, 13, 25, 40, 50, 75, 90, 95, 99.9):
        try:
            check_clean(cleaned(data[: int(len(data) * part / 100)]))
        except PictureError:
            refused += 1

    assert refused >= 11


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_photo_with_wrong_bytes(kind):
    """Bytes that were changed on the way lead to words or to a clean photo, and to nothing else."""
    data = plain(kind)
    for at in range(4, len(data), max(len(data) // 12, 1)):
        spoilt = data[:at] + bytes(255 - byte for byte in data[at : at + 4]) + data[at + 4 :]
        with suppress(PictureError):
            check_clean(cleaned(spoilt))


def test_a_bomb_takes_little_memory():
    """A PNG of 30,000 x 30,000 pixels is refused with less than 50 MB of memory."""
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not reset.exists():
        pytest.skip("only Linux says how much memory was needed")

    def kilobytes(name):
        return int(re.search(rf"{name}:\s+(\d+)", status.read_text())[1])

    data = bomb()
    reset.write_text("5")  # the peak starts again from what is in use now
    before = kilobytes("VmRSS")
    with pytest.raises(PictureError):
        cleaned(data)

    assert len(data) < 4_000_000
    assert kilobytes("VmHWM") - before < 50_000


# --- colours, crop and size -----------------------------------------------------------------------


def colour(picture, x, y):
    """The nearest of a few plain colours at a place, from 0 to 1."""
    image = Image.open(io.BytesIO(picture.data))
    found = image.getpixel((int(x * (image.width - 1)), int(y * (image.height - 1))))
    names = {"red": (255, 0, 0), "blue": (0, 0, 255), "white": (255, 255, 255), "grey": (128,) * 3}
    return min(
        names, key=lambda name: sum(abs(a - b) for a, b in zip(names[name], found, strict=True))
    )


def halves(size=(900, 300)):
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    return image


@pytest.mark.parametrize(
    ("focus", "left", "right"),
    [
        (None, "red", "blue"),
        ((0.5, 0.5), "red", "blue"),
        ((0, 0), "red", "red"),
        ((1, 1), "blue", "blue"),
        ((-5, 9), "red", "red"),
        ((float("nan"), float("inf")), "red", "blue"),
    ],
)
def test_the_focus_stays_in_view(focus, left, right):
    """A photo is cropped around the place that somebody chose, or around its middle."""
    picture = cleaned(saved("PNG", halves()), focus=focus)

    assert (picture.width, picture.height) == (450, 300)
    assert (colour(picture, 0.02, 0.5), colour(picture, 0.98, 0.5)) == (left, right)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_upright(orientation):
    """It is turned as the camera says, and the focus is a place of the photo as people see it."""
    upright = Image.new("RGB", (300, 900), "red")
    upright.paste("blue", (0, 300, 300, 900))
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the turns of Pillow that undo each
    turned = upright.transpose(back[orientation]) if orientation > 1 else upright
    data = saved("JPEG", turned, exif=located(orientation), quality=95)

    assert colour(cleaned(data, focus=(0.5, 0)), 0.5, 0.5) == "red"
    assert colour(cleaned(data, focus=(0.5, 1)), 0.5, 0.5) == "blue"


def test_colours_are_those_of_screens():
    """A profile is applied and left out; what is clear becomes white; 16 bits stay as bright."""
    red = Image.new("RGB", (WIDTH, HEIGHT), "red")
    # The same profile with red and blue exchanged.
    swapped = screen_profile().replace(b"rXYZ", b"?", 1).replace(b"bXYZ", b"rXYZ", 1)
    swapped = swapped.replace(b"?", b"bXYZ", 1)
    clear = Image.new("RGBA", (WIDTH, HEIGHT), (255, 0, 0, 0))
    grey = Image.new("I;16", (WIDTH, HEIGHT), 128 * 256)

    assert colour(cleaned(saved("PNG", red)), 0.5, 0.5) == "red"
    assert colour(cleaned(saved("PNG", red, icc_profile=swapped)), 0.5, 0.5) == "blue"
    assert colour(cleaned(saved("PNG", clear)), 0.5, 0.5) == "white"
    assert colour(cleaned(saved("PNG", grey)), 0.5, 0.5) == "grey"
    assert colour(cleaned(saved("JPEG", red.convert("CMYK"))), 0.5, 0.5) == "red"


def test_a_large_photo_becomes_small():
    """It is as large as pages need, and light enough for a phone, whatever it shows."""
    large = cleaned(saved("JPEG", photo(size=(1500, 1500))))
    noise = Image.effect_noise((1200, 800), 200).convert("RGB")
    noisy = cleaned(saved("JPEG", noise, quality=90))

    assert (large.width, large.height) == LARGEST
    check_clean(large)
    check_clean(noisy)


def test_what_is_clean_can_be_cleaned_again():
    """A published photo that is sent in again is accepted."""
    again = cleaned(cleaned(plain("JPEG")).data + SCRIPT)

    check_clean(again)
    assert again.extension == "jpg"
