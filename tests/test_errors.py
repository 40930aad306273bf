"""What a log may hold of a fault."""

from portal import errors


def test_a_fault_is_told_without_its_words():
    """Its kind and its frames; neither its own words nor those of what it came from."""
    typed = [f"{name}@example.org" for name in ("amina", "bilal")]
    try:
        try:
            raise LookupError(typed[0])
        except LookupError as error:
            raise ValueError(typed[1]) from error
    except ValueError as error:
        words = errors.describe(error)

    assert words.startswith("ValueError\n  File")
    assert "in test_a_fault_is_told_without_its_words" in words
    assert not any(one in words for one in typed)
