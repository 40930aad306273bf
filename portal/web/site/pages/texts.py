"""Pages of text: news, the pages of `content/pages`, and the page for unknown addresses.

A page of `content/pages` can say how long data is kept, as `{keep_days}`, `{keep_needs_days}` and
`{keep_case_days}`:
the figures come from the settings that the deletion uses, so that the page cannot promise others.
"""

from __future__ import annotations

from portal.directory import News, Page
from portal.feeds import atom
from portal.web import filters
from portal.web.layout import Head
from portal.web.site.pages.context import Context
from portal.web.site.pages.registry import page

# Texts that are shown on a page of another module, with its own template.
SHOWN_ELSEWHERE = ("calendars",)


@page("/news/")
def news_index(context: Context) -> str:
    """The list of news, the newest first."""
    head = Head(
        title="News",
        path="/news/",
        summary=f"News from the {context.site.name}.",
        feed=atom.PATH,
    )
    news = sorted(context.directory.news, key=lambda one: one.date_, reverse=True)
    return context.render("news.html", head, news=news)


@page("/news/<slug:slug>/", lambda directory: directory.news)
def news(context: Context, news: News) -> str:
    """One piece of news."""
    head = Head(
        title=news.title,
        path=news.path,
        summary=news.summary,
        crumbs=(("/news/", "News"),),
        feed=atom.PATH,
    )
    return context.render("page.html", head, page=news, dated=news.date_, html=news.html)


@page(
    "/<slug:slug>/",
    lambda directory: [text for text in directory.pages if text.slug not in SHOWN_ELSEWHERE],
)
def text(context: Context, text: Page) -> str:
    """A page of `content/pages`."""
    head = Head(
        title=text.title,
        path=text.path,
        section=text.path,
        summary=text.summary,
        sensitive=text.sensitive,
    )
    return context.render(
        "page.html", head, page=text, dated=text.updated, html=_filled(context, text)
    )


def _filled(context: Context, text: Page) -> str:
    """The text with its periods, such as "30 days". All other braces stay as written."""
    html = text.html
    for name, days in context.periods.items():
        html = html.replace(f"{{{name}}}", filters.count(days, "day"))
    return html


def not_found(context: Context) -> str:
    """The answer to an unknown address."""
    head = Head(title="We cannot find that page", path="/404.html")
    return context.render("not_found.html", head)
