from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import NotReadyError, UnknownNameError
from annotate.steps.item_map import (
    choose_items,
    describe_items,
    read_colouring,
    read_item_map,
)
from annotate.steps.snapshot import read_snapshot
from annotate.store.decisions import Decision, append_decisions
from annotate.store.items import drop_items
from annotate.store.queue_front import ask_first
from tests.app.review_projects import predict_as_given

EVERYTHING = [[-1, -1], [70_000, -1], [70_000, 70_000], [-1, 70_000]]


def answer(workspace, item_no, class_no):
    event = Decision(f"e{item_no}", item_no, "ann", "relabel", 1, class_no=class_no)
    append_decisions(workspace.store, [event])


@pytest.fixture
def predicted(workspace):
    """Everything is predicted as fruit at 60 %."""
    predict_as_given(workspace, np.tile([0.6, 0.3, 0.1], (120, 1)))
    return workspace


def opened(workspace):
    snapshot = read_snapshot(workspace)
    return snapshot, read_item_map(workspace, snapshot)


def names(workspace, colouring_name):
    snapshot, item_map = opened(workspace)
    return legend(read_colouring(workspace, snapshot, item_map, colouring_name))


def legend(colouring):
    return {group.name: group.n for group in colouring.groups if group.n}


def test_a_label_counts_before_a_prediction(predicted):
    answer(predicted, 3, 2)
    assert names(predicted, "class") == {"fruit": 119, "animal": 1}
    assert names(predicted, "source") == {"none": 119, "human": 1}
    assert names(predicted, "confidence") == {"60 to 70 %": 120}


def test_each_teacher_is_a_colouring(predicted):
    predict_as_given(predicted, np.tile([0.1, 0.9, 0], (120, 1)), teacher="probe")
    snapshot, found = opened(predicted)
    assert list(found.teachers) == ["probe", "zero_shot"]
    assert names(predicted, "zero_shot") == {"fruit": 120}
    assert names(predicted, "probe") == {"tool": 120}
    predict_as_given(predicted, np.tile([0, 0.1, 0.9], (120, 1)), teacher="probe")
    assert names(predicted, "probe") == {"animal": 120}
    with pytest.raises(UnknownNameError):
        read_colouring(predicted, snapshot, found, "prob")


def test_without_a_prediction_items_have_no_class(workspace):
    assert names(workspace, "class") == {"no class": 120}
    assert names(workspace, "confidence") == {"no prediction": 120}


def test_a_polygon_chooses_what_is_shown(predicted):
    answer(predicted, 3, 2)
    with predicted.store.write() as connection:
        drop_items(connection, [7])
    snapshot, found = opened(predicted)
    colouring = read_colouring(predicted, snapshot, found, "class")
    chosen = choose_items(found, colouring, EVERYTHING)
    assert chosen.tolist() == [number for number in range(120) if number != 7]
    assert choose_items(found, colouring, EVERYTHING, hidden_groups=[0]).tolist() == [3]
    [fruit, animal] = describe_items(snapshot, found, chosen)
    assert (fruit.name, fruit.n, animal.name, animal.n) == ("fruit", 118, "animal", 1)
    assert fruit.mean_confidence == pytest.approx(0.6, abs=1e-3)


def test_what_is_to_be_answered_blind_is_neither_coloured_nor_chosen(predicted):
    with predicted.store.write() as connection:
        ask_first(connection, [3], "audit")
        ask_first(connection, [5], "spot check")
    snapshot, found = opened(predicted)
    for name in found.colourings:
        assert sum(names(predicted, name).values()) == 118
    colouring = read_colouring(predicted, snapshot, found, "class")
    chosen = choose_items(found, colouring, EVERYTHING)
    assert not {3, 5} & set(chosen.tolist())
    assert found.n_blind == 2
    answer(predicted, 3, 2)
    assert opened(predicted)[1].n_blind == 1


def test_without_features_it_says_how_to_get_them(empty):
    with pytest.raises(NotReadyError, match="annotate embed"):
        opened(empty)
