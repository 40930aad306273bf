"""What pages share is worked out once."""

from portal.web.site.pages import Context


def test_once_is_once(directory):
    """A subject's own facts are made at the first call, for each context by itself."""
    calls = []

    def count(context):
        calls.append(context)
        return len(calls)

    first, second = Context(directory), Context(directory)

    assert [first.once(count), first.once(count), second.once(count)] == [1, 1, 2]
    assert calls == [first, second]
