from __future__ import annotations

import numpy as np
import pytest

from annotate.compute.leave_one_out import estimate_noise_rate, leave_one_out_support


def literal_support(own, votes, cosines):
    for_it = sum(np.exp(c / 0.07) for v, c in zip(votes, cosines, strict=True) if v == own)
    voting = sum(np.exp(c / 0.07) for v, c in zip(votes, cosines, strict=True) if v >= 0)
    return for_it / voting if voting else np.nan


def test_is_the_weighted_share_of_votes_for_the_class(rng):
    classes = rng.integers(0, 3, 50)
    votes = rng.integers(-1, 3, (50, 7))
    votes[4] = -1
    cosines = rng.uniform(-1, 1, (50, 7))
    expected = [literal_support(*row) for row in zip(classes, votes, cosines, strict=True)]
    assert np.isnan(expected).sum() == 1
    np.testing.assert_allclose(
        leave_one_out_support(classes, votes, cosines), expected, rtol=1e-5, atol=1e-7
    )


def test_does_not_read_cosines_of_those_that_do_not_vote():
    support = leave_one_out_support(
        np.array([1]), np.array([[1, -1, 0]]), np.array([[0.5, np.nan, 0.5]])
    )
    assert support == pytest.approx([0.5])


@pytest.mark.parametrize("n_classes", [2, 3, 10])
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.4])
def test_finds_the_rate_at_which_neighbours_agree_as_often(rate, n_classes):
    share_equal = (1 - rate) ** 2 + rate**2 / (n_classes - 1)
    assert estimate_noise_rate(share_equal, n_classes) == pytest.approx(rate, abs=1e-6)


def test_finds_no_more_than_labels_drawn_without_looking():
    assert estimate_noise_rate(0.0, 4) == estimate_noise_rate(0.25, 4) == 0.75


def test_one_class_has_no_wrong_labels_to_estimate():
    with pytest.raises(ValueError, match="2 or more; got 1"):
        estimate_noise_rate(0.5, 1)
