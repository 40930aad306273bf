"""What staff and editors read about families that know or were told is counted, not assumed."""

import re
from functools import cache

from tests.guards.test_promises import strings_of
from tests.support.paths import ROOT

# Each sentence that says or may be read to say of families that they know, with what makes it true.
CLAIMS = {
    # Counted beside those that were not told.
    "get it by email or text message": "`reach`: those who get none are named below it",
    "until somebody has told them": "a tick on the list, by somebody",
    "They know now": "the button by which somebody says so of one family",
    "know of a change yet": "the number of those who do not know",
    "I had not reached them": "the button that takes this back",
    "was told by phone or in person": "that a list of such families is empty",
    # Before and after a date is changed by staff: each says that it does not happen.
    "Nobody has booked, so nobody is told": "the number of families, which is none",
    "So no family is told by the portal": "that nothing is published",
    "and nobody is told of a change": "that the site was not built",
    "so no family is told until they are corrected": "that the site cannot be built",
    # What an editor is told before publishing.
    'they" }} would be told': "followed by those whom staff ring",
    "and nobody would be told": "that nobody would",
    # Of one family, by staff themselves.
    "told a family by phone or in person": "the tick in the log",
    "noted that a family is still to be told": "the tick taken back",
    "What we told them": "the reason on the family's own page",
    "everything that they told us": "what a family has said",
    # Of somebody else.
    "somebody you know has mistyped": "an account",
    # Questions of `portal new`.
    "What should families know": "a question",
}
_FAMILIES = (
    r"(?:everybody|everyone|everything|every famil|all|each|famil(?:y|ies)|they|them|nobody)"
)
_KNOW = r"(?:told|delivered|notified|informed|reached|knows?|heard?)"
_CLAIM = re.compile(rf"\b{_FAMILIES}\b[^.?!]*\b{_KNOW}\b|\b{_KNOW}\b[^.?!]*\b{_FAMILIES}\b", re.I)
_BETWEEN = re.compile(r"(?<=[.?!:])\s|<[^>]*>|\{%.*?%\}")
READ = (
    "portal/templates/staff/*.html",
    "portal/templates/preview/*.html",
    "portal/web/staff/*.py",
    "portal/editing/*.py",
    "portal/web/preview/*.py",
    "portal/commands/*.py",
    "portal/database/audit.py",
)


def claims(text: str) -> list[str]:
    """The sentences of a text, without line ends, that claim that families know something."""
    flat = " ".join(text.split())
    return [part.strip() for part in _BETWEEN.split(flat) if _CLAIM.search(part)]


@cache
def made() -> dict[str, list[str]]:
    paths = [path for pattern in READ for path in sorted(ROOT.glob(pattern))]
    texts = {path: path.read_text("utf-8") for path in paths if path.suffix == ".html"}
    texts |= {path: strings_of(path) for path in paths if path.suffix == ".py"}
    return {path.relative_to(ROOT).as_posix(): claims(text) for path, text in texts.items()}


def test_each_claim_counts_who_was_not_told():
    """S68: a page says that families know only with what makes it true, in the table above."""
    unfounded = [
        (name, sentence)
        for name, sentences in made().items()
        for sentence in sentences
        if not any(words in sentence for words in CLAIMS)
    ]

    assert claims("Nobody is expected. The families who booked have been told.")
    assert claims("Everything was delivered.")
    assert unfounded == []


def test_no_claim_of_the_table_is_out_of_date():
    """A sentence that is no longer read by anybody leaves the table too."""
    everything = " ".join(sentence for sentences in made().values() for sentence in sentences)

    assert [words for words in CLAIMS if words not in everything] == []
