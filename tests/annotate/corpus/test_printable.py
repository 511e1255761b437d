from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from annotate.corpus.printable import printable, storable


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_printable_acts_on_a_terminal_or_breaks_utf8(name: str) -> None:
    shown = printable(name)
    assert shown.encode("utf-8").decode() == shown
    assert "\x1b" not in shown and len(shown.splitlines()) <= 1
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200f")


def test_ordinary_names_of_any_script_are_left_alone() -> None:
    for name in ("a b.png", "\u00e9t\u00e9", "\u4e2d\u6587", "\u05e9\u05dc\u05d5\u05dd"):
        assert printable(name) == name == storable(name)


def test_what_is_stored_is_utf8_and_nothing_else_changes() -> None:
    assert storable("a\udce9\n") == "a\\udce9\n"
