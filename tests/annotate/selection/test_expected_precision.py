from __future__ import annotations

import numpy as np

from annotate.protocols import SelectionContext
from annotate.selection.expected_precision import expected_precision
from annotate.selection.threshold import Threshold
from tests.fakes import ArrayRows

PROBA = np.array([[0.9, 0.1, 0], [0.7, 0.2, 0.1], [0.1, 0.9, 0], [0.4, 0.3, 0.3]])


def test_is_the_mean_confidence_of_each_class():
    context = SelectionContext(labels=np.full(4, -1))
    selection = Threshold(0.6).select(PROBA, context)
    np.testing.assert_allclose(expected_precision(selection, PROBA), [0.8, 0.9, np.nan])
    np.testing.assert_allclose(expected_precision(selection, ArrayRows(PROBA)), [0.8, 0.9, np.nan])
