"""What decisions add up to: each rule on events that can be counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.review.decision_rules import DECIDING, LABELLING, resolve_decisions
from annotate.store.tables import canonical_json

COLUMNS = (
    "event_id",
    "item_no",
    "reviewer",
    "kind",
    "class_no",
    "undoes",
    "purpose",
    "role",
    "shown",
)


def events(*rows):
    """Each row: item, reviewer, kind, class; an undo names an event instead of a class."""
    table = []
    for number, (item_no, reviewer, kind, value, *rest) in enumerate(rows):
        purpose, role, shown = (*rest, *("review", "train", "{}")[len(rest) :])
        class_no, undoes = (None, value) if kind == "undo" else (value, None)
        row = (f"e{number}", item_no, reviewer, kind, class_no, undoes, purpose, role, shown)
        table.append(row)
    return pd.DataFrame(table, columns=COLUMNS)


def test_the_last_decision_of_a_reviewer_stands():
    human = resolve_decisions(events((0, "ann", "accept", 1), (0, "ann", "relabel", 2)), 2)
    assert human.labels.tolist() == [2, -1]
    assert human.decided.tolist() == [True, False]


def test_an_undo_brings_back_what_stood_before():
    log = events((0, "ann", "accept", 1), (0, "ann", "relabel", 2), (0, "ann", "undo", "e1"))
    assert resolve_decisions(log, 1).labels.tolist() == [1]


def test_undoing_the_only_decision_leaves_the_item_open():
    human = resolve_decisions(events((0, "ann", "accept", 1), (0, "ann", "undo", "e0")), 1)
    assert (human.labels.tolist(), human.decided.tolist()) == ([-1], [False])


def test_two_reviewers_who_differ_make_a_conflict_and_no_label():
    human = resolve_decisions(events((0, "ann", "accept", 1), (0, "bob", "relabel", 2)), 1)
    assert (human.labels.tolist(), human.conflict.tolist()) == ([-1], [True])


@pytest.mark.parametrize("kind", ["skip", "reject"])
def test_a_skip_or_a_rejection_disagrees_with_nobody(kind):
    human = resolve_decisions(events((0, "ann", "accept", 1), (0, "bob", kind, 1)), 1)
    assert (human.labels.tolist(), human.conflict.tolist()) == ([1], [False])


def test_a_flag_decides_nothing():
    assert not resolve_decisions(events((0, "ann", "flag", None)), 1).decided.any()


def test_every_act_on_an_item_counts_unless_it_was_undone():
    log = events(
        (0, "ann", "accept", 1), (0, "ann", "relabel", 2), (0, "bob", "skip", None),
        (1, "ann", "accept", 1), (1, "ann", "undo", "e3"), (2, "ann", "flag", None),
    )  # fmt: skip
    assert resolve_decisions(log, 4).n_acts.tolist() == [3, 0, 0, 0]


def test_a_rejection_says_which_class_it_is_not():
    human = resolve_decisions(events((3, "ann", "reject", 2), (4, "ann", "skip", None)), 5)
    assert human.rejected.tolist() == [[3, 2]]
    assert human.labels.tolist() == [-1] * 5


@pytest.mark.parametrize(
    ("purpose", "role", "trains", "measures"),
    [
        ("review", "train", True, False),
        ("review", "held_back", False, True),
        ("audit", "train", False, False),
        ("audit", "held_back", False, False),
        ("simulated", "train", True, False),
    ],
)
def test_what_measures_does_not_train(purpose, role, trains, measures):
    human = resolve_decisions(events((0, "ann", "accept", 1, purpose, role)), 1)
    assert (human.trains[0], human.measures[0]) == (trains, measures)


def reference_labels(log, n_items):
    """The rule, slowly: replay the log reviewer by reviewer, then compare the reviewers."""
    undone = set(log.loc[log["kind"] == "undo", "undoes"])
    standing = [{} for _ in range(n_items)]
    for row in log.itertuples():
        if row.kind in DECIDING and row.event_id not in undone:
            standing[row.item_no][row.reviewer] = (row.kind, row.class_no)
    given_classes = [
        {int(c) for kind, c in by_reviewer.values() if kind in LABELLING}
        for by_reviewer in standing
    ]
    return [classes.pop() if len(classes) == 1 else -1 for classes in given_classes]


def acts(*kinds):
    """Acts of two reviewers on four items, any of them undone at once or not."""
    one = st.tuples(
        st.integers(0, 3),
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(kinds),
        st.integers(0, 2),
        st.booleans(),
    )
    return st.lists(one, max_size=20)


def log_of(done):
    rows = []
    for item_no, reviewer, kind, class_no, undo in done:
        rows.append((item_no, reviewer, kind, class_no))
        if undo:
            rows.append((item_no, reviewer, "undo", f"e{len(rows) - 1}"))
    return events(*rows)


@given(acts("accept", "relabel", "reject", "skip", "flag"))
def test_labels_follow_the_definition(done):
    log = log_of(done)
    assert resolve_decisions(log, 4).labels.tolist() == reference_labels(log, 4)


def test_a_ruling_ends_a_conflict_whoever_answers_later():
    human = resolve_decisions(
        events(
            (0, "ann", "accept", 1),
            (0, "bob", "relabel", 2),
            (0, "eve", "adjudicate", 2),
            (0, "ann", "accept", 1),
        ),
        1,
    )
    assert (human.labels.tolist(), human.conflict.tolist()) == ([2], [False])


def test_a_ruling_taken_back_brings_the_conflict_back():
    log = events(
        (0, "ann", "accept", 1),
        (0, "bob", "relabel", 2),
        (0, "eve", "adjudicate", 2),
        (0, "eve", "undo", "e2"),
    )
    human = resolve_decisions(log, 1)
    assert (human.labels.tolist(), human.conflict.tolist()) == ([-1], [True])


def test_a_derived_label_counts_until_somebody_decides_the_item_itself():
    derived = (0, "ann", "derive", 1)
    alone = resolve_decisions(events(derived), 1)
    assert (alone.derived.tolist(), alone.labels.tolist()) == ([1], [-1])
    assert alone.decided.tolist() == [True]
    both = resolve_decisions(events((0, "bob", "relabel", 2), derived), 1)
    assert (both.derived.tolist(), both.labels.tolist()) == ([-1], [2])
    assert both.conflict.tolist() == [False]


def test_a_skipped_item_takes_no_derived_label():
    human = resolve_decisions(events((0, "bob", "skip", None), (0, "ann", "derive", 1)), 1)
    assert human.derived.tolist() == [-1]


MERGED = ((1,), (1,), (2,))  # class 0 was merged into class 1
SPLIT = ((1, 2), (1,), (2,))  # class 0 was split into 1 and 2


@given(acts("accept", "relabel", "reject", "skip", "derive", "adjudicate"))
def test_labels_after_a_merge_are_those_of_a_log_that_named_the_heir_at_once(done):
    log = log_of(done)
    by_hand = log.assign(class_no=log["class_no"].replace(0, 1))
    now, expected = resolve_decisions(log, 4, MERGED), resolve_decisions(by_hand, 4)
    for name in ("labels", "derived", "conflict", "decided", "trains", "measures"):
        assert getattr(now, name).tolist() == getattr(expected, name).tolist()
    assert sorted(map(tuple, now.rejected)) == sorted(map(tuple, expected.rejected))


def test_reviewers_who_differed_by_merged_classes_only_agree():
    log = events((0, "ann", "accept", 0), (0, "bob", "relabel", 1))
    assert resolve_decisions(log, 1).conflict.tolist() == [True]
    human = resolve_decisions(log, 1, MERGED)
    assert (human.labels.tolist(), human.conflict.tolist()) == ([1], [False])


def test_a_label_of_a_split_class_is_none_and_its_item_open_again():
    log = events((0, "ann", "accept", 0), (1, "ann", "derive", 0), (2, "ann", "adjudicate", 0))
    human = resolve_decisions(log, 3, SPLIT)
    assert human.labels.tolist() == human.derived.tolist() == [-1, -1, -1]
    assert not human.decided.any()


def test_the_answer_before_one_of_a_split_class_does_not_come_back():
    log = events((0, "ann", "accept", 2), (0, "ann", "relabel", 0))
    human = resolve_decisions(log, 1, SPLIT)
    assert (human.labels.tolist(), human.decided.tolist()) == ([-1], [False])


def test_who_refused_a_split_class_refused_each_part():
    human = resolve_decisions(events((3, "ann", "reject", 0), (3, "bob", "skip", None)), 4, SPLIT)
    assert human.rejected.tolist() == [[3, 1], [3, 2]]
    assert human.decided.tolist() == [False] * 3 + [True]


NOT_BLIND = '{"blind":false,"class_no":1}'


@pytest.mark.parametrize("purpose", ["audit", "review"])
@pytest.mark.parametrize("kind", ["accept", "reject"])
def test_who_was_led_neither_trains_nor_measures(purpose, kind):
    blind = (0, "bob", "accept", 1, purpose, "held_back", '{"blind":true}')
    led = (0, "ann", kind, 1, purpose, "held_back", NOT_BLIND)
    alone, both = resolve_decisions(events(blind), 1), resolve_decisions(events(blind, led), 1)
    assert (alone.led[0], alone.measures[0]) == (False, purpose == "review")
    assert (both.led[0], both.measures[0], both.trains[0]) == (True, False, False)


def test_nobody_is_led_who_answers_to_train():
    human = resolve_decisions(events((0, "ann", "accept", 1, "review", "train", NOT_BLIND)), 1)
    assert (human.led[0], human.trains[0]) == (False, True)


def test_a_label_written_like_the_mark_of_being_led_leads_nobody():
    shown = canonical_json({"blind": True, "teacher": '"blind":false'})
    human = resolve_decisions(events((0, "ann", "accept", 1, "audit", "held_back", shown)), 1)
    assert not human.led[0]
