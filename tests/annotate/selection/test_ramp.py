from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import ConfigError
from annotate.protocols import SelectionContext
from annotate.selection.chain import chain
from annotate.selection.ramp import Ramp, arctan_weight
from annotate.selection.threshold import Threshold

PROBA = np.array([[0.95, 0.05], [0.6, 0.4], [0.1, 0.9]])


def weights(selector, round_no):
    context = SelectionContext(labels=np.full(3, -1), round_no=round_no, n_rounds=10)
    return selector.select(PROBA, context).weights


def test_the_published_values():
    assert arctan_weight(0.05) == 0.05  # atan(0) = 0
    assert arctan_weight(0.15) == pytest.approx(0.075)  # atan(1) is a quarter of pi
    assert arctan_weight(0) == pytest.approx(0.0352, abs=1e-4)
    assert arctan_weight(1) == pytest.approx(0.0967, abs=1e-4)


def test_the_weight_grows_with_the_share_of_rounds_done():
    np.testing.assert_allclose(weights(Ramp(), 1), arctan_weight(0), rtol=1e-6)
    np.testing.assert_allclose(weights(Ramp("arctan"), 6), arctan_weight(0.5), rtol=1e-6)


def test_a_number_is_the_weight_of_every_round():
    assert weights(Ramp("0.5"), 1).tolist() == weights(Ramp(0.5), 9).tolist() == [0.5] * 3


def test_in_a_chain_it_weighs_what_is_left_and_turns_nothing_away():
    assert weights(chain([Threshold(0.9), Ramp(0.5)]), 1).tolist() == [0.5, 0, 0.5]


@pytest.mark.parametrize("weight", ["0", "2", "steep"])
def test_what_is_no_weight_is_refused(weight):
    with pytest.raises(ConfigError, match="weight of a ramp must be"):
        Ramp(weight)
