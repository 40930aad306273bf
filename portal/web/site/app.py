"""The public site: its pages as a Flask application, and the makers of all its other files.

Pages are declared in `pages/`. Everything else here is a file: feeds, redirects from old addresses,
static files, the page for unknown addresses, and the headers for static hosts. A file is made when
it is requested, so the freezer may make files in any order and in any process.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request
from werkzeug.routing import BaseConverter

from portal import feeds
from portal.dependencies import reading
from portal.directory import Board, Centre, Directory, HelpPage, News, Page, Programme
from portal.directory.addresses import BOARDS, HELP
from portal.feeds import calendars
from portal.web.assets import service_worker, static_files
from portal.web.frozen_files import file_headers, media_type
from portal.web.headers import HEADERS, STRICT_TRANSPORT
from portal.web.site.cards import Cards
from portal.web.site.county_map import CountyMap
from portal.web.site.last_site import LastSite
from portal.web.site.leaflets import Leaflets
from portal.web.site.pages import DEFAULT_PERIODS, KINDS, Context, leaflet, not_found
from portal.web.site.photos import Photos

_Maker = Callable[[Context], bytes]


class Site:
    """All files of the public site: its pages, and the makers of its other files.

    `base_address` replaces the site's own, on pages and in feeds. With `leaflets`, the leaflets of
    centres are also available as PDF. `once` are the addresses of calendars that were published
    before, which keep answering. `periods` is `Settings.periods`, for the pages of text. `earlier`
    is the last site, from which photos are taken that are still the same.
    `originals`, for the page of a draft, are those of `Photos`.
    """

    def __init__(
        self,
        directory: Directory,
        *,
        base_address: str | None = None,
        leaflets: Leaflets | None = None,
        once: Collection[str] = (),
        periods: Mapping[str, int] | None = None,
        earlier: LastSite | None = None,
        originals: Mapping[Path, str] | None = None,
    ) -> None:
        directory = directory.at(base_address)
        photos = Photos(directory, earlier, originals)
        # What this block reads is in the list that it makes: see `makers`.
        with reading():
            self._kinds = [(kind, dict(kind.nouns(directory))) for kind in KINDS]
            pages = {path for _, found in self._kinds for path in found}
            self._files = _files(directory, pages, leaflets, once, photos, earlier)
        # Whatever is read here, each page may depend on.
        with reading() as self.reads:
            self._context = Context(directory, self._files, periods or DEFAULT_PERIODS, photos)

    def addresses(self) -> list[str]:
        """Every public path: pages, files of the feeds, redirects from old names, static files."""
        pages = (path for _, found in self._kinds for path in found)
        return [*dict.fromkeys((*pages, *self._files))]

    def makers(self) -> Iterator[tuple[str, object]]:
        """Each public path with what makes it: a function, and what it is given.

        If that is the same as in the last site, only what it reads when it is called can differ.
        """
        for kind, found in self._kinds:
            for path, noun in found.items():
                yield path, (kind.make, noun)
        pages = {path for _, found in self._kinds for path in found}
        yield from ((path, maker) for path, maker in self._files.items() if path not in pages)

    def files(self) -> Mapping[str, Callable[[], bytes]]:
        """What makes the content of each address that is not a page."""
        pages = {path for _, found in self._kinds for path in found}
        return {
            path: partial(maker, self._context)
            for path, maker in self._files.items()
            if path not in pages
        }

    def app(self) -> Flask:
        """The site as a Flask application, which makes each page and file when it is asked."""
        app = Flask("portal.site", static_folder=None, template_folder=None)
        app.url_map.converters["slug"] = _Slug
        context, files = self._context, self._files
        for kind, found in self._kinds:
            if found:
                name = kind.make.__name__
                answer = partial(_answer, context, kind.make, found, files)
                app.add_url_rule(kind.rule, name, answer)
        app.add_url_rule("/<path:name>", "file", partial(_file, context, files))

        def unknown(_: Exception) -> tuple[str, int]:
            return not_found(context), 404

        def with_headers(response: Response) -> Response:
            response.headers.update(HEADERS)
            return response

        app.register_error_handler(404, unknown)
        app.after_request(with_headers)
        return app


def addresses(directory: Directory) -> list[str]:
    """Every public path of the site of a Directory."""
    return Site(directory).addresses()


def create_site(directory: Directory, **options: Any) -> Flask:
    """The application of the public site, for previews; `options` are those of `Site`."""
    return Site(directory, **options).app()


class _Slug(BaseConverter):
    """A slug in a page's address. Without it `/404.html` would redirect to `/404.html/`."""

    regex = "[a-z0-9-]+"


