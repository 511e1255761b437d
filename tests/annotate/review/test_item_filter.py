"""The filter in a page's address: there and back, and nothing else gets in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from annotate.review.item_filter import ItemFilter

words = st.text(max_size=8)
shares = st.integers(0, 100).map(lambda n: n / 100)


@given(
    st.builds(
        ItemFilter, class_name=words, min_confidence=shares, max_confidence=shares, source=words,
        teacher=words, reviewer=words, decided_as=words, split=words, group=words, text=words,
    )
)  # fmt: skip
def test_a_filter_survives_the_address(wanted):
    assert ItemFilter.from_query(wanted.as_query()) == wanted


def test_what_asks_nothing_is_not_in_the_address():
    assert ItemFilter().as_query() == {}
    assert ItemFilter(class_name="cat").as_query() == {"class_name": "cat"}


def test_what_is_not_understood_asks_nothing():
    query = {"min_confidence": "high", "max_confidence": "7", "password": "x", "text": "wren"}
    assert ItemFilter.from_query(query) == ItemFilter(text="wren")


def test_a_teacher_alone_asks_nothing_of_an_item():
    assert ItemFilter(teacher="probe").asks_nothing
    assert not ItemFilter(text="wren").asks_nothing
