"""Settings of Pelican: pages alone, with JSON front matter as Hugo has it."""

import json
from pathlib import Path

from pelican import signals
from pelican.readers import MarkdownReader

HERE = Path(__file__).parent
SHARED = json.loads((HERE / "shared.json").read_text("utf-8"))

PATH = "content"
ARTICLE_PATHS = ["no-articles"]
PAGE_PATHS = [""]
PAGE_TRANSLATION_ID = None
STATIC_PATHS = []
DIRECT_TEMPLATES = []
THEME = str(HERE)
THEME_STATIC_PATHS = []
SITEURL = SHARED["address"]
TIMEZONE = "Europe/London"
DEFAULT_LANG = "en"
TYPOGRIFY = False
FEED_ALL_ATOM = CATEGORY_FEED_ATOM = TRANSLATION_FEED_ATOM = AUTHOR_FEED_ATOM = AUTHOR_FEED_RSS = (
    None
)
JINJA_ENVIRONMENT = {"trim_blocks": True, "lstrip_blocks": True}
MARKDOWN = {"extensions": [], "output_format": "html5"}


class Reader(MarkdownReader):
    """A page's facts as JSON, then its text as Markdown."""

    file_extensions = ["md"]

    def read(self, source_path):
        from markdown import Markdown

        text = Path(source_path).read_text("utf-8")
        fields, end = json.JSONDecoder().raw_decode(text)
        fields["path"] = fields.pop("url")
        fields["words"] = fields.pop("summary")
        name = fields["path"].removeprefix("/")
        fields["save_as"] = f"{name}index.html" if not name or name.endswith("/") else name
        fields["url"] = name
        if not hasattr(self, "_markdown"):
            self._markdown = Markdown(**self.settings["MARKDOWN"])
        return self._markdown.reset().convert(text[end:]), fields


def _add_reader(readers):
    readers.reader_classes["md"] = Reader


class _Plugin:
    @staticmethod
    def register():
        signals.readers_init.connect(_add_reader)


PLUGINS = [_Plugin]
