"""Who may be handed an item, by the definition: count the people who have it or answered it."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.review.leasing import free_items
from tests.annotate.review.test_decision_rules import events

NOBODY = pd.DataFrame(columns=["item_no", "holder", "reviewer"])


def leases(*rows):
    return pd.DataFrame(rows, columns=["item_no", "holder", "reviewer"])


def free(log, leased=NOBODY, items=(0, 1), overlap=1):
    return free_items(items, log, leased, holder="ann-tab", reviewer="ann", overlap=overlap)


def test_an_item_that_nobody_has_is_free_in_the_order_asked():
    assert free(events(), items=(1, 0)) == [1, 0]


def test_an_answered_item_is_not_free_and_an_undone_one_is():
    assert free(events((0, "bob", "accept", 1))) == [1]
    assert free(events((0, "bob", "accept", 1), (0, "bob", "undo", "e0"))) == [0, 1]


def test_an_item_on_another_page_is_not_free_and_on_this_page_it_is():
    assert free(events(), leases((0, "bob-tab", "bob"))) == [1]
    assert free(events(), leases((0, "ann-tab", "ann"))) == [0, 1]


def test_another_tab_of_the_same_person_counts_as_another_page():
    assert free(events(), leases((0, "ann-tab-2", "ann")), overlap=2) == [1]


def test_an_overlap_lets_so_many_people_answer_and_nobody_twice():
    one = events((0, "bob", "accept", 1))
    assert free(one, overlap=2) == [0, 1]
    assert free(one, leases((0, "eve-tab", "eve")), overlap=2) == [1]
    assert free(events((0, "ann", "skip", None)), overlap=2) == [1]


@pytest.mark.parametrize("kind", ["derive", "adjudicate"])
def test_a_label_ruled_or_derived_closes_an_item_whatever_the_overlap(kind):
    assert free(events((0, "bob", kind, 1)), overlap=3) == [1]


names = st.sampled_from(["ann", "bob", "eve"])


@given(
    st.lists(st.tuples(st.integers(0, 3), names), max_size=8),
    st.lists(st.tuples(st.integers(0, 3), names, st.booleans()), max_size=8),
    st.integers(1, 3),
)
def test_it_is_the_definition(answers, held, overlap):
    log = events(*((item, who, "accept", 1) for item, who in answers))
    leased = leases(*((item, f"{who}-{other}", who) for item, who, other in held))
    expected = []
    for item in range(4):
        people = {who for number, who in answers if number == item}
        people |= {
            who for number, who, other in held if number == item and f"{who}-{other}" != "ann-True"
        }
        if "ann" not in people and len(people) < overlap:
            expected.append(item)
    found = free_items(range(4), log, leased, holder="ann-True", reviewer="ann", overlap=overlap)
    assert found == expected
