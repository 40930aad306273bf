"""Photos that a worker sends in: decoded, cropped and encoded again, so that only pixels stay.

What a file is called does not count, only what is in it. The new file is made from the pixels
alone: where the photo was taken, comments, colour profiles, further frames and whatever was hidden
behind the picture are left out (S16). Size is checked before a picture is decoded, because a file
of a few kilobytes can hold one that fills the memory.
"""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass
from typing import NoReturn

from PIL import Image, ImageOps, UnidentifiedImageError

from portal.content.pictures import (
    ONE_AT_A_TIME,
    in_screen_colours,
    on_white,
    orientation,
    resizable,
)
from portal.errors import PortalError

MOST_BYTES = 20_000_000
SHAPE = (3, 2)  # width to height
LARGEST = (1200, 800)  # pixels
SMALLEST_WIDTH = 300  # pixels, once it is cropped
_AIM = 150_000  # bytes

# The largest ones need 300 MB each. A JPEG is decoded at a fraction of its size.
_MOST_PIXELS = {"JPEG": 50_000_000, "MPO": 50_000_000, "PNG": 25_000_000}
_MOST_PIXELS_OF_OTHERS = 16_000_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
# Each of them is a pass over the whole picture. Cameras and programs write about ten.
_MOST_SCANS = 50

# How other files begin that people take for photos.
_OTHERS = (
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"BM", "BMP"),
    (b"8BPS", "PSD"),
    (b"%!PS", "EPS"),
    (b"\xc5\xd0\xd3\xc6", "EPS"),
    (b"%PDF", "PDF"),
    (b"\0\0\0\x0cjP", "JPEG 2000"),
)
_HEIC = (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1", b"ftypmsf1")


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo as it may be published."""

    data: bytes
    width: int
    height: int
    extension: str


class PictureError(PortalError):
    """A file that cannot be used as a photo; the words say what to do."""


def cleaned(data: bytes, *, focus: tuple[float, float] | None = None) -> Picture:
    """The picture in a file, cropped to its shape around the focus and without anything else.

    The focus is the place that must stay in view: from (0, 0) at the top left to (1, 1) at the
    bottom right of the photo as people see it. Raises PictureError.
    """
    _check_file(data)
    with ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Cameras write odd metadata, which is not kept.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            picture = _cropped(_pixels(data), focus or (0.5, 0.5))
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise PictureError(_TOO_LARGE) from error
        except PictureError:
            raise
        # Decoders raise errors of a dozen kinds for a damaged file.
        except Exception as error:
            raise PictureError(
                "This photo is damaged, or only a part of it arrived. Open it on your device, save "
                "it again as JPEG, and choose the new file."
            ) from error
    return _encoded(picture)


_TOO_LARGE = (
    "This photo has too many pixels. Make it smaller, about 2,000 pixels wide, and choose it again."
)


# --- what kind of file it is ---------------------------------------------------------------------


def _check_file(data: bytes) -> None:
    if not data:
        raise PictureError("This file is empty. Choose another one.")
    if len(data) > MOST_BYTES:
        raise PictureError(
            f"This file is larger than {MOST_BYTES // 1_000_000} MB. Make the photo smaller, about "
            "2,000 pixels wide, and choose it again."
        )
    if data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > _MOST_SCANS:
        raise PictureError(
            "This photo is written in an unusual way. Save it again as JPEG, and choose the new "
            "file."
        )


def _refuse_kind(data: bytes) -> NoReturn:
    start = data[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    name = next((name for sign, name in _OTHERS if data.startswith(sign)), "")
    if data[4:12] in _HEIC:
        name = "HEIC, which iPhones use"
    elif data[4:12] == b"ftypavif":
        name = "AVIF"
    elif start.startswith(b"<") and b"<svg" in start:
        name = "SVG"
    if name:
        raise PictureError(f"This file is in the format {name}. Save it as JPEG, and choose that.")
    raise PictureError("This is not a photo. Choose a file in the format JPEG, PNG or WebP.")


# --- pixels --------------------------------------------------------------------------------------


def _pixels(data: bytes) -> Image.Image:
    """The picture upright, in the colours of screens, and hardly larger than it needs to be."""
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError:
        _refuse_kind(data)
    width, height = image.size
    if width * height > _MOST_PIXELS.get(image.format or "", _MOST_PIXELS_OF_OTHERS):
        raise PictureError(_TOO_LARGE)
    scale = LARGEST[0] / min(width, height)
    size = (math.ceil(width * scale), math.ceil(height * scale))
    image.draft(None, size)  # of the formats here, JPEG alone can be decoded smaller
    image.load()
    turn = orientation(image)
    image = resizable(image)
    if image.width > size[0]:
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    if turn is not None:
        image = image.transpose(turn)
    return on_white(in_screen_colours(image))


# --- the new file --------------------------------------------------------------------------------


def _cropped(image: Image.Image, focus: tuple[float, float]) -> Image.Image:
    """The largest part of the right shape with the focus as near to its middle as can be."""
    size = (
        min(image.width, image.height * SHAPE[0] // SHAPE[1]),
        min(image.height, image.width * SHAPE[1] // SHAPE[0]),
    )
    if size[0] < SMALLEST_WIDTH:
        raise PictureError(
            f"This photo has {image.width} x {image.height} pixels. Choose a larger one: at least "
            f"{LARGEST[0]} x {LARGEST[1]} is best."
        )
    x, y = (min(max(place, 0.0), 1.0) if math.isfinite(place) else 0.5 for place in focus)
    left = min(max(round(image.width * x - size[0] / 2), 0), image.width - size[0])
    top = min(max(round(image.height * y - size[1] / 2), 0), image.height - size[1])
    part = image.crop((left, top, left + size[0], top + size[1]))
    return ImageOps.contain(part, LARGEST) if part.width > LARGEST[0] else part


def _encoded(image: Image.Image) -> Picture:
    """A JPEG that is small enough to load on a phone, as good as it can be."""
    data = b""
    for width in (image.width, 900, 600):
        if width > image.width:
            continue
        smaller = image if width == image.width else ImageOps.contain(image, (width, width))
        for quality in (82, 70, 58):
            file = io.BytesIO()
            smaller.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
            data = file.getvalue()
            if len(data) <= _AIM:
                return Picture(data, smaller.width, smaller.height, "jpg")
    return Picture(data, smaller.width, smaller.height, "jpg")
