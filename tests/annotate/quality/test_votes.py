from __future__ import annotations

import numpy as np
import pytest

from annotate.quality.votes import check_votes, in_conflict, summarise_votes, vote_shares

# Three functions on four items: agreement, a conflict, one vote alone, silence.
VOTES = np.array([[0, 0, -1], [0, 1, 1], [-1, -1, 1], [-1, -1, -1]])


def test_shares_and_conflicts_are_those_counted_by_hand():
    shares = vote_shares(VOTES, 2)
    np.testing.assert_allclose(shares[:3], [[1, 0], [1 / 3, 2 / 3], [0, 1]])
    assert np.isnan(shares[3]).all()
    assert in_conflict(VOTES, 2).tolist() == [False, True, False, False]


def test_a_function_is_summed_up_as_by_hand():
    first, second, third = summarise_votes(VOTES, np.array([0, 1, 1, 0]), 2)
    assert (first.coverage, first.overlaps, first.conflicts) == (0.5, 0.5, 0.25)
    assert (first.n_labelled, first.accuracy) == (2, 0.5)
    assert (second.accuracy, third.accuracy) == (1, 1)
    assert (third.coverage, third.overlaps, third.conflicts) == (0.5, 0.25, 0.25)


def test_a_function_without_a_labelled_vote_has_no_accuracy():
    assert summarise_votes(VOTES, np.full(4, -1), 2)[0].accuracy is None


@pytest.mark.parametrize(
    ("votes", "says"),
    [
        (np.zeros(3, dtype=int), "shape"),
        (np.array([[0, 2]]), "below 2; got 0 to 2"),
        (np.full((3, 2), -1), "all abstain"),
    ],
)
def test_votes_must_be_usable(votes, says):
    with pytest.raises(ValueError, match=says):
        check_votes(votes, 2)
