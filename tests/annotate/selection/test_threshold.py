from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import ConfigError
from annotate.protocols import SelectionContext
from annotate.selection.threshold import Threshold

PROBA = np.array([[0.95, 0.05], [0.6, 0.4], [0.1, 0.9], [0.5, 0.5]])


def open_context(n_items, **settings):
    return SelectionContext(labels=np.full(n_items, -1), **settings)


def test_accepts_the_likeliest_class_from_the_threshold_on():
    selection = Threshold("0.9").select(PROBA, open_context(4))
    assert selection.labels(4).tolist() == [0, -1, 1, -1]
    assert selection.weights.tolist() == [1, 0, 1, 0]


def test_every_rejection_has_its_reason():
    selection = Threshold(0.9).select(PROBA, open_context(4))
    reasons = [selection.reason_names[r] for r in selection.reasons]
    assert reasons == ["accepted", "confidence below 0.9", "accepted", "confidence below 0.9"]


def test_a_retired_class_is_passed_over():
    context = open_context(4, class_active=np.array([True, False]))
    selection = Threshold(0.55).select(PROBA, context)
    assert selection.classes.tolist() == [0, 0, 0, 0]
    assert selection.accepted.tolist() == [True, True, False, False]


@pytest.mark.parametrize("text", ["high", "1.5", "-0.1", "nan"])
def test_a_threshold_that_is_no_share_is_refused(text):
    with pytest.raises(ConfigError, match="0 to 1"):
        Threshold(text)
