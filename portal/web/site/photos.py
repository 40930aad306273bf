"""Photos as the site shows them: several sizes of each, made at build from the content's pictures.

A size is made from pixels alone, so nothing that a camera wrote into the picture is published: not
where it was taken, by whom or when (S87). Each is at most 60 KB: its quality is lowered until it
is, then its size. The name of a file has the digest of what it is made from, so that a build can
reuse the files of the last one.

Pictures in the text of a page keep their names, and are cleaned in the same way. A picture that no
public page shows is not published.

The page of a draft shows the pictures of the draft as they are. Their files are gone by the time
that the page is made, and those of other drafts come and go meanwhile.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import PIL
from PIL import Image, features

from portal.content.pictures import (
    FORMATS,
    ONE_AT_A_TIME,
    in_screen_colours,
    on_white,
    orientation,
    resizable,
)
from portal.dependencies import remembered
from portal.directory import Centre, Directory, Programme, Series
from portal.directory.models import Picture
from portal.web.site.last_site import LastSite

MOST_BYTES = 60_000
WIDTHS = (480, 960)
# Increase this when the same picture should give other sizes.
_FORM = "1"
# Formats, the smallest files first, with the qualities that are tried.
_QUALITIES: Mapping[str, tuple[int, ...]] = {
    "avif": (60, 45, 30, 20),
    "webp": (78, 60, 40, 20),
    "jpeg": (80, 60, 40, 25),
    "png": (100,),
}
_SMALLER = 0.8
_SIDEWAYS = (
    Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270, Image.Transpose.TRANSPOSE,
    Image.Transpose.TRANSVERSE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Photo:
    """What a template needs of a photo: its sizes by media type, and what it shows.

    A picture that is shown as it is has no sizes, and its width and height are 0: not known.
    """

    sources: tuple[tuple[str, str], ...]  # (media type, srcset)
    src: str
    width: int
    height: int
    words: str


class _Sized(NamedTuple):
    """A picture with the widths that are made of it and their heights, the smallest first."""

    file: Path
    digest: str
    sizes: list[tuple[int, int]]

    def path(self, width: int, kind: str) -> str:
        return f"/static/photos/{self.file.stem}-{width}.{self.digest}.{kind}"


class Photos:
    """The photos of one Directory. `earlier` has those of the last site.

    `originals` are given for the page of a draft: the addresses at which pictures are shown as they
    are. No files are made then.
    """

    def __init__(
        self,
        directory: Directory,
        earlier: LastSite | None = None,
        originals: Mapping[Path, str] | None = None,
    ) -> None:
        self._directory = directory
        self._earlier = earlier
        self._originals = originals
        # Pages keep the photos that the site began with: an editor may remove a file later.
        self._sized = cache(_sized)

    @remembered
    def files(self) -> Mapping[str, Callable[[], bytes]]:
        """What makes each file, by its address."""
        if self._originals is not None:
            return {}
        files: dict[str, Callable[[], bytes]] = {}
        for file in self._shown:
            sized = self._sized(file)
            for width, _ in sized.sizes:
                for kind in _kinds():
                    path = sized.path(width, kind)
                    files[path] = partial(self._made, path, file, width, kind)
        for path, file in self._in_texts():
            kind = file.suffix[1:].lower().replace("jpg", "jpeg")
            files[path] = partial(_encoded, file, max(WIDTHS), kind)
        return files

    def of(self, picture: Picture | None) -> Photo | None:
        """A picture of the content as a photo."""
        if picture is None:
            return None
        if self._originals and picture.file in self._originals:
            return Photo((), self._originals[picture.file], 0, 0, picture.words)
        sized = self._sized(picture.file)
        sources = tuple(
            (
                f"image/{kind}",
                ", ".join(f"{sized.path(width, kind)} {width}w" for width, _ in sized.sizes),
            )
            for kind in _kinds()
        )
        width, height = sized.sizes[-1]
        smallest = sized.path(sized.sizes[0][0], "webp")
        return Photo(sources, smallest, width, height, picture.words)

    @remembered
    def _shown(self) -> list[Path]:
        directory = self._directory
        open_to_all = (one for one in directory.programmes if not one.sensitive)
        nouns: Iterable[Centre | Programme | Series]
        nouns = (*directory.centres, *open_to_all, *directory.series)
        files = (noun.picture.file for noun in nouns if noun.picture)
        return list(dict.fromkeys(files))

    def _in_texts(self) -> Iterator[tuple[str, Path]]:
        pictures = {
            f"{centre.path}{name}": file
            for centre in self._directory.centres
            for name, file in centre.images.items()
        }
        if not pictures:
            return
        directory = self._directory
        texts = (
            *directory.centres, *directory.series, *directory.programmes, *directory.pages,
            *directory.news, *directory.help_pages, *directory.boards,
        )  # fmt: skip
        for path, file in pictures.items():
            if any(path in text.html for text in texts):
                yield path, file

    def _made(self, path: str, file: Path, width: int, kind: str) -> bytes:
        kept = self._earlier.read(path[1:]) if self._earlier else None
        if kept is not None:
            return kept
        return _encoded(file, width, kind)


def _kinds() -> tuple[str, ...]:
    return ("avif", "webp") if features.check("avif") else ("webp",)


def _sized(file: Path) -> _Sized:
    state = _state(file)
    width, height = _upright_size(*state)
    widths = sorted({min(one, width) for one in WIDTHS})
    sizes = [(one, max(1, round(height * one / width))) for one in widths]
    return _Sized(file, _digest(*state), sizes)


def _encoded(file: Path, width: int, kind: str) -> bytes:
    """The picture of a file at most so wide, and small enough for a phone."""
    image = _pixels(*_state(file))
    while True:
        wide = min(width, image.width)
        size = (wide, max(1, round(image.height * wide / image.width)))
        smaller = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        for quality in _QUALITIES[kind]:
            data = _saved(smaller, kind, quality)
            if len(data) <= MOST_BYTES:
                return data
        width = int(wide * _SMALLER)


def _saved(image: Image.Image, kind: str, quality: int) -> bytes:
    file = io.BytesIO()
    match kind:
        case "avif":
            image.save(file, "AVIF", quality=quality, speed=8, max_threads=1)
        case "webp":
            image.save(file, "WEBP", quality=quality, method=4)
        case "jpeg":
            image.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
        case _:
            image.save(file, "PNG", optimize=True)
    return file.getvalue()


# Everything below is kept by the state of the file: pages ask for the same picture many times.


def _state(file: Path) -> tuple[Path, int, int]:
    stat = file.stat()
    return file, stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=1000)
def _digest(file: Path, _changed: int, _size: int) -> str:
    made_of = b"\0".join((file.read_bytes(), PIL.__version__.encode(), _FORM.encode()))
    return hashlib.sha256(made_of).hexdigest()[:10]


@lru_cache(maxsize=1000)
def _upright_size(file: Path, _changed: int, _size: int) -> tuple[int, int]:
    with ONE_AT_A_TIME, warnings.catch_warnings(), Image.open(file, formats=FORMATS) as image:
        warnings.simplefilter("ignore")
        turn = orientation(image)
        return (image.height, image.width) if turn in _SIDEWAYS else image.size


@lru_cache(maxsize=2)
def _pixels(file: Path, _changed: int, _size: int) -> Image.Image:
    """The picture upright and in the colours of screens, without anything else."""
    with ONE_AT_A_TIME, warnings.catch_warnings(), Image.open(file, formats=FORMATS) as opened:
        warnings.simplefilter("ignore")  # Cameras write odd metadata, which is not kept.
        opened.load()
        turn = orientation(opened)
        image = resizable(opened)
        if turn is not None:
            image = image.transpose(turn)
        return on_white(in_screen_colours(image))
