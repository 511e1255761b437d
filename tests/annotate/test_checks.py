from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.checks import check_labels, check_proba

GOOD = np.array([[0.2, 0.8], [np.nan, np.nan], [1.0, 0.0]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_probabilities_and_rows_without_answer_pass(dtype):
    check_proba(GOOD.astype(dtype))
    check_proba(np.empty((0, 3), dtype=dtype))


@pytest.mark.parametrize("shape", [(4,), (4, 1), (2, 2, 2)])
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"n_classes\) with 2 classes or more"):
        check_proba(np.full(shape, 0.5))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ([0.5, 0.4], r"row 1 sums to 0.9000 \(1 of 3 rows are off\). Pass logits through softmax"),
        ([1.5, -0.5], "row 1 holds -0.5"),
        ([np.inf, 0.0], "row 1 sums to inf"),
    ],
)
def test_the_first_offending_row_is_named(row, says):
    proba = GOOD.copy()
    proba[1] = row
    with pytest.raises(ValueError, match=says):
        check_proba(proba)


@given(st.lists(st.integers(-3, 4), max_size=8))
def test_labels_pass_exactly_if_each_is_none_or_a_class(values):
    labels = np.array(values, dtype=np.int64)
    wrong = [row for row, value in enumerate(values) if not -1 <= value < 3]
    if not wrong:
        check_labels(labels, len(values), 3)
    else:
        with pytest.raises(ValueError, match=f"row {wrong[0]} is {values[wrong[0]]}"):
            check_labels(labels, len(values), 3)


def test_labels_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"shape \(4,\); got \(3,\)"):
        check_labels(np.zeros(3, dtype=int), 4, 2)
