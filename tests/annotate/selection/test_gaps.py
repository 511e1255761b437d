from __future__ import annotations

import numpy as np

from annotate.protocols import SelectionContext
from annotate.selection.gaps import warn_of_gaps
from annotate.selection.threshold import Threshold

NAMES = ("finch", "wren", "crow")
PROBA = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.3, 0.3, 0.4]])


def warnings_at(minimum, active=(0, 1, 2), labels=(-1, -1, -1)):
    selection = Threshold(minimum).select(PROBA, SelectionContext(labels=np.array(labels)))
    return warn_of_gaps(selection, NAMES, active)


def test_says_nothing_where_every_class_gets_labels():
    assert warnings_at(0.0) == []


def test_names_the_active_classes_that_get_none():
    (warning,) = warnings_at(0.8)
    assert "2 of 3 classes: wren, crow" in warning
    assert warnings_at(0.5, active=(0, 1)) == []


def test_tells_the_main_reason_where_nothing_is_accepted():
    (warning,) = warnings_at(1.0)
    assert "confidence below 1" in warning


def test_where_nothing_is_open_there_is_nothing_to_warn_of():
    assert warnings_at(1.0, labels=(0, 1, 2)) == []
