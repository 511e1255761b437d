from __future__ import annotations

import numpy as np
import pytest

from annotate.quality.class_shares import measure_class_shares


def test_unlabelled_items_are_left_out():
    shares = measure_class_shares(np.array([0, 0, 2, -1, -1, 0]), 4)
    assert shares.tolist() == [0.75, 0, 0.25, 0]


def test_without_labels_every_share_is_zero():
    assert measure_class_shares(np.array([-1, -1]), 2).tolist() == [0, 0]


def test_a_class_out_of_range_is_refused():
    with pytest.raises(ValueError, match="below 2"):
        measure_class_shares(np.array([2]), 2)