def _answer(
    context: Context,
    make: Callable[..., str],
    found: Mapping[str, Any],
    files: Mapping[str, _Maker],
    **_: str,
) -> str | Response:
    if request.path not in found:
        return _file(context, files)  # an old name, or an unknown one
    noun = found[request.path]
    return make(context) if noun is None else make(context, noun)


def _files(
    directory: Directory,
    pages: Collection[str],
    leaflets: Leaflets | None,
    once: Collection[str],
    photos: Photos,
    earlier: LastSite | None,
) -> dict[str, _Maker]:
    """Makers of all other files, by path: feeds, redirects, static files and the like."""
    files: dict[str, _Maker] = {
        "/404.html": lambda context: not_found(context).encode(),
        "/service-worker.js": partial(_constant, service_worker()),
        "/manifest.webmanifest": lambda context: context.part("site/manifest.json"),
        "/_headers": _headers,
    }
    for static in static_files().values():
        files[static.path] = partial(_constant, static.content)
    drawn = CountyMap(directory)
    if drawn.path:
        files[drawn.path] = partial(_constant, drawn.content)
    for makers in (photos.files, Cards(directory, drawn, earlier).files):
        for path, maker in makers.items():
            files[path] = partial(_made, maker)
    for path, _, maker in feeds.files(directory):
        files[path] = partial(_made, maker)
    gone = sorted(path for path in once if path not in files)
    for path, maker in calendars.former_files(directory, gone).items():
        files[path] = partial(_made, maker)
    if leaflets is not None:
        for centre in directory.centres:
            files[centre.leaflet_path] = partial(_leaflet, leaflets, centre)
    known = {*pages, *files}
    for old, new in _moved(directory):
        if old not in known:
            files[old] = partial(_redirect, new)
    return files


def _constant(content: bytes, _: Context) -> bytes:
    return content


def _made(maker: Callable[[], bytes], _: Context) -> bytes:
    return maker()


def _leaflet(leaflets: Leaflets, centre: Centre, context: Context) -> bytes:
    return leaflets.pdf(centre, leaflet(context, centre), context.site.base_address)


def _redirect(new: str, context: Context) -> bytes:
    return context.part("site/moved.html", new=new)


def _file(context: Context, files: Mapping[str, _Maker], **_: str) -> Response:
    maker = files.get(request.path)
    if maker is None:
        abort(404)
    kind = "text/html; charset=utf-8" if request.path.endswith("/") else media_type(request.path)
    return Response(maker(context), content_type=kind)


def _moved(directory: Directory) -> Iterator[tuple[str, str]]:
    """The old and new path of every page that has been renamed."""
    named: tuple[tuple[str, Sequence[Programme | Page | News | HelpPage | Board]], ...] = (
        ("/programmes/", directory.programmes),
        ("/", directory.pages),
        ("/news/", directory.news),
        (HELP, directory.help_pages),
        (BOARDS, directory.boards),
    )
    for folder, nouns in named:
        for noun in nouns:
            for alias in noun.aliases:
                yield f"{folder}{alias}/", noun.path
    for centre in directory.centres:
        for alias in centre.aliases:
            yield f"/centres/{alias}/", centre.path
            yield f"/centres/{alias}/whats-on/", centre.whats_on_path
            yield f"/embed/{alias}/", centre.embed_path
            for series in directory.series_at(centre):
                yield f"/sessions/{alias}/{series.slug}/", series.path
    for series in directory.series:
        for alias in series.aliases:
            identity = alias if "/" in alias else f"{series.centre.slug}/{alias}"
            yield f"/sessions/{identity}/", series.path


def _headers(context: Context) -> bytes:
    """The headers of every response, for static hosts that read a file `_headers`."""
    everywhere = dict(HEADERS)
    if context.site.base_address.startswith("https:"):
        everywhere["Strict-Transport-Security"] = STRICT_TRANSPORT
    examples = (
        ("/static/*", static_files()["site.css"].path),
        ("/search/*", "/search/index-0123456789abcdef.json"),
        ("/find/", "/find/"),
        ("/*.ics", "/calendar.ics"),
        ("/*.atom", "/feed.atom"),
        ("/panels/*", "/panels/a-district/calendar.ics"),
        ("/data/*", "/data/"),
        ("/embed/*", "/embed/"),
    )
    others = [(pattern, file_headers(path)) for pattern, path in examples]
    return context.part("site/headers.txt", headers=everywhere, others=others)
