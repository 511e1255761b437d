from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import ConfigError
from annotate.protocols import SelectionContext
from annotate.selection.curriculum import Curriculum
from annotate.selection.growing_share import GrowingShare

PROBA = np.array([[0.95, 0.05], [0.9, 0.1], [0.85, 0.15], [0.45, 0.55], [0.4, 0.6]])


def accepted(selector, round_no, labels=(-1,) * 5):
    context = SelectionContext(labels=np.array(labels), round_no=round_no, n_rounds=5)
    return selector.select(PROBA, context).labels(5).tolist()


def test_one_threshold_falls_by_a_step_each_round():
    # Percentiles 80, 60, ... of five values: 0.91, 0.87, 0.75 and so on.
    assert accepted(Curriculum("20"), 1) == [0, -1, -1, -1, -1]
    assert accepted(Curriculum("20"), 2) == [0, 0, -1, -1, -1]
    assert accepted(Curriculum("40"), 2) == [0, 0, 0, -1, 1]
    assert accepted(Curriculum(20), 5) == accepted(Curriculum(20), 9) == [0, 0, 0, 1, 1]


def test_it_starves_the_class_that_the_teacher_is_unsure_of_where_growing_share_does_not():
    assert accepted(Curriculum(60), 1) == [0, 0, 0, -1, -1]
    assert set(accepted(GrowingShare(), 1)) == {-1, 0, 1}


def test_labelled_items_do_not_count_in_the_percentile():
    assert accepted(Curriculum(20), 1, labels=(0, -1, -1, -1, -1)) == [-1, 0, -1, -1, -1]


def test_equal_confidences_are_accepted_together():
    context = SelectionContext(labels=np.full(4, -1))
    assert Curriculum(1).select(np.full((4, 2), 0.5), context).accepted.all()


@pytest.mark.parametrize("step", ["0", "-5", "many"])
def test_a_step_that_is_no_whole_number_from_1_on_is_refused(step):
    with pytest.raises(ConfigError, match="1 or more"):
        Curriculum(step)
