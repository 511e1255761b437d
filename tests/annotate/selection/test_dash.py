from __future__ import annotations

from math import log

import numpy as np
import pytest

from annotate.errors import ConfigError
from annotate.protocols import SelectionContext
from annotate.selection.dash import Dash, first_loss


def accepted(proba, **settings):
    context = SelectionContext(labels=np.full(len(proba), -1), n_rounds=20, **settings)
    return Dash("1.27").select(proba, context).accepted.tolist()


def test_the_first_limit_is_the_mean_loss():
    proba = np.array([[0.9, 0.1], [0.8, 0.2], [0.5, 0.5]])
    # Mean loss (0.105 + 0.223 + 0.693) / 3 = 0.34: a confidence of 0.71.
    assert accepted(proba, round_no=1) == [True, True, False]


def test_the_limit_shrinks_from_what_the_first_teacher_had():
    proba, first = np.array([[0.9, 0.1], [0.8, 0.2], [0.5, 0.5]]), np.full((3, 2), 0.5)
    context = SelectionContext(labels=np.full(3, -1), history=[first, proba])
    assert first_loss(proba, context) == pytest.approx(log(2))
    # ln 2 / 1.27^k: 0.69, 0.55, 0.34 (k = 3), 0.16 (k = 6), the losses being 0.11, 0.22 and 0.69.
    assert accepted(proba, round_no=1, history=[first]) == [True, True, True]
    assert accepted(proba, round_no=4, history=[first, proba]) == [True, True, False]
    assert accepted(proba, round_no=7, history=[first, proba]) == [True, False, False]


def test_it_never_asks_for_more_than_a_loss_of_one_twentieth():
    proba = np.array([[0.952, 0.048], [0.95, 0.05]])  # exp(-0.05) = 0.9512
    assert accepted(proba, round_no=20) == [True, False]


def test_a_first_teacher_without_an_answer_does_not_count():
    proba, first = np.array([[0.9, 0.1], [0.5, 0.5]]), np.array([[0.8, 0.2], [np.nan, np.nan]])
    context = SelectionContext(labels=np.full(2, -1), history=[first])
    assert first_loss(proba, context) == pytest.approx(-log(0.8))


@pytest.mark.parametrize("shrink", ["1", "0.5", "fast", "inf", "nan"])
def test_a_limit_that_would_not_shrink_is_refused(shrink):
    with pytest.raises(ConfigError, match="above 1"):
        Dash(shrink)
