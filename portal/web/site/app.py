"""The public site: its pages as a Flask application, and the makers of all its other files.

Pages are declared in `pages/`. Everything else here is a file: feeds, redirects from old addresses,
static files, the page for unknown addresses, and the headers for static hosts. A file is made when
it is requested, so the freezer may make files in any order and in any process.
"""

from __future__ import annotations

from collections.abc import (
    Callable,
    Collection,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    Set,
)
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request
from werkzeug.routing import BaseConverter

from portal import feeds
from portal.dependencies import Addresses, between_edits, reading
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
from portal.web.site.pages import DEFAULT_PERIODS, KINDS, Context, Kind, leaflet, not_found
from portal.web.site.photos import Photos

_Maker = Callable[[Context], bytes]


class Site:
    """All files of the public site: its pages, and the makers of its other files.

    `base_address` replaces the site's own, on pages and in feeds. With `leaflets`, the leaflets of
    centres are also available as PDF. `once` are the addresses of calendars that were published
    before, which keep answering. `periods` is `Settings.periods`, for the pages of text. `earlier`
    is the last site, from which photos are taken that are still the same.
    `originals`, for the page of a draft, are those of `Photos`. With `late`, files that feeds
    can find are not listed, but found when somebody asks for one.
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
        late: bool = False,
    ) -> None:
        self._late = late
        self._directory = directory = directory.at(base_address)
        self._leaflets, self._published, self._earlier = leaflets, once, earlier
        self._photos = Photos(directory, earlier, originals)
        self._listed: dict[Hashable, Any] = {}
        # Whatever is read here, each page may depend on.
        with reading() as self.reads:
            periods = periods or DEFAULT_PERIODS
            self._context = Context(directory, (), periods, self._photos)
        self.list_again()

    def list_again(self) -> Set[str]:
        """List all pages and files as they are now, if nouns have been edited since.

        Returns the addresses that are new or gone: see `portal.dependencies.Resident`.
        """
        # What this block reads is in the list that it makes: see `makers`.
        with reading() as self.list_reads:
            self._kinds = [
                (kind, between_edits(self._listed, kind.make, _pages, kind, self._directory))
                for kind in KINDS
            ]
            self._files = self._all_files({path for _, found in self._kinds for path in found})
        before, self._context.files = self._context.files, _Addresses(self._files, self._find)
        return before.differ(self._context.files)

    def _find(self, path: str) -> Callable[[], bytes] | None:
        """The maker of a file that is not listed."""
        finds = (feed.find for feed in feeds.FEEDS if self._late and feed.find)
        return next((maker for find in finds if (maker := find(self._directory, path))), None)

    def _all_files(self, pages: Collection[str]) -> dict[str, _Maker]:
        """Makers of all files but pages, by path: feeds, redirects, static files and the like."""
        files: dict[str, _Maker] = {}
        files |= between_edits(self._listed, "fixed", self._fixed)
        files |= between_edits(self._listed, "pictures", self._pictures)
        for feed in feeds.FEEDS:
            if not (self._late and feed.find):
                files |= between_edits(self._listed, feed.name, self._of_feed, feed)
        gone = sorted(path for path in self._published if path not in files)
        for path, maker in calendars.former_files(self._directory, gone).items():
            files[path] = partial(_made, maker)
        if self._leaflets is not None:
            for centre in self._directory.centres:
                files[centre.leaflet_path] = partial(_leaflet, self._leaflets, centre)
        known = {*pages, *files}
        for old, new in between_edits(self._listed, "moved", _moved, self._directory):
            if old not in known:
                files[old] = partial(_redirect, new)
        return files

    def _fixed(self) -> dict[str, _Maker]:
        files: dict[str, _Maker] = {
            "/404.html": lambda context: not_found(context).encode(),
            "/service-worker.js": partial(_constant, service_worker()),
            "/manifest.webmanifest": lambda context: context.part("site/manifest.json"),
            "/_headers": _headers,
        }
        for static in static_files().values():
            files[static.path] = partial(_constant, static.content)
        return files

    def _pictures(self) -> dict[str, _Maker]:
        files: dict[str, _Maker] = {}
        drawn = CountyMap(self._directory)
        if drawn.path:
            files[drawn.path] = partial(_constant, drawn.content)
        cards = Cards(self._directory, drawn, self._earlier)
        for makers in (self._photos.files, cards.files):
            for path, maker in makers.items():
                files[path] = partial(_made, maker)
        return files

    def _of_feed(self, feed: feeds.Feed) -> dict[str, _Maker]:
        return {path: partial(_made, maker) for path, maker in feed.files(self._directory).items()}

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
        for number, (kind, found) in enumerate(self._kinds):
            if found:
                app.add_url_rule(kind.rule, kind.make.__name__, partial(self._answer, number))
        app.add_url_rule("/<path:name>", "file", self._file)

        def unknown(_: Exception) -> tuple[str, int]:
            return not_found(self._context), 404

        def with_headers(response: Response) -> Response:
            response.headers.update(HEADERS)
            return response

        app.register_error_handler(404, unknown)
        app.after_request(with_headers)
        return app

    def _answer(self, number: int, **_: str) -> str | Response:
        kind, found = self._kinds[number]
        if request.path not in found:
            return self._file()  # an old name, or an unknown one
        noun = found[request.path]
        return kind.make(self._context) if noun is None else kind.make(self._context, noun)

    def _file(self, **_: str) -> Response:
        path, maker = request.path, self._files.get(request.path)
        if maker is None:
            found = self._find(path)
            maker = partial(_made, found) if found else abort(404)
        kind = "text/html; charset=utf-8" if path.endswith("/") else media_type(path)
        return Response(maker(self._context), content_type=kind)


def addresses(directory: Directory) -> list[str]:
    """Every public path of the site of a Directory."""
    return Site(directory).addresses()


def create_site(directory: Directory, **options: Any) -> Flask:
    """The application of the public site, for previews; `options` are those of `Site`."""
    return Site(directory, **options).app()


class _Addresses(Addresses):
    """The addresses of files, with those that are found late."""

    def __init__(
        self, addresses: Iterable[str], find: Callable[[str], Callable[[], bytes] | None]
    ) -> None:
        super().__init__(addresses)
        self._find = find

    def __contains__(self, address: str) -> bool:
        return super().__contains__(address) or self._find(address) is not None


class _Slug(BaseConverter):
    """A slug in a page's address. Without it `/404.html` would redirect to `/404.html/`."""

    regex = "[a-z0-9-]+"


def _constant(content: bytes, _: Context) -> bytes:
    return content


def _made(maker: Callable[[], bytes], _: Context) -> bytes:
    return maker()


def _leaflet(leaflets: Leaflets, centre: Centre, context: Context) -> bytes:
    return leaflets.pdf(centre, leaflet(context, centre), context.site.base_address)


def _redirect(new: str, context: Context) -> bytes:
    return context.part("site/moved.html", new=new)


def _pages(kind: Kind, directory: Directory) -> dict[str, Any]:
    return dict(kind.nouns(directory))


def _moved(directory: Directory) -> list[tuple[str, str]]:
    return [*_moves(directory)]


def _moves(directory: Directory) -> Iterator[tuple[str, str]]:
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
