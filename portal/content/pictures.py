"""What every use of a photo does with its pixels, and whether the picture in a file is whole."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from threading import Lock

from PIL import Image, ImageCms
from PIL import WebPImagePlugin as _WebP  # noqa: F401 - Pillow knows WebP once this is imported

# Filters of warnings belong to the whole process, and so does the memory that a picture takes.
ONE_AT_A_TIME = Lock()
FORMATS = ("JPEG", "PNG", "WEBP")
_MOST_PIXELS = 16_000_000


def fault(path: Path) -> str:
    """What is wrong with a picture of the content, with the remedy; '' if it is whole."""
    try:
        with ONE_AT_A_TIME, warnings.catch_warnings(), Image.open(path, formats=FORMATS) as image:
            warnings.simplefilter("ignore")
            if image.width * image.height > _MOST_PIXELS:
                return "the picture has too many pixels. Make it smaller, about 1,200 pixels wide."
            image.draft(None, (image.width // 8, image.height // 8))
            image.load()
    # Decoders raise errors of a dozen kinds for a damaged file.
    except Exception:
        return (
            "the picture is damaged, or only a part of it arrived. Save it again as JPEG, and "
            "replace this file."
        )
    return ""


def orientation(image: Image.Image) -> Image.Transpose | None:
    """How a camera that was held sideways says that the photo has to be turned."""
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    try:
        return turns.get(image.getexif().get(0x0112, 1))
    except Exception:  # The rest of the photo may be sound.
        return None


def resizable(image: Image.Image) -> Image.Image:
    """The picture in a mode in which several pixels can be made into one."""
    if image.mode.startswith("I"):  # 16 bits for each pixel
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("RGB", "RGBA", "L", "CMYK") and "transparency" not in image.info:
        return image
    has_alpha = image.mode in ("RGBA", "LA", "La", "PA", "RGBa") or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "RGB")


def in_screen_colours(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if profile:
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            mode = "RGBA" if image.mode == "RGBA" else "RGB"
            screen = ImageCms.createProfile("sRGB")
            changed = ImageCms.profileToProfile(image, own, screen, outputMode=mode)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            changed = None  # A profile that is broken, or of another kind of picture.
        if changed is not None:
            return changed
    return image if image.mode == "RGBA" else image.convert("RGB")


def on_white(image: Image.Image) -> Image.Image:
    """A new picture that has nothing but the pixels: no metadata, and no transparency."""
    new = Image.new("RGB", image.size, "white")
    new.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    return new
