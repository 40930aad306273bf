"""The words of messages, and what is wrong with them."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from portal.content import message_texts
from portal.content.message_texts import check_words, load_words
from portal.messages.rendering import LONGEST_TEXT, fill
from tests.support.paths import ROOT
from tests.support.remedies import follow


@pytest.fixture
def root(tmp_path):
    """A copy of the shipped words, to be spoilt."""
    shutil.copytree(ROOT / message_texts.FOLDER, tmp_path / message_texts.FOLDER)
    return tmp_path


def spoil(root: Path, kind: str, old: str, new: str) -> None:
    path = root / message_texts.FOLDER / f"{kind}.md"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_shipped_words_can_be_sent():
    """Every kind of message has its words, and nothing is wrong with them."""
    assert check_words(ROOT) == []


@pytest.mark.parametrize(
    ("kind", "old", "new", "line", "words"),
    [
        ("confirmation", ": {venue}\n", ": {venu}\n", 23, "Did you mean '{venue}'?"),
        ("confirmation", ": {venue}\n", ": {position}\n", 23, "not a placeholder of this message"),
        ("confirmation", "subject: Your booking", "subject: '{series}'", 2, "be used in a subject"),
        ("confirmation", "subject: Your booking\n", "", 1, "'subject' is missing"),
        ("confirmation", "subject:", "subjekt:", 2, "Did you mean 'subject'?"),
        ("confirmation", "here: {link}", "on {dates}: {link}", 3, "gives too much away"),
        ("confirmation", "here: {link}", "there.", 3, "has no {link}"),
        ("confirmation", "Your reference is {reference}", "You come to {venue}", 12, "too much"),
        ("confirmation", ": {time}\n", ": {time\n", 22, "has no partner"),
        ("confirmation", ": {time}\n", ": {{time}}\n", 22, "has no partner"),
        ("confirmation", ": {time}\n", ": <b>{time}</b>\n", 22, "is HTML"),
        ("confirmation", "\n\n{link}\n\nThis link", "\n\nThis link", 17, "has no {link}"),
        ("confirmation", "---\n\nHello", "--\n\nHello", 15, "Write three hyphens"),
        ("confirmation", "---\n\nHello", "Hello", 1, "no end"),
        ("waiting", "{position} on the", "{number} on the", 17, "Known: asked_for, bring"),
        ("tell-open", "{service}", "us", 3, "has no {service}"),
    ],
)
def test_a_mistake_is_shown_with_its_line_and_remedy(root, kind, old, new, line, words):
    """S12, S13: file, line, what is wrong and what to do."""
    spoil(root, kind, old, new)

    problems = check_words(root)

    found = [p for p in problems if words in p.words]
    assert found, problems
    assert found[0].path == f"content/messages/{kind}.md"
    assert found[0].line == line


@pytest.mark.parametrize("kind", message_texts.TO_WISHES)
@pytest.mark.parametrize("content", [ROOT, ROOT / "tests/sample"], ids=["shipped", "sample"])
def test_a_text_about_a_wish_says_who_writes_and_what_to_do(content, kind):
    """Anybody can type a number, so the text names the service and says what to do if its reader
    did not ask, within two parts of a text message."""
    name = yaml.safe_load((content / "content/site.yaml").read_text())["name"]
    link = f"https://families.{'a' * 24}.gov.uk/tell/own/{'A' * 43}"
    wording = load_words(content, kind)
    text = fill(wording, {"service": name, "link": link}, discreet=False).text

    assert f"From Lancashire's {name}: " in text
    assert "Not you?" in text
    assert len(text) <= LONGEST_TEXT


def test_words_that_tell_need_others_for_a_sensitive_programme(root):
    """Without discreet words a sensitive group's name would go out."""
    path = root / message_texts.FOLDER / "reminder.md"
    text = path.read_text()
    path.write_text(re.sub(r"discreet_body: \|\n(  .*\n|\n)*", "", text))

    assert ["Write a 'discreet_body' that does not." in p.words for p in check_words(root)] == [
        True
    ]


def test_a_missing_message_and_an_unknown_one_are_shown(root):
    """A file renamed by mistake is both."""
    folder = root / message_texts.FOLDER
    (folder / "offered.md").rename(folder / "offerd.md")

    missing, unknown = sorted(check_words(root), key=lambda p: p.path, reverse=True)
    assert missing.path == "content/messages/offered.md"
    assert "missing" in missing.words
    assert "Name it 'offered.md'." in unknown.words
    assert follow(root, unknown)
    assert check_words(root) == []


def test_broken_words_are_not_sent(root):
    """Who wants to send them is told why, and where."""
    spoil(root, "reminder", "{day}", "{dai}")

    with pytest.raises(
        message_texts.WordsError, match=r"content/messages/reminder\.md:2\d:1: '\{dai\}'"
    ):
        load_words(root, "reminder")


def test_words_that_were_changed_are_used_at_once(root):
    """The words that a file has now are used, also where it had others or mistakes before."""
    spoil(root, "reminder", "{day}", "{dai}")
    with pytest.raises(message_texts.WordsError):
        load_words(root, "reminder")
    spoil(root, "reminder", "{dai}", "{day}")
    before = load_words(root, "reminder")

    spoil(root, "reminder", before.subject, "See you soon")

    assert load_words(root, "reminder").subject == "See you soon"
    assert check_words(root) == []
