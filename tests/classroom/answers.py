"""What tests say of a check's verdict."""


def says(verdict, *words):
    """That it is wrong, with these words, and without more than one line."""
    assert not verdict.right
    assert repr(verdict).startswith("❌")
    for word in words:
        assert word in verdict.why, verdict.why


def right(verdict):
    assert verdict.right, verdict.why
    assert repr(verdict).startswith("✅")
